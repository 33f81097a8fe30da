// SPDX-License-Identifier: MIT
// layouts.def as C: which format is the packed form of which, and the packing itself.
#include "kernels/kernels.h"

#include <string.h>

#include "kernels/block_formats.h"

static const struct {
    enum format packed, plain;
    ptrdiff_t rows;
} layouts[] = {
#define LAYOUT(packed, plain, rows) {FORMAT_##packed, FORMAT_##plain, rows},
#include "kernels/layouts.def"
#undef LAYOUT
};
enum { COUNT = sizeof layouts / sizeof *layouts };

int layout_of(enum format plain) {
    for (int i = 0; i < COUNT; i++)
        if (layouts[i].plain == plain) return (int)layouts[i].packed;
    return -1;
}

int layout_for(enum format plain, unsigned isas) {
    int packed = layout_of(plain);
    if (packed < 0) return -1;
    int op =
        op_of(CLASS_matmul, (enum format)packed, format_info((enum format)packed)->default_act);
    for (size_t i = 0; i < kernel_count(); i++) {
        const struct kernel *k = kernel_at(i);
        bool by_hand = k->variant[0] != 'c' || (k->variant[1] && k->variant[1] != '_');
        if ((int)k->op == op && by_hand && isas >> k->isa & 1) return packed;
    }
    return -1;
}

enum format layout_plain(enum format f) {
    for (int i = 0; i < COUNT; i++)
        if (layouts[i].packed == f) return layouts[i].plain;
    return f;
}

ptrdiff_t layout_rows(enum format f) {
    for (int i = 0; i < COUNT; i++)
        if (layouts[i].packed == f) return layouts[i].rows;
    return 1;
}

static void pack_q4_0(struct block_q4_0x16 *to, const char *from, ptrdiff_t row_bytes,
                      ptrdiff_t blocks) {
    for (ptrdiff_t b = 0; b < blocks; b++)
        for (int r = 0; r < 16; r++) {
            const struct block_q4_0 *w = (const struct block_q4_0 *)(from + r * row_bytes) + b;
            to[b].d[r] = w->d;
            for (int k = 0; k < 16; k++) { // byte k holds columns k and k + 16: both of group k / 4
                to[b].q[k / 4][r][k % 4] = w->q[k];
            }
        }
}

static void pack_q8_0(struct block_q8_0x16 *to, const char *from, ptrdiff_t row_bytes,
                      ptrdiff_t blocks) {
    for (ptrdiff_t b = 0; b < blocks; b++)
        for (int r = 0; r < 16; r++) {
            const struct block_q8_0 *w = (const struct block_q8_0 *)(from + r * row_bytes) + b;
            to[b].d[r] = w->d;
            for (int k = 0; k < 32; k++) to[b].q[k / 4][r][k % 4] = (uint8_t)(w->q[k] + 128);
        }
}

void layout_pack(enum format packed, void *to, const void *from, ptrdiff_t rows, ptrdiff_t cols) {
    ptrdiff_t row_bytes = (ptrdiff_t)format_row_bytes(packed, cols), blocks = cols / BLOCK_COLS;
    for (ptrdiff_t r = 0; r < rows; r += 16) {
        const char *w = (const char *)from + r * row_bytes;
        if (packed == FORMAT_q4_0x16)
            pack_q4_0((struct block_q4_0x16 *)to + r / 16 * blocks, w, row_bytes, blocks);
        else
            pack_q8_0((struct block_q8_0x16 *)to + r / 16 * blocks, w, row_bytes, blocks);
    }
}
