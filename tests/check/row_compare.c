// SPDX-License-Identifier: MIT
// What a token's row must be, and whether it is.
#include "tests/check/row_compare.h"

#include <math.h>
#include <string.h>

const float *row_at(const void *base, ptrdiff_t stride, ptrdiff_t t) {
    return (const float *)((const char *)base + t * stride);
}

// What a row's result depends on besides its own element.
struct of_row {
    double root; // of the mean square, of layernorm about the mean; eps included
    double mean, largest, sum, most; // most: largest |x|; sum: of exp(x - largest)
};

static struct of_row row_of(const struct row_args *a, enum op op, const float *x) {
    struct of_row r = {.largest = -INFINITY};
    double n = (double)a->cols, squares = 0;
    for (ptrdiff_t i = 0; i < a->cols; i++) {
        r.mean += (double)x[i] / n;
        r.largest = fmax(r.largest, (double)x[i]);
        r.most = fmax(r.most, fabs((double)x[i]));
    }
    if (op != OP_layernorm) r.mean = 0;
    for (ptrdiff_t i = 0; i < a->cols; i++) {
        squares += ((double)x[i] - r.mean) * ((double)x[i] - r.mean);
        r.sum += exp((double)x[i] - r.largest);
    }
    r.root = sqrt(squares / n + a->eps);
    return r;
}

static double exact(enum op op, const struct of_row *r, double x, double b, double gain,
                    double bias) {
    const double pi = 3.14159265358979323846;
    switch (op) {
    case OP_rmsnorm:
    case OP_rmsnorm_quantize_a8_32:
        return x / r->root * gain;
    case OP_layernorm:
        return (x - r->mean) / r->root * gain + bias;
    case OP_softmax:
        return exp(x - r->largest) / r->sum;
    case OP_silu_mul:
        return x / (1 + exp(-x)) * b;
    case OP_gelu:
        return x / (1 + exp(-2 * sqrt(2 / pi) * (x + 0.044715 * x * x * x))) * b;
    case OP_gelu_erf:
        return x / 2 * erfc(-x / sqrt(2)) * b;
    default:
        return x + b;
    }
}

void row_compare_floats(struct check *c, const struct row_args *a, const void *y_base,
                        ptrdiff_t y_stride, const void *x, ptrdiff_t t) {
    enum op op = c->kernel->op;
    const float *x_row = row_at(x, a->x_stride, t), *y = row_at(y_base, y_stride, t);
    const float *b = a->b ? row_at(a->b, a->b_stride, t) : NULL;
    struct shape shape = {.cols = a->cols, .tokens = a->tokens};
    struct of_row r = row_of(a, op, x_row);
    double magnitude = 0, gain = 0, bias = 0;
    for (int pass = 0; pass < 2; pass++)
        for (ptrdiff_t i = 0; i < a->cols && !c->failed; i++) {
            double g = a->gain ? (double)a->gain[i] : 1, s = a->bias ? (double)a->bias[i] : 0;
            double want = exact(op, &r, (double)x_row[i], b ? (double)b[i] : 1, g, s);
            if (pass == 0) {
                gain = fmax(gain, fabs(g)), bias = fmax(bias, fabs(s));
                magnitude = fmax(magnitude, fabs(want));
                if (op == OP_layernorm) magnitude = r.most / r.root * gain + bias;
            } else {
                check_near(c, (double)y[i], want,
                           op_info(op)->tolerance(&shape) * UNIT * magnitude + UNDERFLOW_LOSS,
                           "y[token %td][%td]", t, i);
            }
        }
}

void row_compare_argmax(struct check *c, const struct row_args *a, const void *x, ptrdiff_t t) {
    const float *x_row = row_at(x, a->x_stride, t);
    int32_t want = 0;
    for (ptrdiff_t i = a->cols - 1; i >= 0; i--)
        if (x_row[i] >= x_row[want]) want = (int32_t)i;
    check_near(c, ((const int32_t *)a->y)[t], want, 0, "index[token %td]", t);
}

// The pinned arithmetic of ops.def, in float, apart from kernels/reference_rows.c.
void row_compare_planes(struct check *c, const struct row_args *a, const float *x_row,
                        ptrdiff_t t) {
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

void row_compare_bf16(struct check *c, const struct row_args *a, const void *x, ptrdiff_t t) {
    const float *x_row = row_at(x, a->x_stride, t);
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
