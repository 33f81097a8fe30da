// SPDX-License-Identifier: MIT
// Rotary positions: the angles and both ways of pairing.
#include "tests/check/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void one_angles(struct check *c, ptrdiff_t pairs, ptrdiff_t tokens, ptrdiff_t gap,
                       bool factors) {
    if (!check_case(c, "%td pairs, %td tokens, gap %td%s", pairs, tokens, gap,
                    factors ? ", factors" : ""))
        return;
    struct rope_angles_args a = {.cs_stride = (2 * pairs + gap) * 4,
                                 .pairs = pairs,
                                 .tokens = tokens,
                                 .base = gap % 2 ? 1e4 : 5e5,
                                 .scale = gap % 3 ? 1 : 0.25};
    int32_t *positions = check_input(c, "positions", (size_t)tokens * 4, 4, AT_GUARD);
    for (ptrdiff_t t = 0; t < tokens; t++)
        positions[t] = (int32_t)(t ? check_between(c, 0, 1 << 17) : 0);
    a.positions = positions;
    if (factors) {
        float *f = check_input(c, "factors", (size_t)pairs * 4, 4, AT_GUARD);
        for (ptrdiff_t i = 0; i < pairs; i++) f[i] = (float)check_uniform(c, 1, 32);
        a.factors = f;
    }
    a.cs = check_output(c, "cs", (size_t)((tokens - 1) * a.cs_stride + pairs * 8), 4);
    for (ptrdiff_t t = 0; t < tokens; t++)
        check_writes(c, (char *)a.cs + t * a.cs_stride, (size_t)pairs * 8);
    if (!check_run(c, &a)) return;
    struct shape shape = {.cols = 2 * pairs, .tokens = tokens};
    double tolerance = op_info(c->kernel->op)->tolerance(&shape) * UNIT;
    for (ptrdiff_t t = 0; t < tokens; t++)
        for (ptrdiff_t i = 0; i < pairs && !c->failed; i++) {
            const float *cs = (const float *)((const char *)a.cs + t * a.cs_stride) + 2 * i;
            double angle =
                positions[t] * a.scale * exp(-2.0 * (double)i / (double)(2 * pairs) * log(a.base));
            if (factors) angle /= (double)a.factors[i];
            check_near(c, (double)cs[0], cos(angle), tolerance, "cos[token %td][%td]", t, i);
            check_near(c, (double)cs[1], sin(angle), tolerance, "sin[token %td][%td]", t, i);
        }
}

void check_rope_angles(struct check *c) {
    for (ptrdiff_t pairs = 1; pairs <= 70; pairs++)
        one_angles(c, pairs, 1 + pairs % 4, pairs % 6, pairs & 1);
    one_angles(c, 128, 40, 0, true);
}

static void one(struct check *c, ptrdiff_t pairs, ptrdiff_t behind, ptrdiff_t heads,
                ptrdiff_t tokens, ptrdiff_t gap) {
    if (!check_case(c, "%td pairs of %td, %td heads, %td tokens, gap %td", pairs,
                    2 * pairs + behind, heads, tokens, gap))
        return;
    ptrdiff_t dim = 2 * pairs + behind;
    struct rope_args a = {.x_head_stride = (dim + gap) * 4,
                          .cs_stride = (2 * pairs + gap) * 4,
                          .heads = heads,
                          .pairs = pairs,
                          .tokens = tokens};
    a.x_token_stride = heads * a.x_head_stride + 4 * gap;
    float *cs = check_input(c, "cs", (size_t)((tokens - 1) * a.cs_stride + pairs * 8), 4, AT_GUARD);
    for (ptrdiff_t t = 0; t < tokens; t++)
        for (ptrdiff_t i = 0; i < pairs; i++) {
            double angle = check_uniform(c, -4, 4);
            float *pair = (float *)((char *)cs + t * a.cs_stride) + 2 * i;
            pair[0] = (float)cos(angle), pair[1] = (float)sin(angle);
        }
    a.cs = cs;
    size_t bytes =
        (size_t)((tokens - 1) * a.x_token_stride + (heads - 1) * a.x_head_stride + dim * 4);
    char *x = check_output(c, "x", bytes, 4);
    for (ptrdiff_t t = 0; t < tokens; t++)
        for (ptrdiff_t h = 0; h < heads; h++) { // what is behind the pairs stays a canary
            char *head = x + t * a.x_token_stride + h * a.x_head_stride;
            data_floats(c, DATA_RANDOM, (float *)head, 2 * pairs);
            check_writes(c, head, (size_t)pairs * 8);
        }
    a.x = (float *)x;
    char *old = malloc(bytes);
    if (!old) abort();
    memcpy(old, x, bytes);
    bool ran = check_run(c, &a), halves = c->kernel->op == OP_rope_halves;
    struct shape shape = {.cols = dim, .tokens = tokens};
    double tolerance = op_info(c->kernel->op)->tolerance(&shape) * UNIT;
    for (ptrdiff_t t = 0; ran && t < tokens; t++)
        for (ptrdiff_t h = 0; h < heads; h++)
            for (ptrdiff_t i = 0; i < pairs && !c->failed; i++) {
                ptrdiff_t at = t * a.x_token_stride + h * a.x_head_stride;
                const float *got = (const float *)(x + at), *was = (const float *)(old + at);
                const float *angle = (const float *)((const char *)cs + t * a.cs_stride) + 2 * i;
                ptrdiff_t p = halves ? i : 2 * i, q = halves ? i + pairs : 2 * i + 1;
                double cosine = (double)angle[0], sine = (double)angle[1];
                double x0 = (double)was[p], x1 = (double)was[q], size = hypot(x0, x1);
                check_near(c, (double)got[p], x0 * cosine - x1 * sine, tolerance * size,
                           "x[token %td][head %td][%td]", t, h, p);
                check_near(c, (double)got[q], x0 * sine + x1 * cosine, tolerance * size,
                           "x[token %td][head %td][%td]", t, h, q);
            }
    free(old);
}

void check_rope(struct check *c) {
    for (ptrdiff_t pairs = 1; pairs <= 70; pairs++)
        one(c, pairs, pairs % 5, 1 + pairs % 3, 1 + pairs % 4, pairs % 6);
    one(c, 64, 0, 32, 5, 0);
}
