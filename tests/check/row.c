// SPDX-License-Identifier: MIT
// The row-wise ops. argmax is exact, and so are planes given the row that they are of; the others
// have the op's tolerance.
#include "tests/check/row_compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct form {
    ptrdiff_t cols, tokens, x_gap, b_gap, y_gap; // gaps in elements
    enum data data;
    int x_place;
    bool in_place, no_gain;
};

// Planes of the normed row that the kernel wrote; without it they must be what they are with it.
static void compare_normed(struct check *c, struct row_args *a, const void *x, bool twice) {
    ptrdiff_t planes = (ptrdiff_t)format_row_bytes(FORMAT_a8_32, a->cols);
    size_t bytes = (size_t)((a->tokens - 1) * a->y_stride + planes);
    char *y = a->y, *again = twice ? check_output(c, "y again", bytes, 64) : y;
    if (twice) {
        a->y = again;
        a->normed_stride = a->cols * 4;
        a->normed = check_output(c, "normed", (size_t)(a->tokens * a->normed_stride), 4);
        check_writes(c, again, bytes);
        check_writes(c, a->normed, (size_t)(a->tokens * a->normed_stride));
        if (!check_run(c, a)) return;
    }
    for (ptrdiff_t t = 0; t < a->tokens && !c->failed; t++) {
        row_compare_floats(c, a, a->normed, a->normed_stride, x, t);
        row_compare_planes(c, a, row_at(a->normed, a->normed_stride, t), t);
        const struct {
            ptrdiff_t at, bytes;
        } parts[] = {{0, a->cols},
                     {(ptrdiff_t)a8_32_d_offset(a->cols), a->cols / 8},
                     {(ptrdiff_t)a8_32_sum_offset(a->cols), a->cols / 8}};
        for (int i = 0; twice && i < 3 && !c->failed; i++)
            check_same(c, y + t * a->y_stride + parts[i].at, again + t * a->y_stride + parts[i].at,
                       (size_t)parts[i].bytes, 1, "planes without normed, byte");
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

static bool is_silu(enum op op) {
    return op == OP_silu_mul || op == OP_gelu || op == OP_gelu_erf || op == OP_softmax;
}

static void fill_x(struct check *c, const struct form *f, float *x) {
    enum op op = c->kernel->op;
    data_floats(c, f->data, x, f->cols);
    for (ptrdiff_t i = 0; i < f->cols; i++) {
        if (is_silu(op) && f->data == DATA_RANDOM) x[i] *= op == OP_silu_mul ? 30 : 8;
        if (is_silu(op) && f->data == DATA_EXTREME) x[i] = (float)check_uniform(c, -200, 200);
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
    if (op == OP_softmax && f->data == DATA_ZEROS)
        for (ptrdiff_t i = 1; i < f->cols; i++) x[i] = check_random(c) & 1 ? -INFINITY : x[i];
    if (op == OP_layernorm && f->data == DATA_PERIOD) // a mean far from 0
        for (ptrdiff_t i = 0; i < f->cols; i++) x[i] += 100;
    if (op == OP_argmax && f->data == DATA_ZEROS)
        for (ptrdiff_t i = 0; i < f->cols; i++) x[i] = check_random(c) & 1 ? -INFINITY : x[i];
}

static void one(struct check *c, struct form f) {
    enum op op = c->kernel->op;
    if (!check_case(c, "%tdx%td, data %s, gaps x %td b %td y %td, x %d past 64%s%s", f.cols,
                    f.tokens, data_names[f.data], f.x_gap, f.b_gap, f.y_gap, f.x_place,
                    f.in_place ? ", in place" : "", f.no_gain ? ", no gain" : ""))
        return;
    bool fused = op == OP_rmsnorm_quantize_a8_32, planes = fused || op == OP_quantize_a8_32;
    bool bf16 = op == OP_quantize_bf16;
    bool may_lack_b = op == OP_gelu || op == OP_gelu_erf;
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
    if (op == OP_silu_mul || op == OP_add || (may_lack_b && !f.no_gain)) {
        float *b =
            check_input(c, "b", (size_t)((f.tokens - 1) * a.b_stride + f.cols * 4), 4, AT_GUARD);
        for (ptrdiff_t t = 0; t < f.tokens; t++)
            data_floats(c, DATA_RANDOM, (float *)((char *)b + t * a.b_stride), f.cols);
        a.b = b;
    }
    if ((op == OP_rmsnorm || op == OP_layernorm || fused) && !f.no_gain) {
        float *gain = check_input(c, "gain", (size_t)f.cols * 4, 4, AT_GUARD);
        data_floats(c, DATA_RANDOM, gain, f.cols);
        a.gain = gain;
    }
    if (op == OP_layernorm && f.cols % 2) {
        float *bias = check_input(c, "bias", (size_t)f.cols * 4, 4, AT_GUARD);
        data_floats(c, DATA_RANDOM, bias, f.cols);
        a.bias = bias;
    }
    if (op == OP_argmax) a.y_stride = 4;
    ptrdiff_t y_row = op == OP_argmax ? 4 : f.cols * 4;
    if (planes) y_row = (ptrdiff_t)format_row_bytes(FORMAT_a8_32, f.cols);
    if (bf16) {
        a.y_stride = (f.cols + f.y_gap) * 2;
        y_row = f.cols * 2;
    }
    size_t y_align = planes ? 64 : bf16 ? 2 : 4;
    if (!f.in_place)
        a.y = check_output(c, "y", (size_t)((f.tokens - 1) * a.y_stride + y_row), y_align);
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
    bool twice = fused && f.tokens % 2; // first without normed
    if (fused && !twice) {
        a.normed_stride = f.in_place ? a.x_stride : (f.cols + f.b_gap) * 4;
        size_t bytes = (size_t)((f.tokens - 1) * a.normed_stride + f.cols * 4);
        a.normed = f.in_place ? x : check_output(c, "normed", bytes, 4);
        for (ptrdiff_t t = 0; t < f.tokens; t++)
            check_writes(c, (char *)a.normed + t * a.normed_stride, (size_t)f.cols * 4);
    }
    void *old = malloc(x_bytes);
    if (!old) abort();
    memcpy(old, x, x_bytes);
    bool ran = check_run(c, &a);
    if (ran && fused) compare_normed(c, &a, old, twice);
    for (ptrdiff_t t = 0; ran && !fused && t < f.tokens && !c->failed; t++) {
        if (op == OP_argmax)
            row_compare_argmax(c, &a, old, t);
        else if (bf16)
            row_compare_bf16(c, &a, old, t);
        else if (planes)
            row_compare_planes(c, &a, row_at(old, a.x_stride, t), t);
        else
            row_compare_floats(c, &a, a.y, a.y_stride, old, t);
    }
    free(old);
}

void check_row(struct check *c) {
    enum op op = c->kernel->op;
    bool planes = op_info(op)->activations == FORMAT_a8_32;
    ptrdiff_t multiple = planes ? 32 : 1;
    bool may_alias = !planes && op != OP_quantize_bf16 && op != OP_argmax;
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
