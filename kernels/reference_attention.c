// SPDX-License-Identifier: MIT
// Attention over one run in plain C, key by key with a running maximum, in float; compiled as
// reference_matmul.c is. A key row is converted once for all query heads of its group.
#include "kernels/symbols.h"
#include "kernels/block_formats.h"
#include "kernels/variant.h"

#include <math.h>

#if !ONLY_INTEGER
enum { HEADS_AT_ONCE = 16, DIMS_AT_ONCE = 256 };

static inline ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b) {
    return a < b ? a : b;
}

// `heads` query heads of one token over the keys [j0, j1) of one KV head.
static inline void one_group(const struct attention_args *a, const char *q, const char *k,
                             const char *v, ptrdiff_t j0, ptrdiff_t j1, ptrdiff_t heads, float *m,
                             float *l, char *acc, columns_fn *columns) {
    float buffer[DIMS_AT_ONCE], scores[HEADS_AT_ONCE], keep[HEADS_AT_ONCE], add[HEADS_AT_ONCE];
    float scale = (float)a->scale, softcap = (float)a->softcap;
    for (ptrdiff_t j = j0; j < j1; j++) {
        for (ptrdiff_t h = 0; h < heads; h++) scores[h] = 0.0f;
        for (ptrdiff_t d0 = 0; d0 < a->dim_k; d0 += DIMS_AT_ONCE) {
            ptrdiff_t dims = smaller(a->dim_k - d0, DIMS_AT_ONCE);
            const float *key = columns(k + j * a->k_row_stride, d0, dims, buffer);
            for (ptrdiff_t h = 0; h < heads; h++) {
                const float *query = (const float *)(q + h * a->q_head_stride) + d0;
                float sum = scores[h];
                for (ptrdiff_t d = 0; d < dims; d++) sum += query[d] * key[d];
                scores[h] = sum;
            }
        }
        for (ptrdiff_t h = 0; h < heads; h++) {
            float s = scores[h] * scale;
            if (softcap > 0.0f) s = softcap * tanhf(s / softcap);
            float top = s > m[h] ? s : m[h];
            keep[h] = s > m[h] ? expf(m[h] - top) : 1.0f;
            add[h] = expf(s - top);
            m[h] = top;
            l[h] = l[h] * keep[h] + add[h];
        }
        for (ptrdiff_t d0 = 0; d0 < a->dim_v; d0 += DIMS_AT_ONCE) {
            ptrdiff_t dims = smaller(a->dim_v - d0, DIMS_AT_ONCE);
            const float *value = columns(v + j * a->v_row_stride, d0, dims, buffer);
            for (ptrdiff_t h = 0; h < heads; h++) {
                float *sum = (float *)(acc + h * a->acc_head_stride) + d0;
                for (ptrdiff_t d = 0; d < dims; d++) sum[d] = sum[d] * keep[h] + add[h] * value[d];
            }
        }
    }
}

static inline void attention(const struct attention_args *a, columns_fn *columns) {
    for (ptrdiff_t t = 0; t < a->tokens; t++) {
        ptrdiff_t position = a->q_pos0 + t, j0 = 0;
        ptrdiff_t j1 = smaller(position + 1 - a->run_pos0, a->run_length);
        if (a->window > 0 && position - a->window + 1 > a->run_pos0)
            j0 = position - a->window + 1 - a->run_pos0;
        for (ptrdiff_t kv = 0; kv < a->kv_heads; kv++)
            for (ptrdiff_t g = 0; g < a->group; g += HEADS_AT_ONCE) {
                ptrdiff_t h = kv * a->group + g, state = t * a->state_token_stride;
                one_group(a, (const char *)a->q + t * a->q_token_stride + h * a->q_head_stride,
                          (const char *)a->k + kv * a->k_head_stride,
                          (const char *)a->v + kv * a->v_head_stride, j0, j1,
                          smaller(a->group - g, HEADS_AT_ONCE), (float *)((char *)a->m + state) + h,
                          (float *)((char *)a->l + state) + h,
                          (char *)a->acc + t * a->acc_token_stride + h * a->acc_head_stride,
                          columns);
            }
    }
}

void NAME(attention_f32)(const struct attention_args *a) {
    attention(a, f32_columns);
}

void NAME(attention_f16)(const struct attention_args *a) {
    attention(a, f16_columns);
}

void NAME(attention_q8_0)(const struct attention_args *a) {
    attention(a, q8_0_padded_columns);
}
#endif
