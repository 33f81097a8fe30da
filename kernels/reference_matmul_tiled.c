// SPDX-License-Identifier: MIT
// The matmuls as a plainly blocked loop nest (`__c_tiled`), under the same strict flags as `__c`:
// what blocking alone gives. Sixteen rows by sixteen tokens by a chunk of columns; a chunk of
// weights becomes floats once for its tokens, rows side by side, so that a compiler may take
// several rows at once without reordering a sum. Sums run over the columns in order: the bits of
// `__c`.
#include "kernels/symbols.h"
#include "kernels/block_formats.h"
#include "kernels/kernels.h"
#include "kernels/reference_epilogue.h"

enum { ROWS = 16, TOKENS = 16, COLS = 128, PAIR = 2 };

typedef float sums_tile[TOKENS][ROWS];

static ptrdiff_t at_most(ptrdiff_t n, ptrdiff_t most) {
    return n < most ? n : most;
}

static const char *row_of(const struct matmul_args *a, const void *w, ptrdiff_t r) {
    return (const char *)w + r * a->w_stride;
}

static const char *x_of(const struct matmul_args *a, ptrdiff_t t) {
    return (const char *)a->x + t * a->x_stride;
}

// ---- float activations

static void multiply(float sums[ROWS], const float w[][ROWS], const float *x, ptrdiff_t cols) {
    float s[ROWS];
    memcpy(s, sums, sizeof s);
    for (ptrdiff_t c = 0; c < cols; c++)
        for (int r = 0; r < ROWS; r++) s[r] += w[c][r] * x[c];
    memcpy(sums, s, sizeof s);
}

static void multiply_pair(sums_tile sums, const float w[][ROWS], const float *x0, const float *x1,
                          ptrdiff_t cols) {
    float s0[ROWS], s1[ROWS];
    memcpy(s0, sums[0], sizeof s0);
    memcpy(s1, sums[1], sizeof s1);
    for (ptrdiff_t c = 0; c < cols; c++)
        for (int r = 0; r < ROWS; r++) {
            s0[r] += w[c][r] * x0[c];
            s1[r] += w[c][r] * x1[c];
        }
    memcpy(sums[0], s0, sizeof s0);
    memcpy(sums[1], s1, sizeof s1);
}

// Sums of rows [r0, r0 + rows) and tokens [t0, t0 + tokens) over all columns.
static void sum_float(const struct matmul_args *a, const void *w, ptrdiff_t r0, ptrdiff_t rows,
                      ptrdiff_t t0, ptrdiff_t tokens, sums_tile sums, columns_fn *w_columns,
                      columns_fn *x_columns) {
    float panel[COLS][ROWS] = {{0}}, buffer[COLS], x_buffer[PAIR][COLS];
    memset(sums, 0, sizeof(sums_tile));
    for (ptrdiff_t c0 = 0; c0 < a->cols; c0 += COLS) {
        ptrdiff_t cols = at_most(a->cols - c0, COLS), t = 0;
        for (ptrdiff_t r = 0; r < rows; r++) {
            const float *row = w_columns(row_of(a, w, r0 + r), c0, cols, buffer);
            for (ptrdiff_t c = 0; c < cols; c++) panel[c][r] = row[c];
        }
        for (; t + PAIR <= tokens; t += PAIR)
            multiply_pair(sums + t, panel, x_columns(x_of(a, t0 + t), c0, cols, x_buffer[0]),
                          x_columns(x_of(a, t0 + t + 1), c0, cols, x_buffer[1]), cols);
        if (t < tokens)
            multiply(sums[t], panel, x_columns(x_of(a, t0 + t), c0, cols, x_buffer[0]), cols);
    }
}

static void write_tile(const struct matmul_args *a, ptrdiff_t r0, ptrdiff_t rows, ptrdiff_t t0,
                       ptrdiff_t tokens, sums_tile gate, sums_tile up) {
    for (ptrdiff_t t = 0; t < tokens; t++) {
        float *y = (float *)((char *)a->y + (t0 + t) * a->y_stride) + r0;
        for (ptrdiff_t r = 0; r < rows; r++) y[r] = epilogue(a, r0 + r, gate[t][r], up[t][r]);
    }
}

static void tiles_float(const struct matmul_args *a, columns_fn *w_columns, columns_fn *x_columns) {
    sums_tile gate, up = {{0}};
    for (ptrdiff_t t0 = 0; t0 < a->tokens; t0 += TOKENS)
        for (ptrdiff_t r0 = 0; r0 < a->rows; r0 += ROWS) {
            ptrdiff_t rows = at_most(a->rows - r0, ROWS), tokens = at_most(a->tokens - t0, TOKENS);
            sum_float(a, a->w, r0, rows, t0, tokens, gate, w_columns, x_columns);
            if (a->w2) sum_float(a, a->w2, r0, rows, t0, tokens, up, w_columns, x_columns);
            write_tile(a, r0, rows, t0, tokens, gate, up);
        }
}

void matmul_f32_f32__c_tiled(const struct matmul_args *a) {
    tiles_float(a, f32_columns, f32_columns);
}

void matmul_f16_f32__c_tiled(const struct matmul_args *a) {
    tiles_float(a, f16_columns, f32_columns);
}

void matmul_bf16_f32__c_tiled(const struct matmul_args *a) {
    tiles_float(a, bf16_columns, f32_columns);
}

void matmul_q8_0_f32__c_tiled(const struct matmul_args *a) {
    tiles_float(a, q8_0_columns, f32_columns);
}

void matmul_q4_0_f32__c_tiled(const struct matmul_args *a) {
    tiles_float(a, q4_0_columns, f32_columns);
}

void matmul_bf16_bf16__c_tiled(const struct matmul_args *a) {
    tiles_float(a, bf16_columns, bf16_columns);
}

// ---- a8_32 activations: a chunk is one block of 32 columns

// The quants of a row's block, as bytes, and its scale.
typedef float block_fn(const void *row, ptrdiff_t block, int8_t q[BLOCK_COLS]);

static float q8_0_block(const void *row, ptrdiff_t block, int8_t q[BLOCK_COLS]) {
    const struct block_q8_0 *w = (const struct block_q8_0 *)row + block;
    memcpy(q, w->q, BLOCK_COLS);
    return f16_to_f32(w->d);
}

static float q4_0_block(const void *row, ptrdiff_t block, int8_t q[BLOCK_COLS]) {
    const struct block_q4_0 *w = (const struct block_q4_0 *)row + block;
    for (int i = 0; i < BLOCK_COLS / 2; i++) {
        q[i] = (int8_t)((w->q[i] & 15) - 8);
        q[i + BLOCK_COLS / 2] = (int8_t)((w->q[i] >> 4) - 8);
    }
    return f16_to_f32(w->d);
}

static void sum_integer(const struct matmul_args *a, const void *w, ptrdiff_t r0, ptrdiff_t rows,
                        ptrdiff_t t0, ptrdiff_t tokens, sums_tile sums, block_fn *unpack) {
    int8_t q[ROWS][BLOCK_COLS];
    float d[ROWS];
    memset(sums, 0, sizeof(sums_tile));
    for (ptrdiff_t b = 0; b < a->cols / BLOCK_COLS; b++) {
        for (ptrdiff_t r = 0; r < rows; r++) d[r] = unpack(row_of(a, w, r0 + r), b, q[r]);
        for (ptrdiff_t t = 0; t < tokens; t++) {
            const char *x = x_of(a, t0 + t);
            const int8_t *x_q = (const int8_t *)x + b * BLOCK_COLS;
            float x_d = ((const float *)(x + a8_32_d_offset(a->cols)))[b];
            for (ptrdiff_t r = 0; r < rows; r++) {
                int32_t dot = 0;
                for (int i = 0; i < BLOCK_COLS; i++) dot += q[r][i] * x_q[i];
                sums[t][r] += d[r] * x_d * (float)dot;
            }
        }
    }
}

static void tiles_integer(const struct matmul_args *a, block_fn *unpack) {
    sums_tile gate, up = {{0}};
    for (ptrdiff_t t0 = 0; t0 < a->tokens; t0 += TOKENS)
        for (ptrdiff_t r0 = 0; r0 < a->rows; r0 += ROWS) {
            ptrdiff_t rows = at_most(a->rows - r0, ROWS), tokens = at_most(a->tokens - t0, TOKENS);
            sum_integer(a, a->w, r0, rows, t0, tokens, gate, unpack);
            if (a->w2) sum_integer(a, a->w2, r0, rows, t0, tokens, up, unpack);
            write_tile(a, r0, rows, t0, tokens, gate, up);
        }
}

void matmul_q8_0_a8_32__c_tiled(const struct matmul_args *a) {
    tiles_integer(a, q8_0_block);
}

void matmul_q4_0_a8_32__c_tiled(const struct matmul_args *a) {
    tiles_integer(a, q4_0_block);
}
