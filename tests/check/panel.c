// SPDX-License-Identifier: MIT
// Packers: every byte of the panel, against the layout that kernels/args.h states.
#include "tests/check/check.h"

#include <stdlib.h>
#include <string.h>

// Panel i8: groups of 16 rows of [cols/32] of { uint8 q[8][16][4]; float d[16] }.
static void want_i8(unsigned char *want, enum format f, const char *w, ptrdiff_t stride,
                    ptrdiff_t rows, ptrdiff_t cols) {
    for (ptrdiff_t row = 0; row < (rows + 15) / 16 * 16; row++)
        for (ptrdiff_t b = 0; b < cols / 32; b++) {
            unsigned char *block = want + (row / 16 * (cols / 32) + b) * 576;
            uint16_t half = 0;
            if (row < rows)
                memcpy(&half, w + row * stride + b * format_info(f)->block_bytes, sizeof half);
            float d = (float)data_f16(half);
            memcpy(block + 512 + row % 16 * 4, &d, sizeof d);
            for (int k = 0; k < 32; k++) {
                const unsigned char *q =
                    (const unsigned char *)w + row * stride + b * format_info(f)->block_bytes + 2;
                int quant = 0;
                if (row < rows && f == FORMAT_q8_0) quant = ((const signed char *)q)[k];
                if (row < rows && f == FORMAT_q4_0)
                    quant = (k < 16 ? q[k] & 15 : q[k - 16] >> 4) - 8;
                block[k / 4 * 64 + row % 16 * 4 + k % 4] = (unsigned char)(quant + 128);
            }
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

static void one(struct check *c, ptrdiff_t rows, ptrdiff_t cols, enum data data, ptrdiff_t gap,
                int place) {
    enum format f = op_info(c->kernel->op)->weights;
    ptrdiff_t row_bytes = (ptrdiff_t)format_row_bytes(f, cols), stride = row_bytes + gap;
    if (!check_case(c, "%tdx%td, data %s, gap %td, w %d past 64", rows, cols, data_names[data], gap,
                    place))
        return;
    size_t element = (size_t)data_element_bytes(f);
    char *w = check_input(c, "w", (size_t)((rows - 1) * stride + row_bytes), element, place);
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
    else
        want_f32(want, f, w, stride, rows, cols);
    check_same(c, panel, want, bytes, 1, "panel byte");
    free(want);
}

void check_panel(struct check *c) {
    enum format f = op_info(c->kernel->op)->weights;
    ptrdiff_t row_block = c->kernel->row_block, most = 2 * row_block + 1;
    ptrdiff_t multiple = format_info(f)->block_elems, element = data_element_bytes(f);
    int data = 0;
#define NEXT_DATA ((enum data)(data++ % DATA_COUNT))
    for (ptrdiff_t rows = 1; rows <= most; rows++) one(c, rows, 96, NEXT_DATA, 0, AT_GUARD);
    for (ptrdiff_t cols = multiple; cols <= (multiple == 1 ? 67 : 17 * 32); cols += multiple) {
        one(c, row_block, cols, NEXT_DATA, 0, AT_GUARD);
        one(c, 5, cols, NEXT_DATA, 3 * element, AT_GUARD);
    }
    one(c, row_block + 7, 17 * 32 + (multiple == 1 ? 13 : 0), NEXT_DATA, 0, AT_GUARD);
    for (int place = 0; place < 64; place += (int)element)
        one(c, row_block + 3, 96, NEXT_DATA, element * (place % 5), place);
}
