// SPDX-License-Identifier: MIT
// Packers: every byte of the panel, against the layout that kernels/args.h states.
#include "tests/check/check.h"

#include <stdlib.h>
#include <string.h>

// The quant and the scale of a packed layout (kernels/layouts.def) or a plain row.
static int quant_of(enum format f, const char *w, ptrdiff_t stride, ptrdiff_t blocks, ptrdiff_t row,
                    ptrdiff_t b, int k, uint16_t *half) {
    const unsigned char *block =
        (const unsigned char *)w + row * stride + b * format_info(f)->block_bytes;
    if (f == FORMAT_q4_0x16 || f == FORMAT_q8_0x16) {
        ptrdiff_t bytes = 16 * format_info(f)->block_bytes;
        int column = f == FORMAT_q4_0x16 ? k % 16 : k;
        block = (const unsigned char *)w + (row / 16 * blocks + b) * bytes;
        memcpy(half, block + bytes - 32 + row % 16 * 2, sizeof *half);
        int q = block[column / 4 * 64 + row % 16 * 4 + column % 4];
        return f == FORMAT_q8_0x16 ? q - 128 : (k < 16 ? q & 15 : q >> 4) - 8;
    }
    memcpy(half, block, sizeof *half);
    if (f == FORMAT_q8_0) return ((const signed char *)block)[2 + k];
    return (k < 16 ? block[2 + k] & 15 : block[2 + k - 16] >> 4) - 8;
}

// Panel i8: groups of 16 rows of [cols/32] of { uint8 q[8][16][4]; float d[16] }.
static void want_i8(unsigned char *want, enum format f, const char *w, ptrdiff_t stride,
                    ptrdiff_t rows, ptrdiff_t cols) {
    for (ptrdiff_t row = 0; row < (rows + 15) / 16 * 16; row++)
        for (ptrdiff_t b = 0; b < cols / 32; b++) {
            unsigned char *block = want + (row / 16 * (cols / 32) + b) * 576;
            uint16_t half = 0;
            for (int k = 0; k < 32; k++) {
                int quant = row < rows ? quant_of(f, w, stride, cols / 32, row, b, k, &half) : 0;
                block[k / 4 * 64 + row % 16 * 4 + k % 4] = (unsigned char)(quant + 128);
            }
            float d = (float)data_f16(half);
            memcpy(block + 512 + row % 16 * 4, &d, sizeof d);
        }
}

// Panel f32: groups of 16 rows of [cols] of float[16].
static void want_f32(unsigned char *want, enum format f, const char *w, ptrdiff_t stride,
                     ptrdiff_t rows, ptrdiff_t cols) {
    for (ptrdiff_t row = 0; row < (rows + 15) / 16 * 16; row++)
        for (ptrdiff_t col = 0; col < cols; col++) {
            float value = row < rows ? (float)data_value(f, w + row * stride, col) : 0.0f;
            memcpy(want + (row / 16 * cols + col) * 64 + row % 16 * 4, &value, sizeof value);
        }
}

// Whole groups of any quants and any finite scales.
static void fill_packed(struct check *c, enum format f, char *w, size_t bytes) {
    size_t block_bytes = 16 * (size_t)format_info(f)->block_bytes;
    for (size_t i = 0; i < bytes; i++) w[i] = (char)check_random(c);
    for (size_t at = block_bytes - 32; at < bytes; at += block_bytes)
        for (size_t r = 0; r < 16; r++) {
            uint16_t half = (uint16_t)check_between(c, 0, 0x7bff);
            if (check_random(c) & 1) half |= 0x8000;
            memcpy(w + at + 2 * r, &half, sizeof half);
        }
}

// Panel bf16: groups of 16 rows of [(cols+1)/2] of bf16[16][2].
static void want_bf16(unsigned char *want, const char *w, ptrdiff_t stride, ptrdiff_t rows,
                      ptrdiff_t cols) {
    memset(want, 0, panel_bytes(FORMAT_panel_bf16, rows, cols));
    for (ptrdiff_t row = 0; row < rows; row++)
        for (ptrdiff_t col = 0; col < cols; col++)
            memcpy(want + (row / 16 * ((cols + 1) / 2) + col / 2) * 64 + row % 16 * 4 + col % 2 * 2,
                   w + row * stride + 2 * col, 2);
}

static void one(struct check *c, ptrdiff_t rows, ptrdiff_t cols, enum data data, ptrdiff_t gap,
                int place) {
    enum format f = op_info(c->kernel->op)->weights;
    ptrdiff_t row_bytes = (ptrdiff_t)format_row_bytes(f, cols), stride = row_bytes + gap;
    if (!check_case(c, "%tdx%td, data %s, gap %td, w %d past 64", rows, cols, data_names[data], gap,
                    place))
        return;
    size_t element = (size_t)data_element_bytes(f);
    bool packed = layout_plain(f) != f;
    size_t w_bytes =
        packed ? panel_bytes(f, rows, cols) : (size_t)((rows - 1) * stride + row_bytes);
    char *w = check_input(c, "w", w_bytes, element, place);
    if (packed)
        fill_packed(c, f, w, w_bytes);
    else
        for (ptrdiff_t r = 0; r < rows; r++) data_weights(c, data, f, w + r * stride, cols);
    enum format to = op_info(c->kernel->op)->activations;
    size_t bytes = panel_bytes(to, rows, cols);
    unsigned char *panel = check_output(c, "panel", bytes, 64);
    check_writes(c, panel, bytes);
    struct panel_args a = {panel, w, stride, rows, cols};
    if (!check_run(c, &a)) return;

    unsigned char *want = malloc(bytes);
    if (!want) abort();
    if (to == FORMAT_i8)
        want_i8(want, f, w, stride, rows, cols);
    else if (to == FORMAT_panel_bf16)
        want_bf16(want, w, stride, rows, cols);
    else
        want_f32(want, f, w, stride, rows, cols);
    check_same(c, panel, want, bytes, 1, "panel byte");
    free(want);
}

void check_panel(struct check *c) {
    enum format f = op_info(c->kernel->op)->weights;
    ptrdiff_t row_block = c->kernel->row_block, most = 2 * row_block + 1;
    ptrdiff_t multiple = format_info(f)->block_elems, element = data_element_bytes(f);
    bool packed = layout_plain(f) != f;
    int data = 0;
#define NEXT_DATA ((enum data)(data++ % DATA_COUNT))
    for (ptrdiff_t rows = 1; rows <= most; rows++) one(c, rows, 96, NEXT_DATA, 0, AT_GUARD);
    for (ptrdiff_t cols = multiple; cols <= (multiple == 1 ? 67 : 17 * 32); cols += multiple) {
        one(c, row_block, cols, NEXT_DATA, 0, AT_GUARD);
        one(c, 5, cols, NEXT_DATA, packed ? 0 : 3 * element, AT_GUARD);
    }
    one(c, row_block + 7, 17 * 32 + (multiple == 1 ? 13 : 0), NEXT_DATA, 0, AT_GUARD);
    for (int place = 0; place < 64; place += (int)element)
        one(c, row_block + 3, 96, NEXT_DATA, packed ? 0 : element * (place % 5), place);
}
