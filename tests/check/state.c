// SPDX-License-Identifier: MIT
// Joining and finishing attention states.
#include "tests/check/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct form {
    ptrdiff_t tokens, heads, dim_v, gap;
    bool in_place; // finish: y is acc
};

struct strides {
    ptrdiff_t state_token, token, head;
};

static float *at(const void *base, const struct strides *s, ptrdiff_t t, ptrdiff_t h) {
    return (float *)((char *)(uintptr_t)base + t * s->token + h * s->head);
}

static float *state_at(const float *base, const struct strides *s, ptrdiff_t t, ptrdiff_t h) {
    return (float *)((char *)(uintptr_t)base + t * s->state_token) + h;
}

// A quarter of the states has seen nothing.
static void fill(struct check *c, const struct form *f, const struct strides *s, float *m, float *l,
                 float *acc, bool written) {
    for (ptrdiff_t t = 0; t < f->tokens; t++)
        for (ptrdiff_t h = 0; h < f->heads; h++) {
            bool fresh = check_random(c) % 4 == 0;
            float sum = fresh ? 0.0f : (float)check_uniform(c, 0.5, 20);
            if (m) *state_at(m, s, t, h) = fresh ? -INFINITY : (float)check_uniform(c, -60, 60);
            *state_at(l, s, t, h) = sum;
            for (ptrdiff_t d = 0; d < f->dim_v; d++)
                at(acc, s, t, h)[d] = sum * (float)check_uniform(c, -1, 1);
            if (written && m) {
                check_writes(c, state_at(m, s, t, h), 4);
                check_writes(c, state_at(l, s, t, h), 4);
            }
            if (written) check_writes(c, at(acc, s, t, h), (size_t)f->dim_v * 4);
        }
}

static void compare_merged(struct check *c, const struct state_args *a,
                           const struct state_args *old, const struct strides *s, double tolerance,
                           ptrdiff_t t, ptrdiff_t h) {
    double m1 = (double)*state_at(old->m, s, t, h), m2 = (double)*state_at(a->m2, s, t, h);
    double l1 = (double)*state_at(old->l, s, t, h), l2 = (double)*state_at(a->l2, s, t, h);
    double top = fmax(m1, m2), largest = 0;
    double keep = top == m1 ? 1 : exp(m1 - top), add = top == m2 ? 1 : exp(m2 - top);
    if (m2 == -(double)INFINITY) add = 0; // both may be
    for (ptrdiff_t d = 0; d < a->dim_v; d++)
        largest = fmax(largest, fabs((double)at(old->acc, s, t, h)[d] * keep +
                                     (double)at(a->acc2, s, t, h)[d] * add));
    float top_single = (float)top;
    check_same(c, state_at(a->m, s, t, h), &top_single, 4, 4, "m");
    // The exponent is a difference of floats, rounded: |m - m2| is up to 120 units of relative
    // error.
    double far = fabs(m1 - m2) < 1000 ? fabs(m1 - m2) : 0;
    double unit = (tolerance + far) * UNIT;
    double l = l1 * keep + l2 * add;
    check_near(c, (double)*state_at(a->l, s, t, h), l, unit * l, "l[token %td][head %td]", t, h);
    for (ptrdiff_t d = 0; d < a->dim_v && !c->failed; d++) {
        double y = (double)at(old->acc, s, t, h)[d] * keep + (double)at(a->acc2, s, t, h)[d] * add;
        check_near(c, (double)at(a->acc, s, t, h)[d], y, unit * largest + UNDERFLOW_LOSS,
                   "acc[token %td][head %td][%td]", t, h, d);
    }
}

static void compare_finished(struct check *c, const struct state_args *a,
                             const struct state_args *old, const struct strides *s,
                             double tolerance, ptrdiff_t t, ptrdiff_t h) {
    double l = (double)*state_at(a->l, s, t, h), largest = 0;
    const float *acc = at(old->acc, s, t, h);
    const float *y =
        (const float *)((const char *)a->y + t * a->y_token_stride + h * a->y_head_stride);
    for (ptrdiff_t d = 0; d < a->dim_v && l > 0; d++)
        largest = fmax(largest, fabs((double)acc[d] / l));
    for (ptrdiff_t d = 0; d < a->dim_v && !c->failed; d++)
        check_near(c, (double)y[d], l > 0 ? (double)acc[d] / l : 0, tolerance * UNIT * largest,
                   "y[token %td][head %td][%td]", t, h, d);
}

static void one(struct check *c, struct form f) {
    bool merge = c->kernel->op == OP_attention_merge;
    if (!check_case(c, "%td tokens, %td heads, dim %td, gap %td%s", f.tokens, f.heads, f.dim_v,
                    f.gap, f.in_place ? ", in place" : ""))
        return;
    struct strides s = {(f.heads + f.gap) * 4, 0, (f.dim_v + f.gap) * 4};
    s.token = f.heads * s.head + 4 * f.gap;
    size_t state_bytes = (size_t)((f.tokens - 1) * s.state_token + f.heads * 4);
    size_t acc_bytes = (size_t)((f.tokens - 1) * s.token + (f.heads - 1) * s.head + f.dim_v * 4);
    struct state_args a = {.state_token_stride = s.state_token,
                           .acc_token_stride = s.token,
                           .acc_head_stride = s.head,
                           .y_token_stride = s.token,
                           .y_head_stride = s.head,
                           .tokens = f.tokens,
                           .heads = f.heads,
                           .dim_v = f.dim_v};
    if (merge) {
        float *m2 = check_input(c, "m2", state_bytes, 4, AT_GUARD);
        float *l2 = check_input(c, "l2", state_bytes, 4, AT_GUARD);
        float *acc2 = check_input(c, "acc2", acc_bytes, 4, AT_GUARD);
        fill(c, &f, &s, m2, l2, acc2, false);
        a.m2 = m2, a.l2 = l2, a.acc2 = acc2;
        a.m = check_output(c, "m", state_bytes, 4), a.l = check_output(c, "l", state_bytes, 4);
        a.acc = check_output(c, "acc", acc_bytes, 4);
        fill(c, &f, &s, a.m, a.l, a.acc, true);
    } else {
        a.l = check_input(c, "l", state_bytes, 4, AT_GUARD);
        a.acc = f.in_place ? check_output(c, "acc", acc_bytes, 4)
                           : check_input(c, "acc", acc_bytes, 4, AT_GUARD);
        fill(c, &f, &s, NULL, a.l, a.acc, f.in_place);
        a.y = a.acc;
        if (!f.in_place) {
            a.y_head_stride = (f.dim_v + 2 * f.gap) * 4,
            a.y_token_stride = f.heads * a.y_head_stride;
            a.y = check_output(c, "y", (size_t)(f.tokens * a.y_token_stride), 4);
            for (ptrdiff_t t = 0; t < f.tokens; t++)
                for (ptrdiff_t h = 0; h < f.heads; h++)
                    check_writes(c, (char *)a.y + t * a.y_token_stride + h * a.y_head_stride,
                                 (size_t)f.dim_v * 4);
        }
    }
    struct state_args old = a;
    old.m = malloc(state_bytes), old.l = malloc(state_bytes), old.acc = malloc(acc_bytes);
    if (!old.m || !old.l || !old.acc) abort();
    if (merge) memcpy(old.m, a.m, state_bytes);
    memcpy(old.l, a.l, state_bytes), memcpy(old.acc, a.acc, acc_bytes);
    struct shape shape = {.tokens = f.tokens, .kv_heads = f.heads, .dim = f.dim_v};
    double tolerance = op_info(c->kernel->op)->tolerance(&shape);
    if (check_run(c, &a))
        for (ptrdiff_t t = 0; t < f.tokens && !c->failed; t++)
            for (ptrdiff_t h = 0; h < f.heads && !c->failed; h++)
                (merge ? compare_merged : compare_finished)(c, &a, &old, &s, tolerance, t, h);
    free(old.m), free(old.l), free(old.acc);
}

void check_state(struct check *c) {
    for (ptrdiff_t dim = 1; dim <= 140; dim += dim < 68 ? 1 : 9) {
        one(c, (struct form){1, 3, dim, dim % 3, false});
        if (c->kernel->op == OP_attention_finish) one(c, (struct form){2, 3, dim, dim % 5, true});
    }
    one(c, (struct form){2, 3, 256, 1, false});
    one(c, (struct form){1, 2, 520, 0, false});
    one(c, (struct form){2, 19, 33, 2, false});
    for (ptrdiff_t tokens = 1; tokens <= 9; tokens++)
        for (ptrdiff_t heads = 1; heads <= 9; heads += 2)
            one(c, (struct form){tokens, heads, 64, tokens % 2, false});
}
