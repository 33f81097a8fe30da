// SPDX-License-Identifier: MIT
// The row-wise ops in plain C.
#include "kernels/symbols.h"
#include "kernels/block_formats.h"
#include "kernels/kernels.h"

#include <math.h>
#include <string.h>

static const float *x_row(const struct row_args *a, ptrdiff_t t) {
    return (const float *)((const char *)a->x + t * a->x_stride);
}

static const float *b_row(const struct row_args *a, ptrdiff_t t) {
    return (const float *)((const char *)a->b + t * a->b_stride);
}

static float *y_row(const struct row_args *a, ptrdiff_t t) {
    return (float *)((char *)a->y + t * a->y_stride);
}

void rmsnorm__c(const struct row_args *a) {
    for (ptrdiff_t t = 0; t < a->tokens; t++) {
        const float *x = x_row(a, t);
        float *y = y_row(a, t), sum = 0.0f;
        for (ptrdiff_t c = 0; c < a->cols; c++) sum += x[c] * x[c];
        float scale = 1.0f / sqrtf(sum / (float)a->cols + (float)a->eps);
        for (ptrdiff_t c = 0; c < a->cols; c++) y[c] = x[c] * scale * (a->gain ? a->gain[c] : 1.0f);
    }
}

void layernorm__c(const struct row_args *a) {
    for (ptrdiff_t t = 0; t < a->tokens; t++) {
        const float *x = x_row(a, t);
        float *y = y_row(a, t), sum = 0.0f, squares = 0.0f;
        for (ptrdiff_t c = 0; c < a->cols; c++) sum += x[c];
        float mean = sum / (float)a->cols;
        for (ptrdiff_t c = 0; c < a->cols; c++) squares += (x[c] - mean) * (x[c] - mean);
        float scale = 1.0f / sqrtf(squares / (float)a->cols + (float)a->eps);
        for (ptrdiff_t c = 0; c < a->cols; c++)
            y[c] = (x[c] - mean) * scale * (a->gain ? a->gain[c] : 1.0f) +
                   (a->bias ? a->bias[c] : 0.0f);
    }
}

void softmax__c(const struct row_args *a) {
    for (ptrdiff_t t = 0; t < a->tokens; t++) {
        const float *x = x_row(a, t);
        float *y = y_row(a, t), largest = -INFINITY, sum = 0.0f;
        for (ptrdiff_t c = 0; c < a->cols; c++) largest = x[c] > largest ? x[c] : largest;
        for (ptrdiff_t c = 0; c < a->cols; c++) sum += y[c] = expf(x[c] - largest);
        for (ptrdiff_t c = 0; c < a->cols; c++) y[c] /= sum;
    }
}

// tanh by way of exp: x / 2 * (1 + tanh(u)) = x / (1 + exp(-2 u)), which keeps its precision where
// tanh is near -1.
void gelu__c(const struct row_args *a) {
    const float twice = -1.5957691216f; // -2 sqrt(2 / pi)
    for (ptrdiff_t t = 0; t < a->tokens; t++) {
        const float *x = x_row(a, t), *b = a->b ? b_row(a, t) : NULL;
        float *y = y_row(a, t);
        for (ptrdiff_t c = 0; c < a->cols; c++) {
            float u = twice * x[c] * (1.0f + 0.044715f * x[c] * x[c]);
            y[c] = x[c] / (1.0f + expf(u)) * (b ? b[c] : 1.0f);
        }
    }
}

void gelu_erf__c(const struct row_args *a) {
    for (ptrdiff_t t = 0; t < a->tokens; t++) {
        const float *x = x_row(a, t), *b = a->b ? b_row(a, t) : NULL;
        float *y = y_row(a, t);
        for (ptrdiff_t c = 0; c < a->cols; c++)
            y[c] = 0.5f * x[c] * erfcf(x[c] * -0.70710678f) * (b ? b[c] : 1.0f);
    }
}

void silu_mul__c(const struct row_args *a) {
    for (ptrdiff_t t = 0; t < a->tokens; t++) {
        const float *x = x_row(a, t), *b = b_row(a, t);
        float *y = y_row(a, t);
        for (ptrdiff_t c = 0; c < a->cols; c++) y[c] = x[c] / (1.0f + expf(-x[c])) * b[c];
    }
}

void add__c(const struct row_args *a) {
    for (ptrdiff_t t = 0; t < a->tokens; t++) {
        const float *x = x_row(a, t), *b = b_row(a, t);
        float *y = y_row(a, t);
        for (ptrdiff_t c = 0; c < a->cols; c++) y[c] = x[c] + b[c];
    }
}

// A NaN is never the largest; where nothing is larger than -inf the answer is 0.
void argmax__c(const struct row_args *a) {
    for (ptrdiff_t t = 0; t < a->tokens; t++) {
        const float *x = x_row(a, t);
        float largest = -INFINITY;
        int32_t index = 0;
        for (ptrdiff_t c = 0; c < a->cols; c++)
            if (x[c] > largest) {
                largest = x[c];
                index = (int32_t)c;
            }
        ((int32_t *)a->y)[t] = index;
    }
}

void quantize_bf16__c(const struct row_args *a) {
    for (ptrdiff_t t = 0; t < a->tokens; t++) {
        const float *x = x_row(a, t);
        uint16_t *y = (uint16_t *)(void *)y_row(a, t);
        for (ptrdiff_t c = 0; c < a->cols; c++) y[c] = f32_to_bf16(x[c]);
    }
}

// Finite input. Below 2^-100 the reciprocal would overflow: such a block is zero.
static void quantize_block(const float x[BLOCK_COLS], int8_t q[BLOCK_COLS], float *d,
                           int32_t *sum) {
    float amax = 0.0f;
    for (int i = 0; i < BLOCK_COLS; i++) amax = fabsf(x[i]) > amax ? fabsf(x[i]) : amax;
    int zero = amax < 0x1p-100f;
    float inverse = zero ? 0.0f : 127.0f / amax;
    *sum = 0;
    for (int i = 0; i < BLOCK_COLS; i++) {
        float rounded = rintf(x[i] * inverse);
        // Of what is not finite nothing is promised, but C leaves its conversion undefined.
        int32_t value = fabsf(rounded) <= 127.0f ? (int32_t)rounded : 0;
        q[i] = (int8_t)value;
        *sum += value;
    }
    *d = zero ? 0.0f : amax / 127.0f;
}

void quantize_a8_32__c(const struct row_args *a) {
    for (ptrdiff_t t = 0; t < a->tokens; t++) {
        const float *x = x_row(a, t);
        char *y = (char *)a->y + t * a->y_stride;
        float *d = (float *)(y + a8_32_d_offset(a->cols));
        int32_t *sums = (int32_t *)(y + a8_32_sum_offset(a->cols));
        for (ptrdiff_t b = 0; b < a->cols / BLOCK_COLS; b++)
            quantize_block(x + b * BLOCK_COLS, (int8_t *)y + b * BLOCK_COLS, &d[b], &sums[b]);
    }
}

void rmsnorm_quantize_a8_32__c(const struct row_args *a) {
    for (ptrdiff_t t = 0; t < a->tokens; t++) {
        const float *x = x_row(a, t);
        char *y = (char *)a->y + t * a->y_stride;
        float *normed = a->normed ? (float *)((char *)a->normed + t * a->normed_stride) : NULL;
        float *d = (float *)(y + a8_32_d_offset(a->cols)), sum = 0.0f;
        int32_t *sums = (int32_t *)(y + a8_32_sum_offset(a->cols));
        for (ptrdiff_t c = 0; c < a->cols; c++) sum += x[c] * x[c];
        float scale = 1.0f / sqrtf(sum / (float)a->cols + (float)a->eps);
        for (ptrdiff_t b = 0; b < a->cols / BLOCK_COLS; b++) {
            float block[BLOCK_COLS];
            for (ptrdiff_t i = 0, c = b * BLOCK_COLS; i < BLOCK_COLS; i++, c++)
                block[i] = x[c] * scale * (a->gain ? a->gain[c] : 1.0f);
            if (normed) memcpy(normed + b * BLOCK_COLS, block, sizeof block);
            quantize_block(block, (int8_t *)y + b * BLOCK_COLS, &d[b], &sums[b]);
        }
    }
}
