// SPDX-License-Identifier: MIT
// The unfused pieces of attention: scores of a run, and the weighted sum of its values.
#include "tests/check/check.h"

#include <math.h>
#include <string.h>

struct form {
    ptrdiff_t run, run_pos0, tokens, q_pos0, window, kv_heads, group, dim;
    double scale, softcap;
    ptrdiff_t gap; // elements beyond the least stride
};

static float *row_of(const float *base, ptrdiff_t token_stride, ptrdiff_t head_stride, ptrdiff_t t,
                     ptrdiff_t h) {
    return (float *)((char *)(uintptr_t)base + t * token_stride + h * head_stride);
}

static bool sees(const struct attention_args *a, ptrdiff_t t, ptrdiff_t j) {
    ptrdiff_t key = a->run_pos0 + j, position = a->q_pos0 + t;
    return key <= position && (a->window <= 0 || key >= position - a->window + 1);
}

// KV rows in whole blocks; what pads a row is zero.
static char *kv_rows(struct check *c, const char *name, const struct form *f, ptrdiff_t row_stride,
                     ptrdiff_t head_stride) {
    enum format format = op_info(c->kernel->op)->weights;
    ptrdiff_t elems = format_info(format)->block_elems, unit = data_element_bytes(format);
    ptrdiff_t row_bytes = (ptrdiff_t)format_row_bytes(format, f->dim);
    size_t bytes =
        (size_t)((f->kv_heads - 1) * head_stride + (f->run - 1) * row_stride + row_bytes);
    char *rows = check_input(c, name, bytes, (size_t)unit, AT_GUARD);
    for (ptrdiff_t head = 0; head < f->kv_heads; head++)
        for (ptrdiff_t j = 0; j < f->run; j++) {
            char *row = rows + head * head_stride + j * row_stride;
            data_weights(c, DATA_RANDOM, format, row, (f->dim + elems - 1) / elems * elems);
            if (format == FORMAT_q8_0 && f->dim % 32)
                memset(row + f->dim / 32 * 34 + 2 + f->dim % 32, 0, (size_t)(32 - f->dim % 32));
        }
    return rows;
}

static void compare_scores(struct check *c, const struct attention_args *a, double tolerance,
                           ptrdiff_t t, ptrdiff_t h) {
    const float *q = row_of(a->q, a->q_token_stride, a->q_head_stride, t, h);
    const float *got = row_of(a->scores, a->scores_token_stride, a->scores_head_stride, t, h);
    for (ptrdiff_t j = 0; j < a->run_length && !c->failed; j++) {
        const char *k = (const char *)a->k + h / a->group * a->k_head_stride + j * a->k_row_stride;
        double sum = 0, terms = 0;
        if (!sees(a, t, j)) {
            if (!(isinf(got[j]) && got[j] < 0))
                check_fail(c, "scores[token %td][head %td][%td] = %g, should be -inf", t, h, j,
                           (double)got[j]);
            continue;
        }
        for (ptrdiff_t d = 0; d < a->dim_k; d++) {
            double term =
                a->scale * (double)q[d] * data_value(op_info(c->kernel->op)->weights, k, d);
            sum += term, terms += fabs(term);
        }
        double unit = tolerance * UNIT * terms;
        if (a->softcap > 0) {
            sum = a->softcap * tanh(sum / a->softcap);
            unit += 8 * UNIT * a->softcap;
        }
        check_near(c, (double)got[j], sum, unit, "scores[token %td][head %td][%td]", t, h, j);
    }
}

static void compare_sums(struct check *c, const struct attention_args *a, double tolerance,
                         ptrdiff_t t, ptrdiff_t h) {
    const float *weights = row_of(a->scores, a->scores_token_stride, a->scores_head_stride, t, h);
    const float *got = row_of(a->acc, a->acc_token_stride, a->acc_head_stride, t, h);
    for (ptrdiff_t d = 0; d < a->dim_v && !c->failed; d++) {
        double sum = 0, terms = 0;
        for (ptrdiff_t j = 0; j < a->run_length; j++) {
            const char *v =
                (const char *)a->v + h / a->group * a->v_head_stride + j * a->v_row_stride;
            if (!sees(a, t, j)) continue;
            double term = (double)weights[j] * data_value(op_info(c->kernel->op)->weights, v, d);
            sum += term, terms += fabs(term);
        }
        check_near(c, (double)got[d], sum, tolerance * UNIT * terms,
                   "acc[token %td][head %td][%td]", t, h, d);
    }
}

static void one(struct check *c, struct form f) {
    bool scores = !strncmp(op_info(c->kernel->op)->name, "attention_scores", 16);
    enum format format = op_info(c->kernel->op)->weights;
    if (!check_case(c,
                    "run %td at %td, %td tokens at %td, window %td, %td KV heads of %td, dim %td, "
                    "scale %g, softcap %g, gap %td",
                    f.run, f.run_pos0, f.tokens, f.q_pos0, f.window, f.kv_heads, f.group, f.dim,
                    f.scale, f.softcap, f.gap))
        return;
    ptrdiff_t heads = f.kv_heads * f.group, unit = data_element_bytes(format);
    ptrdiff_t row_bytes = (ptrdiff_t)format_row_bytes(format, f.dim) + f.gap * unit;
    struct attention_args a = {.run_length = f.run,
                               .run_pos0 = f.run_pos0,
                               .tokens = f.tokens,
                               .q_pos0 = f.q_pos0,
                               .window = f.window,
                               .kv_heads = f.kv_heads,
                               .group = f.group,
                               .dim_k = f.dim,
                               .dim_v = f.dim,
                               .scale = f.scale,
                               .softcap = f.softcap};
    a.scores_head_stride = (f.run + f.gap) * 4;
    a.scores_token_stride = heads * a.scores_head_stride + 4 * f.gap;
    a.q_head_stride = a.acc_head_stride = (f.dim + f.gap) * 4;
    a.q_token_stride = a.acc_token_stride = heads * a.q_head_stride + 4 * f.gap;
    a.k_row_stride = a.v_row_stride = row_bytes;
    a.k_head_stride = a.v_head_stride = f.run * row_bytes + f.gap * unit;
    size_t last_scores = (size_t)((f.tokens - 1) * a.scores_token_stride +
                                  (heads - 1) * a.scores_head_stride + f.run * 4);
    size_t last_q =
        (size_t)((f.tokens - 1) * a.q_token_stride + (heads - 1) * a.q_head_stride + f.dim * 4);
    char *rows = kv_rows(c, scores ? "k" : "v", &f, row_bytes, a.k_head_stride);
    if (scores) {
        a.k = rows;
        a.q = check_input(c, "q", last_q, 4, AT_GUARD);
        a.scores = check_output(c, "scores", last_scores, 4);
    } else {
        a.v = rows;
        a.scores = check_input(c, "scores", last_scores, 4, AT_GUARD);
        a.acc = check_output(c, "acc", last_q, 4);
    }
    for (ptrdiff_t t = 0; t < f.tokens; t++)
        for (ptrdiff_t h = 0; h < heads; h++) {
            float *row = row_of(a.scores, a.scores_token_stride, a.scores_head_stride, t, h);
            if (scores) {
                data_floats(c, DATA_RANDOM, row_of(a.q, a.q_token_stride, a.q_head_stride, t, h),
                            f.dim);
                check_writes(c, row, (size_t)f.run * 4);
                continue;
            }
            for (ptrdiff_t j = 0; j < f.run; j++) // others stay NaN: they are not to be read
                if (sees(&a, t, j)) row[j] = (float)check_uniform(c, 0, 1);
            check_writes(c, row_of(a.acc, a.acc_token_stride, a.acc_head_stride, t, h),
                         (size_t)f.dim * 4);
        }
    struct shape shape = {
        .tokens = f.tokens, .run = f.run, .kv_heads = f.kv_heads, .group = f.group, .dim = f.dim};
    a.scratch = check_scratch(c, c->kernel->scratch_bytes(&shape));
    if (!check_run(c, &a)) return;
    double tolerance = op_info(c->kernel->op)->tolerance(&shape);
    for (ptrdiff_t t = 0; t < f.tokens && !c->failed; t++)
        for (ptrdiff_t h = 0; h < heads && !c->failed; h++)
            (scores ? compare_scores : compare_sums)(c, &a, tolerance, t, h);
}

void check_attention_pieces(struct check *c) {
    const struct form plain = {
        .run = 9, .tokens = 1, .q_pos0 = 8, .kv_heads = 2, .group = 2, .dim = 64, .scale = 0.125};
    struct form f;
    for (ptrdiff_t run = 1; run <= 140; run += run < 70 ? 1 : 11) {
        f = plain, f.run = run, f.q_pos0 = run - 1, f.softcap = run % 3 ? 0 : 5;
        one(c, f);
    }
    for (ptrdiff_t dim = 1; dim <= 272; dim += dim < 70 ? 1 : 31) {
        f = plain, f.dim = dim, f.gap = dim % 3;
        one(c, f);
    }
    static const ptrdiff_t wide[] = {80, 96, 128, 256, 512};
    for (int i = 0; i < 5; i++) {
        f = plain, f.dim = wide[i], f.run = 33, f.q_pos0 = 32, f.group = 1 + i;
        one(c, f);
    }
    for (ptrdiff_t tokens = 1; tokens <= 14; tokens++) {
        f = plain, f.tokens = tokens, f.run = 20, f.q_pos0 = 20 - tokens, f.group = 1 + tokens % 5;
        one(c, f);
        f.window = 3, f.gap = 1;
        one(c, f);
    }
    for (ptrdiff_t q_pos0 = 0; q_pos0 < 60; q_pos0 += 3) { // runs before, at and behind the query
        f = plain, f.tokens = 7, f.run = 12, f.run_pos0 = 20, f.q_pos0 = q_pos0;
        f.window = q_pos0 % 2 ? 7 : 0;
        one(c, f);
    }
    f = plain, f.tokens = 5, f.run = 300, f.q_pos0 = 290, f.dim = 128;
    one(c, f);
    for (int n = 0; n < 40; n++) {
        c->random = c->seed + (uint64_t)n * 0x51ed27;
        f = plain;
        f.run = check_between(c, 1, 150), f.run_pos0 = check_between(c, 0, 30);
        f.tokens = check_between(c, 1, 9), f.q_pos0 = check_between(c, 0, 170);
        f.window = check_random(c) & 1 ? check_between(c, 1, 90) : 0;
        f.kv_heads = check_between(c, 1, 3), f.group = check_between(c, 1, 6);
        f.dim = check_between(c, 1, 20) * (check_random(c) & 1 ? 1 : 8);
        f.gap = check_between(c, 0, 5);
        one(c, f);
    }
}
