// SPDX-License-Identifier: MIT
// The row-wise ops. quantize_a8_32 and argmax are exact; the others have the op's tolerance.
#include "tests/check/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct form {
    ptrdiff_t cols, tokens, x_gap, b_gap, y_gap; // gaps in elements
    enum data data;
    int x_place;
    bool in_place, no_gain;
};

static const float *row(const void *base, ptrdiff_t stride, ptrdiff_t t) {
    return (const float *)((const char *)base + t * stride);
}

static double exact(enum op op, double x, double b, double gain, double root) {
    if (op == OP_rmsnorm) return x / root * gain;
    if (op == OP_silu_mul) return x / (1 + exp(-x)) * b;
    return x + b;
}

static void compare_floats(struct check *c, const struct row_args *a, const void *x, ptrdiff_t t) {
    const float *x_row = row(x, a->x_stride, t), *y = row(a->y, a->y_stride, t);
    const float *b = a->b ? row(a->b, a->b_stride, t) : NULL;
    struct shape shape = {.cols = a->cols, .tokens = a->tokens};
    double squares = 0, largest = 0;
    for (ptrdiff_t i = 0; i < a->cols; i++) squares += (double)x_row[i] * (double)x_row[i];
    double root = sqrt(squares / (double)a->cols + a->eps);
    for (int pass = 0; pass < 2; pass++)
        for (ptrdiff_t i = 0; i < a->cols && !c->failed; i++) {
            double want = exact(c->kernel->op, (double)x_row[i], b ? (double)b[i] : 0,
                                a->gain ? (double)a->gain[i] : 1, root);
            if (pass == 0)
                largest = fmax(largest, fabs(want));
            else
                check_near(c, (double)y[i], want,
                           op_info(c->kernel->op)->tolerance(&shape) * UNIT * largest +
                               UNDERFLOW_LOSS,
                           "y[token %td][%td]", t, i);
        }
}

static void compare_argmax(struct check *c, const struct row_args *a, const void *x, ptrdiff_t t) {
    const float *x_row = row(x, a->x_stride, t);
    int32_t want = 0;
    for (ptrdiff_t i = a->cols - 1; i >= 0; i--)
        if (x_row[i] >= x_row[want]) want = (int32_t)i;
    check_near(c, ((const int32_t *)a->y)[t], want, 0, "index[token %td]", t);
}

// The pinned arithmetic of ops.def, in float, apart from kernels/reference_rows.c.
static void compare_quantized(struct check *c, const struct row_args *a, const void *x,
                              ptrdiff_t t) {
    const float *x_row = row(x, a->x_stride, t);
    ptrdiff_t d_at = (a->cols + 63) / 64 * 64, sum_at = d_at + (a->cols / 8 + 63) / 64 * 64;
    const char *y = (const char *)a->y + t * a->y_stride;
    for (ptrdiff_t b = 0; b < a->cols / 32 && !c->failed; b++) {
        int8_t q[32];
        int32_t sum = 0;
        float amax = 0, d = 0, inverse = 0;
        for (int i = 0; i < 32; i++) amax = fmaxf(amax, fabsf(x_row[32 * b + i]));
        if (amax >= 0x1p-100f) d = amax / 127, inverse = 127 / amax;
        for (int i = 0; i < 32; i++) {
            float scaled = x_row[32 * b + i] * inverse;
            q[i] = (int8_t)lrintf(scaled);
            sum += q[i];
        }
        check_same(c, y + 32 * b, q, 32, 1, "q of a block");
        check_same(c, y + d_at + 4 * b, &d, 4, 4, "d");
        check_same(c, y + sum_at + 4 * b, &sum, 4, 4, "sum");
    }
}

// Nearest even by the remainder, apart from kernels/block_formats.h.
static uint16_t rounded_bf16(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint32_t upper = bits >> 16, rest = bits & 0xffffu;
    if (isnan(x)) return (uint16_t)(upper | 0x40u);
    return (uint16_t)(upper + (rest > 0x8000u || (rest == 0x8000u && upper % 2)));
}

static void compare_bf16(struct check *c, const struct row_args *a, const void *x, ptrdiff_t t) {
    const float *x_row = row(x, a->x_stride, t);
    const char *y = (const char *)a->y + t * a->y_stride;
    for (ptrdiff_t i = 0; i < a->cols && !c->failed; i++) {
        uint16_t want = rounded_bf16(x_row[i]);
        if (memcmp(y + 2 * i, &want, sizeof want) == 0) continue;
        uint16_t got;
        memcpy(&got, y + 2 * i, sizeof got);
        check_fail(c, "y[token %td][%td] = 0x%04x of %a, expected 0x%04x", t, i, got,
                   (double)x_row[i], want);
    }
}

// Any bits: infinities, NaN, subnormals; and every second time halves between two bf16.
static void fill_bits(struct check *c, float *x, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i++) {
        uint32_t bits = (uint32_t)check_random(c);
        if (check_random(c) % 2) bits = (bits & 0xffff0000u) | 0x8000u;
        if (check_random(c) % 8 == 0) bits |= 0x7f800000u;
        if (check_random(c) % 8 == 0) bits &= ~0x7f800000u;
        memcpy(&x[i], &bits, sizeof bits);
    }
}

static void fill_x(struct check *c, const struct form *f, float *x) {
    enum op op = c->kernel->op;
    data_floats(c, f->data, x, f->cols);
    for (ptrdiff_t i = 0; i < f->cols; i++) {
        if (op == OP_silu_mul && f->data == DATA_RANDOM) x[i] *= 30;
        if (op == OP_silu_mul && f->data == DATA_EXTREME) x[i] = (float)check_uniform(c, -200, 200);
        if (op == OP_argmax && f->data != DATA_RANDOM)
            x[i] = (float)check_between(c, -3, 0); // ties
        // Halves: an odd multiple of 1/2 where the block's largest is 127.
        if (op == OP_quantize_a8_32 && f->data == DATA_PERIOD)
            x[i] = i % 32 == 5 ? 127.0f : (float)check_between(c, -253, 253) / 2;
    }
    if (op == OP_quantize_bf16 && f->data != DATA_RANDOM) fill_bits(c, x, f->cols);
    if (op == OP_quantize_a8_32 && f->data == DATA_EXTREME)
        for (ptrdiff_t b = 0; b < f->cols / 32; b++) { // each block at its own size, to both ends
            int exponent = (int)check_between(c, -149, 127);
            for (int i = 0; i < 32; i++)
                x[32 * b + i] = (float)ldexp(check_uniform(c, -1, 1), exponent);
        }
    if (op == OP_argmax && f->data == DATA_ZEROS)
        for (ptrdiff_t i = 0; i < f->cols; i++) x[i] = check_random(c) & 1 ? -INFINITY : x[i];
}

static void one(struct check *c, struct form f) {
    enum op op = c->kernel->op;
    if (!check_case(c, "%tdx%td, data %s, gaps x %td b %td y %td, x %d past 64%s%s", f.cols,
                    f.tokens, data_names[f.data], f.x_gap, f.b_gap, f.y_gap, f.x_place,
                    f.in_place ? ", in place" : "", f.no_gain ? ", no gain" : ""))
        return;
    bool planes = op == OP_quantize_a8_32, bf16 = op == OP_quantize_bf16;
    struct row_args a = {.cols = f.cols, .tokens = f.tokens, .eps = 1e-5};
    a.x_stride = (f.cols + f.x_gap) * 4;
    a.b_stride = (f.cols + f.b_gap) * 4;
    a.y_stride = planes ? (ptrdiff_t)format_row_bytes(FORMAT_a8_32, f.cols) + 64 * f.y_gap
                        : (f.cols + f.y_gap) * 4;
    size_t x_bytes = (size_t)((f.tokens - 1) * a.x_stride + f.cols * 4);
    if (f.in_place) a.y_stride = a.x_stride;
    float *x = f.in_place ? check_output(c, "x and y", x_bytes, 4)
                          : check_input(c, "x", x_bytes, 4, f.x_place);
    for (ptrdiff_t t = 0; t < f.tokens; t++) fill_x(c, &f, (float *)((char *)x + t * a.x_stride));
    a.x = x, a.y = x;
    if (op == OP_silu_mul || op == OP_add) {
        float *b =
            check_input(c, "b", (size_t)((f.tokens - 1) * a.b_stride + f.cols * 4), 4, AT_GUARD);
        for (ptrdiff_t t = 0; t < f.tokens; t++)
            data_floats(c, DATA_RANDOM, (float *)((char *)b + t * a.b_stride), f.cols);
        a.b = b;
    }
    if (op == OP_rmsnorm && !f.no_gain) {
        float *gain = check_input(c, "gain", (size_t)f.cols * 4, 4, AT_GUARD);
        data_floats(c, DATA_RANDOM, gain, f.cols);
        a.gain = gain;
    }
    if (op == OP_argmax) a.y_stride = 4;
    ptrdiff_t y_row = op == OP_argmax ? 4 : f.cols * 4;
    if (bf16) {
        a.y_stride = (f.cols + f.y_gap) * 2;
        y_row = f.cols * 2;
    }
    if (planes) y_row = (ptrdiff_t)format_row_bytes(FORMAT_a8_32, f.cols);
    if (!f.in_place)
        a.y = check_output(c, "y", (size_t)((f.tokens - 1) * a.y_stride + y_row),
                           planes ? 64
                           : bf16 ? 2
                                  : 4);
    for (ptrdiff_t t = 0; t < f.tokens; t++) {
        char *y = (char *)a.y + t * a.y_stride;
        if (planes) { // the padding between the planes is not theirs to write
            check_writes(c, y, (size_t)f.cols);
            check_writes(c, y + a8_32_d_offset(f.cols), (size_t)f.cols / 8);
            check_writes(c, y + a8_32_sum_offset(f.cols), (size_t)f.cols / 8);
        } else {
            check_writes(c, y, (size_t)y_row);
        }
    }
    void *old = malloc(x_bytes);
    if (!old) abort();
    memcpy(old, x, x_bytes);
    if (check_run(c, &a))
        for (ptrdiff_t t = 0; t < f.tokens && !c->failed; t++)
            (op == OP_argmax ? compare_argmax
             : planes        ? compare_quantized
             : bf16          ? compare_bf16
                             : compare_floats)(c, &a, old, t);
    free(old);
}

void check_row(struct check *c) {
    enum op op = c->kernel->op;
    ptrdiff_t multiple = op == OP_quantize_a8_32 ? 32 : 1;
    bool may_alias = op != OP_quantize_a8_32 && op != OP_quantize_bf16 && op != OP_argmax;
    int data = 0;
    for (ptrdiff_t cols = multiple; cols <= 70 * multiple; cols += multiple)
        for (int tokens = 1; tokens <= 3; tokens += 2)
            one(c, (struct form){cols, tokens, 0, 0, 0, (enum data)(data++ % DATA_COUNT), AT_GUARD,
                                 false, cols % 3 == 0});
    for (ptrdiff_t tokens = 1; tokens <= 9; tokens++)
        one(c, (struct form){96, tokens, 3, 1, 2, (enum data)(data++ % DATA_COUNT), AT_GUARD, false,
                             false});
    for (int place = 0; place < 64; place += 4) {
        one(c, (struct form){160, 2, place / 4, 5, 0, (enum data)(data++ % DATA_COUNT), place,
                             false, false});
        if (may_alias)
            one(c, (struct form){101, 2, place / 4, 0, 0, (enum data)(data++ % DATA_COUNT), place,
                                 true, false});
    }
    for (int i = 0; i < DATA_COUNT; i++)
        one(c, (struct form){4096, 2, 0, 0, 0, (enum data)i, AT_GUARD, false, false});
}
