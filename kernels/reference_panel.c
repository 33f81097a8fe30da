// SPDX-License-Identifier: MIT
// The packers in plain C (layout: panel_args in kernels/args.h).
#include "kernels/symbols.h"
#include "kernels/block_formats.h"
#include "kernels/kernels.h"

// The 32 quants of block b of a row, plus 128, and their scale.
typedef float quants_fn(const void *row, ptrdiff_t b, uint8_t q[BLOCK_COLS]);

static float q8_0_quants(const void *row, ptrdiff_t b, uint8_t q[BLOCK_COLS]) {
    const struct block_q8_0 *w = (const struct block_q8_0 *)row + b;
    for (int i = 0; i < BLOCK_COLS; i++) q[i] = (uint8_t)(w->q[i] + 128);
    return f16_to_f32(w->d);
}

static float q4_0_quants(const void *row, ptrdiff_t b, uint8_t q[BLOCK_COLS]) {
    const struct block_q4_0 *w = (const struct block_q4_0 *)row + b;
    for (int i = 0; i < BLOCK_COLS / 2; i++) {
        q[i] = (uint8_t)((w->q[i] & 15) + 120);
        q[i + 16] = (uint8_t)((w->q[i] >> 4) + 120);
    }
    return f16_to_f32(w->d);
}

static void pack(const struct panel_args *a, quants_fn *quants) {
    ptrdiff_t blocks = a->cols / BLOCK_COLS;
    ptrdiff_t groups = (a->rows + PANEL_GROUP_ROWS - 1) / PANEL_GROUP_ROWS;
    for (ptrdiff_t r = 0; r < groups * PANEL_GROUP_ROWS; r++) {
        struct block_i8 *panel = (struct block_i8 *)a->panel + r / PANEL_GROUP_ROWS * blocks;
        ptrdiff_t lane = r % PANEL_GROUP_ROWS;
        for (ptrdiff_t b = 0; b < blocks; b++) {
            uint8_t q[BLOCK_COLS];
            memset(q, 128, sizeof q);
            float d = 0.0f;
            if (r < a->rows) d = quants((const char *)a->w + r * a->w_stride, b, q);
            for (int i = 0; i < 8; i++) memcpy(panel[b].q[i][lane], q + 4 * i, 4);
            panel[b].d[lane] = d;
        }
    }
}

void panel_q8_0_i8__c(const struct panel_args *a) {
    pack(a, q8_0_quants);
}

void panel_q4_0_i8__c(const struct panel_args *a) {
    pack(a, q4_0_quants);
}

// Packed layouts: whole groups of 16 rows; rows that are missing from the last one are left out.
static void pack_groups(const struct panel_args *a, bool nibbles) {
    ptrdiff_t blocks = a->cols / BLOCK_COLS;
    ptrdiff_t groups = (a->rows + PANEL_GROUP_ROWS - 1) / PANEL_GROUP_ROWS;
    for (ptrdiff_t n = 0; n < groups * blocks; n++) {
        const struct block_q4_0x16 *w4 = (const struct block_q4_0x16 *)a->w + n;
        const struct block_q8_0x16 *w8 = (const struct block_q8_0x16 *)a->w + n;
        struct block_i8 *panel = (struct block_i8 *)a->panel + n;
        for (int r = 0; r < PANEL_GROUP_ROWS; r++) {
            bool there = n / blocks * PANEL_GROUP_ROWS + r < a->rows;
            panel->d[r] = there ? f16_to_f32(nibbles ? w4->d[r] : w8->d[r]) : 0.0f;
            for (int i = 0; i < 8; i++)
                for (int k = 0; k < 4; k++) {
                    int q =
                        nibbles ? 120 + (w4->q[i % 4][r][k] >> (i / 4 * 4) & 15) : w8->q[i][r][k];
                    panel->q[i][r][k] = (uint8_t)(there ? q : 128);
                }
        }
    }
}

void panel_q8_0x16_i8__c(const struct panel_args *a) {
    pack_groups(a, false);
}

void panel_q4_0x16_i8__c(const struct panel_args *a) {
    pack_groups(a, true);
}

// Panel f32: COLS_AT_ONCE columns of a row at a time, scattered to their lane.
enum { COLS_AT_ONCE = 256 };
typedef const float *columns_fn(const void *row, ptrdiff_t c0, ptrdiff_t n, float *buffer);

static void pack_f32(const struct panel_args *a, columns_fn *columns) {
    ptrdiff_t groups = (a->rows + PANEL_GROUP_ROWS - 1) / PANEL_GROUP_ROWS;
    for (ptrdiff_t r = 0; r < groups * PANEL_GROUP_ROWS; r++) {
        float *panel = (float *)a->panel + r / PANEL_GROUP_ROWS * PANEL_GROUP_ROWS * a->cols +
                       r % PANEL_GROUP_ROWS;
        const void *row = (const char *)a->w + r * a->w_stride;
        for (ptrdiff_t c0 = 0; c0 < a->cols; c0 += COLS_AT_ONCE) {
            float buffer[COLS_AT_ONCE] = {0};
            ptrdiff_t n = a->cols - c0 < COLS_AT_ONCE ? a->cols - c0 : COLS_AT_ONCE;
            const float *w = r < a->rows ? columns(row, c0, n, buffer) : buffer;
            for (ptrdiff_t c = 0; c < n; c++)
                memcpy(&panel[(c0 + c) * PANEL_GROUP_ROWS], &w[c], sizeof *w);
        }
    }
}

void panel_bf16_bf16__c(const struct panel_args *a) {
    ptrdiff_t groups = (a->rows + PANEL_GROUP_ROWS - 1) / PANEL_GROUP_ROWS;
    ptrdiff_t pairs = (a->cols + 1) / 2;
    for (ptrdiff_t r = 0; r < groups * PANEL_GROUP_ROWS; r++) {
        uint16_t *panel =
            (uint16_t *)a->panel +
            (r / PANEL_GROUP_ROWS * pairs * PANEL_GROUP_ROWS + r % PANEL_GROUP_ROWS) * 2;
        const char *row = (const char *)a->w + r * a->w_stride;
        for (ptrdiff_t c = 0; c < 2 * pairs; c++) {
            uint16_t w = 0;
            if (r < a->rows && c < a->cols) memcpy(&w, row + 2 * c, sizeof w);
            panel[c / 2 * 2 * PANEL_GROUP_ROWS + c % 2] = w;
        }
    }
}

void panel_f32_f32__c(const struct panel_args *a) {
    pack_f32(a, f32_columns);
}

void panel_f16_f32__c(const struct panel_args *a) {
    pack_f32(a, f16_columns);
}

void panel_bf16_f32__c(const struct panel_args *a) {
    pack_f32(a, bf16_columns);
}
