// SPDX-License-Identifier: MIT
// The matmuls of packed layouts in plain C, sixteen rows at once; compiled once for each variant of
// kernels/variant.h. Rows that are missing from the last group of 16 lie there but are not written.
#include "kernels/symbols.h"
#include "kernels/block_formats.h"
#include "kernels/kernels.h"
#include "kernels/reference_epilogue.h"
#include "kernels/variant.h"

enum { ROWS = 16 };

// The integer dots of one block's 16 rows with 32 activations.
typedef void dots_fn(const void *block, const int8_t *x, int32_t x_sum, int32_t dots[ROWS]);

static inline void q8_0x16_dots(const void *block, const int8_t *x, int32_t x_sum,
                                int32_t dots[ROWS]) {
    const struct block_q8_0x16 *w = block;
    for (int r = 0; r < ROWS; r++) dots[r] = -128 * x_sum;
    for (int i = 0; i < 8; i++)
        for (int r = 0; r < ROWS; r++)
            dots[r] += w->q[i][r][0] * x[4 * i] + w->q[i][r][1] * x[4 * i + 1] +
                       w->q[i][r][2] * x[4 * i + 2] + w->q[i][r][3] * x[4 * i + 3];
}

static inline void q4_0x16_dots(const void *block, const int8_t *x, int32_t x_sum,
                                int32_t dots[ROWS]) {
    const struct block_q4_0x16 *w = block;
    for (int r = 0; r < ROWS; r++) dots[r] = -8 * x_sum;
    for (int i = 0; i < 4; i++)
        for (int r = 0; r < ROWS; r++)
            for (int k = 0; k < 4; k++)
                dots[r] +=
                    (w->q[i][r][k] & 15) * x[4 * i + k] + (w->q[i][r][k] >> 4) * x[16 + 4 * i + k];
}

// sums[r] of a group's rows; d: byte of a block at which its 16 scales begin.
static inline void group_sums(const char *w, const char *x, ptrdiff_t cols, ptrdiff_t block_bytes,
                              dots_fn *dots_of, float sums[ROWS]) {
    const int8_t *q = (const int8_t *)x;
    const float *d = (const float *)(x + a8_32_d_offset(cols));
    const int32_t *x_sums = (const int32_t *)(x + a8_32_sum_offset(cols));
    for (int r = 0; r < ROWS; r++) sums[r] = 0.0f;
    for (ptrdiff_t b = 0; b < cols / BLOCK_COLS; b++, w += block_bytes) {
        int32_t dots[ROWS];
        const uint16_t *w_d = (const uint16_t *)(w + block_bytes) - ROWS;
        dots_of(w, q + b * BLOCK_COLS, x_sums[b], dots);
        for (int r = 0; r < ROWS; r++) sums[r] += f16_to_f32(w_d[r]) * d[b] * (float)dots[r];
    }
}

static inline void matmul_groups(const struct matmul_args *a, ptrdiff_t block_bytes,
                                 dots_fn *dots_of) {
    ptrdiff_t group_bytes = a->cols / BLOCK_COLS * block_bytes;
    for (ptrdiff_t r0 = 0; r0 < a->rows; r0 += ROWS) {
        ptrdiff_t rows = a->rows - r0 < ROWS ? a->rows - r0 : ROWS;
        for (ptrdiff_t t = 0; t < a->tokens; t++) {
            const char *x = (const char *)a->x + t * a->x_stride;
            float gate[ROWS], up[ROWS] = {0}, *y = (float *)((char *)a->y + t * a->y_stride) + r0;
            group_sums((const char *)a->w + r0 / ROWS * group_bytes, x, a->cols, block_bytes,
                       dots_of, gate);
            if (a->w2)
                group_sums((const char *)a->w2 + r0 / ROWS * group_bytes, x, a->cols, block_bytes,
                           dots_of, up);
            for (ptrdiff_t r = 0; r < rows; r++) y[r] = epilogue(a, r0 + r, gate[r], up[r]);
        }
    }
}

void NAME(matmul_q8_0x16_a8_32)(const struct matmul_args *a) {
    matmul_groups(a, sizeof(struct block_q8_0x16), q8_0x16_dots);
}

void NAME(matmul_q4_0x16_a8_32)(const struct matmul_args *a) {
    matmul_groups(a, sizeof(struct block_q4_0x16), q4_0x16_dots);
}
