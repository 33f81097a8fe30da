// SPDX-License-Identifier: MIT
// Packers: every byte of the panel, against the layout that kernels/args.h states.
#include "tests/check/check.h"

#include <stdlib.h>
#include <string.h>

static void one(struct check *c, ptrdiff_t rows, ptrdiff_t cols, enum data data, ptrdiff_t gap,
                int place) {
    enum format f = op_info(c->kernel->op)->weights;
    ptrdiff_t row_bytes = (ptrdiff_t)format_row_bytes(f, cols), stride = row_bytes + gap;
    if (!check_case(c, "%tdx%td, data %s, gap %td, w %d past 64", rows, cols, data_names[data], gap,
                    place))
        return;
    char *w = check_input(c, "w", (size_t)((rows - 1) * stride + row_bytes), 2, place);
    for (ptrdiff_t r = 0; r < rows; r++) data_weights(c, data, f, w + r * stride, cols);
    size_t bytes = panel_i8_bytes(rows, cols);
    unsigned char *panel = check_output(c, "panel", bytes, 64);
    check_writes(c, panel, bytes);
    struct panel_args a = {panel, w, stride, rows, cols};
    if (!check_run(c, &a)) return;

    unsigned char *want = malloc(bytes);
    if (!want) abort();
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
    check_same(c, panel, want, bytes, 1, "panel byte");
    free(want);
}

void check_panel(struct check *c) {
    ptrdiff_t most = 2 * c->kernel->row_block + 1;
    int data = 0;
#define NEXT_DATA ((enum data)(data++ % DATA_COUNT))
    for (ptrdiff_t rows = 1; rows <= most; rows++) one(c, rows, 96, NEXT_DATA, 0, AT_GUARD);
    for (ptrdiff_t cols = 32; cols <= 17 * 32; cols += 32) {
        one(c, c->kernel->row_block, cols, NEXT_DATA, 0, AT_GUARD);
        one(c, 5, cols, NEXT_DATA, 6, AT_GUARD);
    }
    for (int place = 0; place < 64; place += 2)
        one(c, c->kernel->row_block + 3, 96, NEXT_DATA, 2 * (place % 5), place);
}
