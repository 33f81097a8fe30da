// SPDX-License-Identifier: MIT
// The matmuls in plain C; compiled once for each variant of kernels/variant.h. Sums run over
// c = 0 .. cols-1 in float; the integer dots of 32 columns are exact.
#include "kernels/symbols.h"
#include "kernels/block_formats.h"
#include "kernels/kernels.h"
#include "kernels/reference_epilogue.h"
#include "kernels/variant.h"

enum { TOKENS_AT_ONCE = 16, COLS_AT_ONCE = 256 };

static inline float *y_at(const struct matmul_args *a, ptrdiff_t t, ptrdiff_t r) {
    return (float *)((char *)a->y + t * a->y_stride) + r;
}

#if !ONLY_INTEGER

static inline void row_sums(const struct matmul_args *a, const void *row, ptrdiff_t t0, ptrdiff_t n,
                            float *sums, columns_fn *columns) {
    float buffer[COLS_AT_ONCE];
    for (ptrdiff_t t = 0; t < n; t++) sums[t] = 0.0f;
    for (ptrdiff_t c0 = 0; c0 < a->cols; c0 += COLS_AT_ONCE) {
        ptrdiff_t cols = a->cols - c0 < COLS_AT_ONCE ? a->cols - c0 : COLS_AT_ONCE;
        const float *w = columns(row, c0, cols, buffer);
        for (ptrdiff_t t = 0; t < n; t++) {
            const float *x = (const float *)((const char *)a->x + (t0 + t) * a->x_stride) + c0;
            float sum = sums[t];
            for (ptrdiff_t c = 0; c < cols; c++) sum += w[c] * x[c];
            sums[t] = sum;
        }
    }
}

static inline void matmul_float(const struct matmul_args *a, columns_fn *columns) {
    float gate[TOKENS_AT_ONCE], up[TOKENS_AT_ONCE] = {0};
    for (ptrdiff_t t0 = 0; t0 < a->tokens; t0 += TOKENS_AT_ONCE) {
        ptrdiff_t n = a->tokens - t0 < TOKENS_AT_ONCE ? a->tokens - t0 : TOKENS_AT_ONCE;
        for (ptrdiff_t r = 0; r < a->rows; r++) {
            row_sums(a, (const char *)a->w + r * a->w_stride, t0, n, gate, columns);
            if (a->w2) row_sums(a, (const char *)a->w2 + r * a->w_stride, t0, n, up, columns);
            for (ptrdiff_t t = 0; t < n; t++) *y_at(a, t0 + t, r) = epilogue(a, r, gate[t], up[t]);
        }
    }
}

void NAME(matmul_f32_f32)(const struct matmul_args *a) {
    matmul_float(a, f32_columns);
}

void NAME(matmul_f16_f32)(const struct matmul_args *a) {
    matmul_float(a, f16_columns);
}

void NAME(matmul_bf16_f32)(const struct matmul_args *a) {
    matmul_float(a, bf16_columns);
}

void NAME(matmul_q8_0_f32)(const struct matmul_args *a) {
    matmul_float(a, q8_0_columns);
}

void NAME(matmul_q4_0_f32)(const struct matmul_args *a) {
    matmul_float(a, q4_0_columns);
}

// Both operands become float, a chunk of columns at a time.
static inline float bf16_dot(const void *row, const void *x, ptrdiff_t cols) {
    float w_buffer[COLS_AT_ONCE], x_buffer[COLS_AT_ONCE], sum = 0.0f;
    for (ptrdiff_t c0 = 0; c0 < cols; c0 += COLS_AT_ONCE) {
        ptrdiff_t n = cols - c0 < COLS_AT_ONCE ? cols - c0 : COLS_AT_ONCE;
        bf16_columns(row, c0, n, w_buffer);
        bf16_columns(x, c0, n, x_buffer);
        for (ptrdiff_t c = 0; c < n; c++) sum += w_buffer[c] * x_buffer[c];
    }
    return sum;
}

void NAME(matmul_bf16_bf16)(const struct matmul_args *a) {
    for (ptrdiff_t r = 0; r < a->rows; r++) {
        const char *w = (const char *)a->w + r * a->w_stride;
        const char *w2 = a->w2 ? (const char *)a->w2 + r * a->w_stride : NULL;
        for (ptrdiff_t t = 0; t < a->tokens; t++) {
            const char *x = (const char *)a->x + t * a->x_stride;
            float gate = bf16_dot(w, x, a->cols), up = w2 ? bf16_dot(w2, x, a->cols) : 0.0f;
            *y_at(a, t, r) = epilogue(a, r, gate, up);
        }
    }
}

// Sixteen rows at once, of one token, two columns at a time.
void NAME(matmul_panel_bf16_bf16)(const struct matmul_args *a) {
    ptrdiff_t pairs = (a->cols + 1) / 2;
    for (ptrdiff_t r0 = 0; r0 < a->rows; r0 += PANEL_GROUP_ROWS) {
        ptrdiff_t rows = a->rows - r0 < PANEL_GROUP_ROWS ? a->rows - r0 : PANEL_GROUP_ROWS;
        const uint16_t *w = (const uint16_t *)a->w + r0 * 2 * pairs;
        for (ptrdiff_t t = 0; t < a->tokens; t++) {
            const uint16_t *x = (const uint16_t *)((const char *)a->x + t * a->x_stride);
            float sums[PANEL_GROUP_ROWS] = {0};
            for (ptrdiff_t p = 0; p < pairs; p++) {
                float x0 = bf16_to_f32(x[2 * p]);
                float x1 = 2 * p + 1 < a->cols ? bf16_to_f32(x[2 * p + 1]) : 0.0f;
                const uint16_t *pair = w + p * 2 * PANEL_GROUP_ROWS;
                for (int r = 0; r < PANEL_GROUP_ROWS; r++)
                    sums[r] =
                        sums[r] + bf16_to_f32(pair[2 * r]) * x0 + bf16_to_f32(pair[2 * r + 1]) * x1;
            }
            for (ptrdiff_t r = 0; r < rows; r++)
                *y_at(a, t, r0 + r) = epilogue(a, r0 + r, sums[r], 0.0f);
        }
    }
}

// Sixteen rows at once, of one token.
void NAME(matmul_panel_f32_f32)(const struct matmul_args *a) {
    for (ptrdiff_t r0 = 0; r0 < a->rows; r0 += PANEL_GROUP_ROWS) {
        ptrdiff_t rows = a->rows - r0 < PANEL_GROUP_ROWS ? a->rows - r0 : PANEL_GROUP_ROWS;
        const float *w = (const float *)a->w + r0 * a->cols;
        for (ptrdiff_t t = 0; t < a->tokens; t++) {
            const float *x = (const float *)((const char *)a->x + t * a->x_stride);
            float sums[PANEL_GROUP_ROWS] = {0};
            for (ptrdiff_t c = 0; c < a->cols; c++)
                for (int r = 0; r < PANEL_GROUP_ROWS; r++)
                    sums[r] += w[c * PANEL_GROUP_ROWS + r] * x[c];
            for (ptrdiff_t r = 0; r < rows; r++)
                *y_at(a, t, r0 + r) = epilogue(a, r0 + r, sums[r], 0.0f);
        }
    }
}
#endif

typedef float row_dot_fn(const void *row, const char *x, ptrdiff_t cols);

static inline float q8_0_dot(const void *row, const char *x, ptrdiff_t cols) {
    const struct block_q8_0 *w = row;
    const int8_t *q = (const int8_t *)x;
    const float *d = (const float *)(x + a8_32_d_offset(cols));
    float sum = 0.0f;
    for (ptrdiff_t b = 0; b < cols / BLOCK_COLS; b++, q += BLOCK_COLS) {
        int32_t dot = 0;
        for (int i = 0; i < BLOCK_COLS; i++) dot += w[b].q[i] * q[i];
        sum += f16_to_f32(w[b].d) * d[b] * (float)dot;
    }
    return sum;
}

static inline float q4_0_dot(const void *row, const char *x, ptrdiff_t cols) {
    const struct block_q4_0 *w = row;
    const int8_t *q = (const int8_t *)x;
    const float *d = (const float *)(x + a8_32_d_offset(cols));
    const int32_t *sums = (const int32_t *)(x + a8_32_sum_offset(cols));
    float sum = 0.0f;
    for (ptrdiff_t b = 0; b < cols / BLOCK_COLS; b++, q += BLOCK_COLS) {
        int32_t dot = -8 * sums[b];
        for (int i = 0; i < BLOCK_COLS / 2; i++)
            dot += (w[b].q[i] & 15) * q[i] + (w[b].q[i] >> 4) * q[i + 16];
        sum += f16_to_f32(w[b].d) * d[b] * (float)dot;
    }
    return sum;
}

static inline void matmul_integer(const struct matmul_args *a, row_dot_fn *row_dot) {
    for (ptrdiff_t r = 0; r < a->rows; r++) {
        const char *w = (const char *)a->w + r * a->w_stride;
        const char *w2 = a->w2 ? (const char *)a->w2 + r * a->w_stride : NULL;
        for (ptrdiff_t t = 0; t < a->tokens; t++) {
            const char *x = (const char *)a->x + t * a->x_stride;
            float gate = row_dot(w, x, a->cols), up = w2 ? row_dot(w2, x, a->cols) : 0.0f;
            *y_at(a, t, r) = epilogue(a, r, gate, up);
        }
    }
}

void NAME(matmul_q8_0_a8_32)(const struct matmul_args *a) {
    matmul_integer(a, q8_0_dot);
}

void NAME(matmul_q4_0_a8_32)(const struct matmul_args *a) {
    matmul_integer(a, q4_0_dot);
}

// Sixteen rows at once; the weights are biased by 128, which the plane of sums takes back.
void NAME(matmul_panel_i8_a8_32)(const struct matmul_args *a) {
    ptrdiff_t blocks = a->cols / BLOCK_COLS;
    for (ptrdiff_t r0 = 0; r0 < a->rows; r0 += PANEL_GROUP_ROWS) {
        ptrdiff_t rows = a->rows - r0 < PANEL_GROUP_ROWS ? a->rows - r0 : PANEL_GROUP_ROWS;
        const struct block_i8 *w = (const struct block_i8 *)a->w + r0 / PANEL_GROUP_ROWS * blocks;
        for (ptrdiff_t t = 0; t < a->tokens; t++) {
            const char *x = (const char *)a->x + t * a->x_stride;
            const int8_t *q = (const int8_t *)x;
            const float *d = (const float *)(x + a8_32_d_offset(a->cols));
            const int32_t *x_sums = (const int32_t *)(x + a8_32_sum_offset(a->cols));
            float sums[PANEL_GROUP_ROWS] = {0};
            for (ptrdiff_t b = 0; b < blocks; b++, q += BLOCK_COLS) {
                int32_t dots[PANEL_GROUP_ROWS] = {0};
                for (int i = 0; i < 8; i++)
                    for (int r = 0; r < PANEL_GROUP_ROWS; r++)
                        dots[r] += w[b].q[i][r][0] * q[4 * i] + w[b].q[i][r][1] * q[4 * i + 1] +
                                   w[b].q[i][r][2] * q[4 * i + 2] + w[b].q[i][r][3] * q[4 * i + 3];
                for (int r = 0; r < PANEL_GROUP_ROWS; r++)
                    sums[r] += w[b].d[r] * d[b] * (float)(dots[r] - 128 * x_sums[b]);
            }
            for (ptrdiff_t r = 0; r < rows; r++)
                *y_at(a, t, r0 + r) = epilogue(a, r0 + r, sums[r], 0.0f);
        }
    }
}
