// SPDX-License-Identifier: MIT
// formats.def as C, and the sizes that follow from it.
#include "kernels/kernels.h"

#include <string.h>

static const struct format_info formats[FORMAT_COUNT] = {
#define FORMAT(name, gguf_type, block_elems, block_bytes, default_act, meaning)                    \
    {#name, meaning, gguf_type, block_elems, block_bytes, FORMAT_##default_act},
#include "kernels/formats.def"
#undef FORMAT
};

const struct format_info *format_info(enum format f) {
    return &formats[f];
}

int format_find(const char *name) {
    for (int f = 0; f < FORMAT_COUNT; f++)
        if (!strcmp(formats[f].name, name)) return f;
    return -1;
}

int format_of_gguf_type(uint32_t gguf_type) {
    for (int f = 0; f < FORMAT_COUNT; f++)
        if (formats[f].gguf_type >= 0 && (uint32_t)formats[f].gguf_type == gguf_type) return f;
    return -1;
}

static size_t round_up_64(size_t bytes) {
    return (bytes + 63) / 64 * 64;
}

size_t a8_32_d_offset(ptrdiff_t cols) {
    return round_up_64((size_t)cols);
}

size_t a8_32_sum_offset(ptrdiff_t cols) {
    return a8_32_d_offset(cols) + round_up_64((size_t)cols / 32 * sizeof(float));
}

size_t format_row_bytes(enum format f, ptrdiff_t cols) {
    if (f == FORMAT_a8_32)
        return a8_32_sum_offset(cols) + round_up_64((size_t)cols / 32 * sizeof(int32_t));
    if (f == FORMAT_panel_bf16) cols = (cols + 1) / 2 * 2; // whole pairs of columns
    ptrdiff_t elems = formats[f].block_elems;
    return (size_t)((cols + elems - 1) / elems * formats[f].block_bytes);
}

size_t panel_bytes(enum format f, ptrdiff_t rows, ptrdiff_t cols) {
    ptrdiff_t groups = (rows + PANEL_GROUP_ROWS - 1) / PANEL_GROUP_ROWS;
    return (size_t)(groups * PANEL_GROUP_ROWS) * format_row_bytes(f, cols);
}
