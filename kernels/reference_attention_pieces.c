// SPDX-License-Identifier: MIT
// Scores and weighted sums of attention by themselves, in plain C; compiled as reference_matmul.c
// is.
#include "kernels/symbols.h"
#include "kernels/block_formats.h"
#include "kernels/variant.h"

#include <math.h>

#if !ONLY_INTEGER
enum { DIMS_AT_ONCE = 256 };

static inline ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b) {
    return a < b ? a : b;
}

// Keys [*j0, *j1) of the run that token t sees.
static inline void visible(const struct attention_args *a, ptrdiff_t t, ptrdiff_t *j0,
                           ptrdiff_t *j1) {
    ptrdiff_t position = a->q_pos0 + t;
    *j0 = 0;
    *j1 = smaller(position + 1 - a->run_pos0, a->run_length);
    if (a->window > 0 && position - a->window + 1 > a->run_pos0)
        *j0 = position - a->window + 1 - a->run_pos0;
}

static inline float *scores_row(const struct attention_args *a, ptrdiff_t t, ptrdiff_t h) {
    return (float *)((char *)a->scores + t * a->scores_token_stride + h * a->scores_head_stride);
}

static inline void scores(const struct attention_args *a, columns_fn *columns) {
    float buffer[DIMS_AT_ONCE], scale = (float)a->scale, softcap = (float)a->softcap;
    for (ptrdiff_t t = 0; t < a->tokens; t++)
        for (ptrdiff_t h = 0; h < a->kv_heads * a->group; h++) {
            const char *k = (const char *)a->k + h / a->group * a->k_head_stride;
            const char *q = (const char *)a->q + t * a->q_token_stride + h * a->q_head_stride;
            float *row = scores_row(a, t, h);
            ptrdiff_t j0, j1;
            visible(a, t, &j0, &j1);
            for (ptrdiff_t j = 0; j < a->run_length; j++) {
                float sum = 0.0f;
                row[j] = -INFINITY;
                if (j < j0 || j >= j1) continue;
                for (ptrdiff_t d0 = 0; d0 < a->dim_k; d0 += DIMS_AT_ONCE) {
                    ptrdiff_t dims = smaller(a->dim_k - d0, DIMS_AT_ONCE);
                    const float *key = columns(k + j * a->k_row_stride, d0, dims, buffer);
                    for (ptrdiff_t d = 0; d < dims; d++) sum += ((const float *)q)[d0 + d] * key[d];
                }
                sum *= scale;
                row[j] = softcap > 0.0f ? softcap * tanhf(sum / softcap) : sum;
            }
        }
}

static inline void weigh(const struct attention_args *a, columns_fn *columns) {
    float buffer[DIMS_AT_ONCE];
    for (ptrdiff_t t = 0; t < a->tokens; t++)
        for (ptrdiff_t h = 0; h < a->kv_heads * a->group; h++) {
            const char *v = (const char *)a->v + h / a->group * a->v_head_stride;
            const float *row = scores_row(a, t, h);
            float *acc =
                (float *)((char *)a->acc + t * a->acc_token_stride + h * a->acc_head_stride);
            ptrdiff_t j0, j1;
            visible(a, t, &j0, &j1);
            for (ptrdiff_t d = 0; d < a->dim_v; d++) acc[d] = 0.0f;
            for (ptrdiff_t d0 = 0; d0 < a->dim_v; d0 += DIMS_AT_ONCE) {
                ptrdiff_t dims = smaller(a->dim_v - d0, DIMS_AT_ONCE);
                for (ptrdiff_t j = j0; j < j1; j++) {
                    const float *value = columns(v + j * a->v_row_stride, d0, dims, buffer);
                    for (ptrdiff_t d = 0; d < dims; d++) acc[d0 + d] += row[j] * value[d];
                }
            }
        }
}

void NAME(attention_scores_f32)(const struct attention_args *a) {
    scores(a, f32_columns);
}

void NAME(attention_scores_f16)(const struct attention_args *a) {
    scores(a, f16_columns);
}

void NAME(attention_scores_q8_0)(const struct attention_args *a) {
    scores(a, q8_0_padded_columns);
}

void NAME(attention_weigh_f32)(const struct attention_args *a) {
    weigh(a, f32_columns);
}

void NAME(attention_weigh_f16)(const struct attention_args *a) {
    weigh(a, f16_columns);
}

void NAME(attention_weigh_q8_0)(const struct attention_args *a) {
    weigh(a, q8_0_padded_columns);
}
#endif
