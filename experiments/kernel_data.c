// SPDX-License-Identifier: MIT
#include "experiments/kernel_data.h"

#include <stdlib.h>
#include <string.h>

#include "experiments/random.h"

#define CHUNK_BYTES ((size_t)1 << 20)
#define LINE_BYTES 64

static size_t common_divisor(size_t a, size_t b) {
    while (b != 0) {
        size_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

size_t kernel_data_granule(enum format f) {
    size_t block = (size_t)format_info(f)->block_bytes;
    // Blocks of rows that lie together are one.
    block *= (size_t)(f == FORMAT_i8 ? PANEL_GROUP_ROWS : layout_rows(f));
    return block / common_divisor(block, LINE_BYTES) * LINE_BYTES;
}

// 64 bits a time, the last ones cut: under a mask that keeps sign and mantissa, with the exponent
// of [0.25, 0.5) or [0.5, 1).
static void fill_masked(unsigned char *to, size_t bytes, struct random *r, uint64_t keep,
                        uint64_t set) {
    for (size_t i = 0; i < bytes; i += 8) {
        uint64_t word = (random_next(r) & keep) | set;
        memcpy(to + i, &word, bytes - i < 8 ? bytes - i : 8);
    }
}

// Blocks of a scale of about 0.01 (f16 0x2000 to 0x23ff) and random quants.
static void fill_scaled(unsigned char *to, size_t bytes, struct random *r, size_t block) {
    fill_masked(to, bytes, r, UINT64_MAX, 0);
    for (size_t i = 0; i + 1 < bytes; i += block) {
        to[i + 1] = (unsigned char)(0x20 | (to[i + 1] & 3));
        for (size_t k = 2; block == 34 && k < block && i + k < bytes; k++)
            if (to[i + k] == 0x80) to[i + k] = 0; // as quantizers make them: no -128
    }
}

// The same of rows that lie together: their quants, then their scales.
static void fill_packed(unsigned char *to, size_t bytes, struct random *r, size_t block,
                        size_t rows) {
    fill_masked(to, bytes, r, UINT64_MAX, 0);
    for (size_t i = block * rows; i <= bytes; i += block * rows)
        for (size_t k = 1; k < 2 * rows; k += 2)
            to[i - 2 * rows + k] = (unsigned char)(0x20 | (to[i - 2 * rows + k] & 3));
}

static void fill_i8(unsigned char *to, size_t bytes, struct random *r) {
    for (size_t i = 0; i < bytes; i += 576) { // quants, then scales of 2^-7 and more
        size_t left = bytes - i;
        fill_masked(to + i, left < 512 ? left : 512, r, UINT64_MAX, 0);
        if (left > 512)
            fill_masked(to + i + 512, left < 576 ? left - 512 : 64, r, 0x007fffff007fffffu,
                        0x3c0000003c000000u);
    }
}

void kernel_data_fill(enum format f, void *to, size_t bytes, uint64_t seed) {
    struct random r = random_seeded(seed);
    switch (f) {
    case FORMAT_f32:
    case FORMAT_panel_f32:
        fill_masked(to, bytes, &r, 0x80ffffff80ffffffu, 0x3e0000003e000000u);
        break;
    case FORMAT_f16:
        fill_masked(to, bytes, &r, 0x87ff87ff87ff87ffu, 0x3000300030003000u);
        break;
    case FORMAT_bf16:
    case FORMAT_panel_bf16:
        fill_masked(to, bytes, &r, 0x80ff80ff80ff80ffu, 0x3e003e003e003e00u);
        break;
    case FORMAT_q8_0:
    case FORMAT_q4_0:
        fill_scaled(to, bytes, &r, (size_t)format_info(f)->block_bytes);
        break;
    case FORMAT_i8:
        fill_i8(to, bytes, &r);
        break;
    case FORMAT_q8_0x16:
    case FORMAT_q4_0x16:
        fill_packed(to, bytes, &r, (size_t)format_info(f)->block_bytes, (size_t)layout_rows(f));
        break;
    default: // bytes 0x2c to 0x2f: as f16, bf16 and f32 small, positive, finite
        fill_masked(to, bytes, &r, 0x0303030303030303u, 0x2c2c2c2c2c2c2c2cu);
        break;
    }
}

void kernel_data_fill_ring(enum format f, void *ring, size_t bytes, uint64_t seed) {
    size_t granule = kernel_data_granule(f);
    size_t chunk = (CHUNK_BYTES + granule - 1) / granule * granule;
    unsigned char *to = ring;
    if (chunk > bytes) chunk = bytes;
    kernel_data_fill(f, to, chunk, seed);
    for (size_t i = chunk; i < bytes; i += chunk)
        memcpy(to + i, to, bytes - i < chunk ? bytes - i : chunk);
}

void kernel_data_floats(float *to, size_t count, uint64_t seed) {
    struct random r = random_seeded(seed);
    for (size_t i = 0; i < count; i++)
        to[i] = (float)((double)(random_next(&r) >> 40) / (double)(1 << 23) - 1);
}

int kernel_data_activations(enum format f, void *to, ptrdiff_t cols, uint64_t seed) {
    if (f == FORMAT_f32) {
        kernel_data_floats(to, (size_t)cols, seed);
        return 0;
    }
    if (f != FORMAT_a8_32) {
        kernel_data_fill(f, to, format_row_bytes(f, cols), seed);
        return 0;
    }
    float *x = malloc((size_t)cols * sizeof *x);
    if (x == NULL) return -1;
    const struct row_args a = {.y = to, .x = x, .cols = cols, .tokens = 1};
    kernel_data_floats(x, (size_t)cols, seed);
    kernel_find(OP_quantize_a8_32, "c")->run.row(&a);
    free(x);
    return 0;
}
