// SPDX-License-Identifier: MIT
// Attention over a run, from a fresh and from a running state, against softmax in double.
#include "tests/check/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct form {
    ptrdiff_t run, run_pos0, tokens, q_pos0, window, kv_heads, group, dim_k, dim_v;
    double loud;    // scores are about this large
    double softcap; // 0: none
    bool running;   // the state has seen keys before
    int gap;        // elements beyond the least stride
};

struct state {
    double m, l, *acc; // acc[dim_v]
};

static float *q_at(const struct attention_args *a, ptrdiff_t t, ptrdiff_t h) {
    return (float *)((char *)(uintptr_t)a->q + t * a->q_token_stride + h * a->q_head_stride);
}

static float *acc_at(const struct attention_args *a, ptrdiff_t t, ptrdiff_t h) {
    return (float *)((char *)a->acc + t * a->acc_token_stride + h * a->acc_head_stride);
}

static float *state_at(const struct attention_args *a, float *of, ptrdiff_t t, ptrdiff_t h) {
    return (float *)((char *)of + t * a->state_token_stride) + h;
}

// KV rows in the op's format; position-dependent, so that a wrong row is a wrong result.
static void fill_rows(struct check *c, char *rows, const struct form *f, ptrdiff_t dim,
                      ptrdiff_t row_stride, ptrdiff_t head_stride, double size) {
    enum format format = op_info(c->kernel->op)->weights;
    for (ptrdiff_t head = 0; head < f->kv_heads; head++)
        for (ptrdiff_t j = 0; j < f->run; j++)
            for (ptrdiff_t d = 0; d < dim; d++) {
                char *at = rows + head * head_stride + j * row_stride;
                double value = size * check_uniform(c, -1, 1);
                if (format == FORMAT_f32) {
                    ((float *)at)[d] = (float)value;
                } else if (format == FORMAT_q8_0) {
                    if (d % 32 == 0) { // size / 127, more or less: a block's own scale
                        uint16_t scale =
                            (uint16_t)check_between(c, 0x1c00, 0x2008 + (size > 1) * 0x400);
                        memset(at + d / 32 * 34, 0, 34);
                        memcpy(at + d / 32 * 34, &scale, 2);
                    }
                    at[d / 32 * 34 + 2 + d % 32] = (char)check_between(c, -128, 127);
                } else { // f16: three bits of fraction less than there are, so no rounding to care
                         // for
                    int exponent = value == 0 ? -14 : ilogb(value);
                    if (exponent < -14) exponent = -14;
                    int fraction = (int)(ldexp(fabs(value), 10 - exponent));
                    int bits =
                        fraction < 1024 ? fraction : (exponent + 15) << 10 | (fraction - 1024);
                    ((uint16_t *)at)[d] = (uint16_t)(bits | (value < 0 ? 0x8000 : 0));
                }
            }
}

// What the state of one query head should become. Returns the largest sum of |terms| of a score and
// sets *largest_v; *seen = keys visible.
static double expected(const struct check *c, const struct attention_args *a, ptrdiff_t t,
                       ptrdiff_t h, struct state *s, double *largest_v, ptrdiff_t *seen) {
    enum format format = op_info(c->kernel->op)->weights;
    ptrdiff_t position = a->q_pos0 + t, kv = h / a->group;
    double *scores = malloc((size_t)a->run_length * sizeof *scores), loudest = 0, m0 = s->m;
    if (!scores) abort();
    *seen = 0;
    for (ptrdiff_t j = 0; j < a->run_length; j++) {
        ptrdiff_t key = a->run_pos0 + j;
        const char *k = (const char *)a->k + kv * a->k_head_stride + j * a->k_row_stride;
        double sum = 0, terms = 0;
        scores[j] = -(double)INFINITY;
        if (key > position || (a->window > 0 && key < position - a->window + 1)) continue;
        for (ptrdiff_t d = 0; d < a->dim_k; d++) {
            double term = (double)q_at(a, t, h)[d] * data_value(format, k, d);
            sum += term, terms += fabs(term);
        }
        scores[j] = a->scale * sum;
        if (a->softcap > 0) scores[j] = a->softcap * tanh(scores[j] / a->softcap);
        loudest = fmax(loudest, a->scale * terms);
        s->m = fmax(s->m, scores[j]);
        ++*seen;
    }
    if (*seen) {
        double keep = exp(m0 - s->m);
        s->l *= keep;
        for (ptrdiff_t d = 0; d < a->dim_v; d++) s->acc[d] *= keep;
    }
    for (ptrdiff_t j = 0; j < a->run_length; j++) {
        if (scores[j] == -(double)INFINITY) continue;
        const char *v = (const char *)a->v + kv * a->v_head_stride + j * a->v_row_stride;
        double weight = exp(scores[j] - s->m);
        s->l += weight;
        for (ptrdiff_t d = 0; d < a->dim_v; d++) {
            double value = data_value(format, v, d);
            s->acc[d] += weight * value;
            *largest_v = fmax(*largest_v, fabs(value));
        }
    }
    free(scores);
    return loudest;
}

static void compare(struct check *c, const struct attention_args *a,
                    const struct attention_args *old, double tolerance, ptrdiff_t t, ptrdiff_t h) {
    double *acc = malloc((size_t)a->dim_v * sizeof *acc), largest_v = 0;
    if (!acc) abort();
    struct state s = {(double)*state_at(old, old->m, t, h), (double)*state_at(old, old->l, t, h),
                      acc};
    for (ptrdiff_t d = 0; d < a->dim_v; d++) {
        acc[d] = (double)acc_at(old, t, h)[d];
        if (s.l > 0) largest_v = fmax(largest_v, fabs(acc[d] / s.l));
    }
    ptrdiff_t seen;
    double loudest = expected(c, a, t, h, &s, &largest_v, &seen);
    if (!seen) {
        check_same(c, state_at(a, a->m, t, h), state_at(old, old->m, t, h), 4, 4,
                   "m, nothing seen");
        check_same(c, state_at(a, a->l, t, h), state_at(old, old->l, t, h), 4, 4,
                   "l, nothing seen");
        check_same(c, acc_at(a, t, h), acc_at(old, t, h), (size_t)a->dim_v * 4, 4,
                   "acc, nothing seen");
        free(acc);
        return;
    }
    // The op's 2 * DIM is the dot's error in the exponent where a score's |terms| sum to 1 at most.
    if (loudest > 1) tolerance += 2 * (double)a->dim_k * (loudest - 1);
    if (a->softcap > 0) tolerance += 16 * a->softcap; // tanh within 8 ulp
    double got_m = (double)*state_at(a, a->m, t, h), got_l = (double)*state_at(a, a->l, t, h);
    double same_m = exp(got_m - s.m), unit = tolerance * UNIT;
    check_near(c, got_m, s.m, unit, "m[token %td][head %td]", t, h);
    check_near(c, got_l * same_m, s.l, unit * s.l, "l[token %td][head %td]", t, h);
    for (ptrdiff_t d = 0; d < a->dim_v && !c->failed; d++)
        check_near(c, (double)acc_at(a, t, h)[d] / got_l, acc[d] / s.l, unit * largest_v,
                   "acc/l[token %td][head %td][%td]", t, h, d);
    free(acc);
}

static void one(struct check *c, struct form f) {
    enum format format = op_info(c->kernel->op)->weights;
    if (!check_case(
            c,
            "run %td at %td, %td tokens at %td, window %td, %td KV heads of %td, dim %td and "
            "%td, scores %g, softcap %g%s, gap %d",
            f.run, f.run_pos0, f.tokens, f.q_pos0, f.window, f.kv_heads, f.group, f.dim_k, f.dim_v,
            f.loud, f.softcap, f.running ? ", running" : "", f.gap))
        return;
    ptrdiff_t heads = f.kv_heads * f.group, unit = data_element_bytes(format), gap = f.gap;
    struct attention_args a = {.run_length = f.run,
                               .run_pos0 = f.run_pos0,
                               .tokens = f.tokens,
                               .q_pos0 = f.q_pos0,
                               .window = f.window,
                               .kv_heads = f.kv_heads,
                               .group = f.group,
                               .dim_k = f.dim_k,
                               .dim_v = f.dim_v,
                               .softcap = f.softcap};
    a.q_head_stride = (f.dim_k + gap) * 4;
    a.q_token_stride = heads * a.q_head_stride + 4 * gap;
    ptrdiff_t k_bytes = (ptrdiff_t)format_row_bytes(format, f.dim_k);
    ptrdiff_t v_bytes = (ptrdiff_t)format_row_bytes(format, f.dim_v);
    a.k_row_stride = k_bytes + gap * unit, a.v_row_stride = v_bytes + 2 * gap * unit;
    a.k_head_stride = f.run * a.k_row_stride + gap * unit;
    a.v_head_stride = f.run * a.v_row_stride + gap * unit;
    a.state_token_stride = (heads + gap) * 4;
    a.acc_head_stride = (f.dim_v + gap) * 4;
    a.acc_token_stride = heads * a.acc_head_stride + 4 * gap;
    a.scale = f.loud / (double)f.dim_k;

    size_t q_bytes =
        (size_t)((f.tokens - 1) * a.q_token_stride + (heads - 1) * a.q_head_stride + f.dim_k * 4);
    a.q = check_input(c, "q", q_bytes, 4, AT_GUARD);
    for (ptrdiff_t t = 0; t < f.tokens; t++)
        for (ptrdiff_t h = 0; h < heads; h++) data_floats(c, DATA_RANDOM, q_at(&a, t, h), f.dim_k);
    ptrdiff_t last = f.kv_heads - 1;
    char *k = check_input(c, "k",
                          (size_t)(last * a.k_head_stride + (f.run - 1) * a.k_row_stride + k_bytes),
                          (size_t)unit, AT_GUARD);
    char *v = check_input(c, "v",
                          (size_t)(last * a.v_head_stride + (f.run - 1) * a.v_row_stride + v_bytes),
                          (size_t)unit, AT_GUARD);
    fill_rows(c, k, &f, f.dim_k, a.k_row_stride, a.k_head_stride, 2);
    fill_rows(c, v, &f, f.dim_v, a.v_row_stride, a.v_head_stride, 1);
    a.k = k, a.v = v;

    size_t state_bytes = (size_t)((f.tokens - 1) * a.state_token_stride + heads * 4);
    size_t acc_bytes = (size_t)((f.tokens - 1) * a.acc_token_stride +
                                (heads - 1) * a.acc_head_stride + f.dim_v * 4);
    a.m = check_output(c, "m", state_bytes, 4), a.l = check_output(c, "l", state_bytes, 4);
    a.acc = check_output(c, "acc", acc_bytes, 4);
    for (ptrdiff_t t = 0; t < f.tokens; t++)
        for (ptrdiff_t h = 0; h < heads; h++) {
            *state_at(&a, a.m, t, h) =
                f.running ? (float)check_uniform(c, -f.loud, f.loud) : -INFINITY;
            float l = f.running ? (float)check_uniform(c, 1, 3) : 0.0f;
            *state_at(&a, a.l, t, h) = l;
            for (ptrdiff_t d = 0; d < f.dim_v; d++)
                acc_at(&a, t, h)[d] = l * (float)check_uniform(c, -1, 1);
            check_writes(c, state_at(&a, a.m, t, h), 4);
            check_writes(c, state_at(&a, a.l, t, h), 4);
            check_writes(c, acc_at(&a, t, h), (size_t)f.dim_v * 4);
        }
    struct attention_args old = a;
    old.m = malloc(state_bytes), old.l = malloc(state_bytes), old.acc = malloc(acc_bytes);
    if (!old.m || !old.l || !old.acc) abort();
    memcpy(old.m, a.m, state_bytes), memcpy(old.l, a.l, state_bytes);
    memcpy(old.acc, a.acc, acc_bytes);
    struct shape shape = {.tokens = f.tokens,
                          .run = f.run,
                          .kv_heads = f.kv_heads,
                          .group = f.group,
                          .dim = f.dim_k > f.dim_v ? f.dim_k : f.dim_v};
    a.scratch = check_scratch(c, c->kernel->scratch_bytes(&shape));
    if (check_run(c, &a))
        for (ptrdiff_t t = 0; t < f.tokens && !c->failed; t++)
            for (ptrdiff_t h = 0; h < heads && !c->failed; h++)
                compare(c, &a, &old, op_info(c->kernel->op)->tolerance(&shape), t, h);
    free(old.m), free(old.l), free(old.acc);
}

void check_attention(struct check *c) {
    const struct kernel *k = c->kernel;
    const struct form plain = {.run = 9,
                               .tokens = k->tokens_min,
                               .q_pos0 = 8,
                               .kv_heads = 2,
                               .group = 2,
                               .dim_k = 64,
                               .dim_v = 64,
                               .loud = 2};
    struct form f;
    ptrdiff_t most = k->tokens_min + 2 * k->token_block + 2;
    if (most > k->tokens_max) most = k->tokens_max;
    for (ptrdiff_t run = 1; run <= 70; run++) {
        f = plain, f.run = run, f.q_pos0 = run - 1, f.running = run % 2;
        one(c, f);
    }
    for (ptrdiff_t dim = 1; dim <= 272; dim += dim < 70 ? 1 : 23) {
        f = plain, f.dim_k = f.dim_v = dim, f.gap = (int)(dim % 3);
        one(c, f);
        f.dim_v = dim % 40 + 1;
        one(c, f);
    }
    static const ptrdiff_t wide[] = {80, 96, 128, 256, 264, 512};
    for (int i = 0; i < 6; i++) { // the sizes of models, and more than a byte can count
        f = plain, f.dim_k = f.dim_v = wide[i], f.run = 33, f.q_pos0 = 32, f.group = 1 + i % 5;
        one(c, f);
        f.dim_k = 64;
        one(c, f);
    }
    for (ptrdiff_t group = 1; group <= 2 * k->row_block + 17; group++) {
        f = plain, f.group = group, f.kv_heads = 1 + group % 3;
        one(c, f);
    }
    for (ptrdiff_t tokens = k->tokens_min; tokens <= most; tokens++) {
        f = plain, f.tokens = tokens, f.run = 20, f.q_pos0 = 20 - tokens;
        one(c, f);
        f.window = 3, f.running = true;
        one(c, f);
    }
    for (ptrdiff_t q_pos0 = 0; q_pos0 < 60; q_pos0 += 3) { // runs before, at and behind the query
        f = plain, f.tokens = most, f.run = 12, f.run_pos0 = 20, f.q_pos0 = q_pos0;
        f.window = q_pos0 % 2 ? 7 : 0, f.running = q_pos0 % 3 != 1;
        one(c, f);
        f.running = !f.running, f.window = q_pos0 % 2 ? 0 : 40;
        one(c, f);
    }
    static const double loud[] = {0, 0.01, 20, 200};
    for (int i = 0; i < 4; i++)
        for (int running = 0; running < 2; running++) {
            f = plain, f.run = 45, f.q_pos0 = 44, f.loud = loud[i], f.running = running;
            one(c, f);
            f.softcap = 5;
            one(c, f);
        }
    f = plain, f.run = 1000, f.q_pos0 = 999;
    one(c, f);
    f.tokens = most, f.run = 300, f.q_pos0 = 300 - most, f.dim_k = f.dim_v = 128;
    one(c, f);
    for (int n = 0; n < 60; n++) {
        c->random = c->seed + (uint64_t)n * 0x51ed27;
        f = plain;
        f.run = check_between(c, 1, 90), f.run_pos0 = check_between(c, 0, 30);
        f.tokens = check_between(c, k->tokens_min, most), f.q_pos0 = check_between(c, 0, 120);
        f.window = check_random(c) & 1 ? check_between(c, 1, 60) : 0;
        f.kv_heads = check_between(c, 1, 3), f.group = check_between(c, 1, 6);
        f.dim_k = check_between(c, 1, 20) * (check_random(c) & 1 ? 1 : 8), f.dim_v = f.dim_k;
        f.loud = check_uniform(c, 0, 10), f.running = check_random(c) & 1;
        f.gap = (int)check_between(c, 0, 5);
        one(c, f);
    }
}
