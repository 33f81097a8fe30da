// SPDX-License-Identifier: MIT
// Rows in and out of their storage formats, in plain C: embed_* and kv_store_*.
#include "kernels/symbols.h"
#include "kernels/block_formats.h"

#include <math.h>

static void embed(const struct embed_args *a, columns_fn *columns) {
    for (ptrdiff_t t = 0; t < a->tokens; t++) {
        float *y = (float *)((char *)a->y + t * a->y_stride);
        const float *row = columns((const char *)a->w + a->ids[t] * a->w_stride, 0, a->cols, y);
        if (row != y) memcpy(y, row, (size_t)a->cols * sizeof *y);
    }
}

void embed_f32__c(const struct embed_args *a) {
    embed(a, f32_columns);
}

void embed_f16__c(const struct embed_args *a) {
    embed(a, f16_columns);
}

void embed_bf16__c(const struct embed_args *a) {
    embed(a, bf16_columns);
}

void embed_q8_0__c(const struct embed_args *a) {
    embed(a, q8_0_columns);
}

void embed_q4_0__c(const struct embed_args *a) {
    embed(a, q4_0_columns);
}

static const float *kv_x(const struct kv_store_args *a, ptrdiff_t h, ptrdiff_t t) {
    return (const float *)((const char *)a->x + t * a->x_token_stride + h * a->x_head_stride);
}

static void *kv_y(const struct kv_store_args *a, ptrdiff_t h, ptrdiff_t t) {
    return (char *)a->y + h * a->y_head_stride + t * a->y_row_stride;
}

void kv_store_f32__c(const struct kv_store_args *a) {
    for (ptrdiff_t h = 0; h < a->heads; h++)
        for (ptrdiff_t t = 0; t < a->tokens; t++)
            memcpy(kv_y(a, h, t), kv_x(a, h, t), (size_t)a->dim * sizeof(float));
}

void kv_store_f16__c(const struct kv_store_args *a) {
    for (ptrdiff_t h = 0; h < a->heads; h++)
        for (ptrdiff_t t = 0; t < a->tokens; t++) {
            const float *x = kv_x(a, h, t);
            uint16_t *y = kv_y(a, h, t);
            for (ptrdiff_t d = 0; d < a->dim; d++) y[d] = f32_to_f16(x[d]);
        }
}

// Finite input. Below 2^-100 the reciprocal might overflow: such a block is zero.
static void q8_0_block(struct block_q8_0 *y, const float *x, ptrdiff_t n) {
    float amax = 0.0f;
    for (ptrdiff_t i = 0; i < n; i++) amax = fabsf(x[i]) > amax ? fabsf(x[i]) : amax;
    float d = amax < 0x1p-100f ? 0.0f : amax / 127.0f, inverse = d > 0.0f ? 1.0f / d : 0.0f;
    y->d = f32_to_f16(d);
    for (ptrdiff_t i = 0; i < BLOCK_COLS; i++) {
        float rounded = i < n ? roundf(x[i] * inverse) : 0.0f;
        // Of what is not finite nothing is promised, but C leaves its conversion undefined.
        y->q[i] = fabsf(rounded) <= 127.0f ? (int8_t)(int)rounded : 0;
    }
}

void kv_store_q8_0__c(const struct kv_store_args *a) {
    for (ptrdiff_t h = 0; h < a->heads; h++)
        for (ptrdiff_t t = 0; t < a->tokens; t++) {
            const float *x = kv_x(a, h, t);
            struct block_q8_0 *y = kv_y(a, h, t);
            for (ptrdiff_t d = 0; d < a->dim; d += BLOCK_COLS, y++)
                q8_0_block(y, x + d, a->dim - d < BLOCK_COLS ? a->dim - d : BLOCK_COLS);
        }
}
