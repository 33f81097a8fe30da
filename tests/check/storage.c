// SPDX-License-Identifier: MIT
// Rows in and out of their formats: embed_* and kv_store_*, all to the last bit.
#include "tests/check/check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 11 };

static uint32_t f32_bits(float f) {
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

// A value of the format as float bits; a NaN is quiet and keeps its payload.
static uint32_t float_of(enum format f, const void *row, ptrdiff_t col) {
    if (f == FORMAT_f16) {
        uint16_t half;
        memcpy(&half, (const char *)row + 2 * col, sizeof half);
        if ((half & 0x7fff) > 0x7c00)
            return (uint32_t)(half & 0x8000) << 16 | 0x7fc00000u | (uint32_t)(half & 0x3ff) << 13;
    }
    // One product, rounded once: -0 where a zero scale meets a negative quant, as float has it.
    return f32_bits((float)data_value(f, row, col));
}

// sweep: the row holds every f16 there is.
static void one_embed(struct check *c, ptrdiff_t cols, ptrdiff_t tokens, ptrdiff_t gap, int place,
                      enum data data, bool sweep) {
    enum format f = op_info(c->kernel->op)->weights;
    if (!check_case(c, "%tdx%td, data %s, gap %td, w %d past 64%s", cols, tokens, data_names[data],
                    gap, place, sweep ? ", every f16" : ""))
        return;
    ptrdiff_t unit = data_element_bytes(f), rows = sweep ? 1 : ROWS;
    struct embed_args a = {.cols = cols, .tokens = tokens, .y_stride = (cols + gap) * 4};
    a.w_stride = (ptrdiff_t)format_row_bytes(f, cols) + gap * unit;
    size_t w_bytes = (size_t)((rows - 1) * a.w_stride) + format_row_bytes(f, cols);
    char *w = check_input(c, "w", w_bytes, (size_t)unit, place);
    for (ptrdiff_t r = 0; r < rows; r++) data_weights(c, data, f, w + r * a.w_stride, cols);
    if (sweep)
        for (ptrdiff_t i = 0; i < cols; i++) ((uint16_t *)w)[i] = (uint16_t)i;
    int32_t *ids = check_input(c, "ids", (size_t)tokens * 4, 4, AT_GUARD);
    for (ptrdiff_t t = 0; t < tokens; t++)
        ids[t] = (int32_t)(t == 0 ? rows - 1 : check_between(c, 0, rows - 1));
    a.w = w, a.ids = ids;
    a.y = check_output(c, "y", (size_t)((tokens - 1) * a.y_stride + cols * 4), 4);
    for (ptrdiff_t t = 0; t < tokens; t++)
        check_writes(c, (char *)a.y + t * a.y_stride, (size_t)cols * 4);
    if (!check_run(c, &a)) return;
    for (ptrdiff_t t = 0; t < tokens; t++)
        for (ptrdiff_t i = 0; i < cols && !c->failed; i++) {
            uint32_t got, want = float_of(f, w + ids[t] * a.w_stride, i);
            memcpy(&got, (const char *)a.y + t * a.y_stride + 4 * i, sizeof got);
            if (got != want)
                check_fail(c, "y[token %td][%td] = 0x%08x, should be 0x%08x", t, i, got, want);
        }
}

void check_embed(struct check *c) {
    enum format f = op_info(c->kernel->op)->weights;
    ptrdiff_t multiple = format_info(f)->block_elems;
    int data = 0;
    for (ptrdiff_t n = 1; n <= 70; n++)
        one_embed(c, n * multiple, 1 + n % 5, n % 4, AT_GUARD, (enum data)(data++ % DATA_COUNT),
                  false);
    for (int place = 0; place < 64; place += (int)data_element_bytes(f))
        one_embed(c, 3 * multiple, 2, place % 5, place, (enum data)(data++ % DATA_COUNT), false);
    if (f == FORMAT_f16) one_embed(c, 65536, 1, 0, AT_GUARD, DATA_ZEROS, true);
}

// Nearest even, by the arithmetic of doubles.
static uint16_t half_of(float x) {
    double size = fabs((double)x);
    uint16_t sign = (uint16_t)(f32_bits(x) >> 16 & 0x8000), bits;
    if (isnan(x)) return (uint16_t)(sign | 0x7e00 | (f32_bits(x) >> 13 & 0x1ff));
    if (size >= 65520) return (uint16_t)(sign | 0x7c00);
    int exponent = size < 0x1p-14 ? -14 : ilogb(size);
    double units =
        nearbyint(ldexp(size, 10 - exponent)); // of the last place; 2048: the next exponent
    bits = (uint16_t)(units < 1024 ? units : (exponent + 14) * 1024 + units);
    return (uint16_t)(sign | bits);
}

// Around every f16: itself, the middle to the next, and a bit to either side of the middle.
static void fill_boundaries(float *x, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i++) {
        uint16_t half = (uint16_t)(i / 4 % 0x7c00);
        float low = (float)data_f16(half), high = (float)data_f16((uint16_t)(half + 1));
        if (half == 0x7bff) high = 65536;
        float middle = (float)(((double)low + (double)high) / 2);
        x[i] = i % 4 == 0   ? low
               : i % 4 == 1 ? middle
               : i % 4 == 2 ? nextafterf(middle, 0)
                            : nextafterf(middle, INFINITY);
        if (i / 4 % 3 == 1) x[i] = -x[i];
    }
    static const uint32_t special[] = {0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000, 0x7fa12345,
                                       0x7f7fffff, 0x00000001, 0x80000001, 0x80000000, 0x007fffff};
    memcpy(x, special, sizeof special);
}

// The bytes of a row of dim floats: f32, f16, or q8_0 by the rule of ops.def, each float operation
// done in double and rounded once (which gives what float would).
static void store_row(enum format f, unsigned char *to, const float *x, ptrdiff_t dim) {
    for (ptrdiff_t d = 0; d < dim && f == FORMAT_f32; d++) memcpy(to + 4 * d, &x[d], 4);
    for (ptrdiff_t d = 0; d < dim && f == FORMAT_f16; d++) {
        uint16_t half = half_of(x[d]);
        memcpy(to + 2 * d, &half, 2);
    }
    for (ptrdiff_t d = 0; d < dim && f == FORMAT_q8_0; d += 32, to += 34) {
        ptrdiff_t n = dim - d < 32 ? dim - d : 32;
        double amax = 0;
        for (ptrdiff_t i = 0; i < n; i++) amax = fmax(amax, fabs((double)x[d + i]));
        float scale = amax < 0x1p-100 ? 0 : (float)(amax / 127);
        float inverse = amax < 0x1p-100 ? 0 : (float)(1 / (double)scale);
        uint16_t half = half_of(scale);
        memcpy(to, &half, 2);
        memset(to + 2, 0, 32);
        for (ptrdiff_t i = 0; i < n; i++) {
            float product = (float)((double)x[d + i] * (double)inverse);
            to[2 + i] = (unsigned char)(int)round((double)product);
        }
    }
}

// Quotients at and beside the middle between two quants.
static void fill_middles(struct check *c, float *x, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i++) {
        float middle = (float)check_between(c, -127, 126) + 0.5f;
        x[i] = i % 32 == 0 ? 127 : nextafterf(middle, i % 3 ? middle : 200 * (float)(i % 2) - 100);
    }
}

static void one_store(struct check *c, ptrdiff_t heads, ptrdiff_t dim, ptrdiff_t tokens,
                      ptrdiff_t gap, enum data data, bool sweep) {
    enum format f = op_info(c->kernel->op)->weights;
    if (!check_case(c, "%td heads, dim %td, %td tokens, gap %td, data %s%s", heads, dim, tokens,
                    gap, data_names[data],
                    !sweep             ? ""
                    : f == FORMAT_q8_0 ? ", middles between quants"
                                       : ", every boundary of f16"))
        return;
    ptrdiff_t unit = data_element_bytes(f), row_bytes = (ptrdiff_t)format_row_bytes(f, dim);
    struct kv_store_args a = {.heads = heads, .dim = dim, .tokens = tokens};
    a.y_row_stride = row_bytes + gap * unit, a.y_head_stride = (tokens + gap) * a.y_row_stride;
    a.x_head_stride = (dim + gap) * 4, a.x_token_stride = heads * a.x_head_stride + 4 * gap;
    char *x = check_input(
        c, "x", (size_t)((tokens - 1) * a.x_token_stride + (heads - 1) * a.x_head_stride + dim * 4),
        4, AT_GUARD);
    char *y = check_output(
        c, "y", (size_t)((heads - 1) * a.y_head_stride + (tokens - 1) * a.y_row_stride + row_bytes),
        (size_t)unit);
    for (ptrdiff_t t = 0; t < tokens; t++)
        for (ptrdiff_t h = 0; h < heads; h++) {
            float *head = (float *)(x + t * a.x_token_stride + h * a.x_head_stride);
            data_floats(c, data, head, dim);
            if (sweep && f == FORMAT_q8_0)
                fill_middles(c, head, dim);
            else if (sweep)
                fill_boundaries(head, dim);
            check_writes(c, y + h * a.y_head_stride + t * a.y_row_stride, (size_t)row_bytes);
        }
    a.x = (const float *)x, a.y = y;
    if (!check_run(c, &a)) return;
    unsigned char *want = malloc((size_t)row_bytes);
    if (!want) abort();
    for (ptrdiff_t t = 0; t < tokens; t++)
        for (ptrdiff_t h = 0; h < heads && !c->failed; h++) {
            char name[64];
            store_row(f, want, (const float *)(x + t * a.x_token_stride + h * a.x_head_stride),
                      dim);
            snprintf(name, sizeof name, "y[head %td][token %td]", h, t);
            check_same(c, y + h * a.y_head_stride + t * a.y_row_stride, want, (size_t)row_bytes,
                       f == FORMAT_q8_0 ? 1 : (size_t)unit, name);
        }
    free(want);
}

void check_kv_store(struct check *c) {
    int data = 0;
    for (ptrdiff_t dim = 1; dim <= 70; dim++)
        one_store(c, 1 + dim % 3, dim, 1 + dim % 4, dim % 5, (enum data)(data++ % DATA_COUNT),
                  false);
    for (ptrdiff_t dim = 80; dim <= 272; dim += 16)
        one_store(c, 3, dim, 2, dim % 3, (enum data)(data++ % DATA_COUNT), false);
    one_store(c, 8, 128, 9, 0, DATA_RANDOM, false);
    one_store(c, 1, 4 * 0x7c00, 1, 0, DATA_RANDOM, true);
}
