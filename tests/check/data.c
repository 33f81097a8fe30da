// SPDX-License-Identifier: MIT
// The numbers of a case, and what they mean: decoded here in double, apart from kernels/.
#include "tests/check/check.h"

#include <math.h>
#include <string.h>

const char *const data_names[DATA_COUNT] = {"period", "random", "extreme", "zeros", "tiny"};

static const ptrdiff_t period = 251; // prime: no two blocks of a row are alike

double data_f16(uint16_t bits) {
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double magnitude = exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
    if (exponent == 31) magnitude = fraction ? (double)NAN : (double)INFINITY;
    return bits & 0x8000 ? -magnitude : magnitude;
}

static double bits_f32(uint32_t bits) {
    float f;
    memcpy(&f, &bits, sizeof f);
    return (double)f;
}

double data_value(enum format f, const void *row, ptrdiff_t col) {
    const unsigned char *bytes = row;
    uint16_t half;
    switch (f) {
    case FORMAT_f32: {
        uint32_t word;
        memcpy(&word, bytes + 4 * col, 4);
        return bits_f32(word);
    }
    case FORMAT_f16:
        memcpy(&half, bytes + 2 * col, 2);
        return data_f16(half);
    case FORMAT_bf16:
        memcpy(&half, bytes + 2 * col, 2);
        return bits_f32((uint32_t)half << 16);
    case FORMAT_q8_0: {
        const unsigned char *block = bytes + col / 32 * 34;
        int q = block[2 + col % 32];
        memcpy(&half, block, 2);
        return data_f16(half) * (q < 128 ? q : q - 256);
    }
    case FORMAT_q4_0: {
        const unsigned char *block = bytes + col / 32 * 18;
        int pair = block[2 + col % 16];
        memcpy(&half, block, 2);
        return data_f16(half) * ((col % 32 < 16 ? pair & 15 : pair >> 4) - 8);
    }
    default:
        return (double)NAN;
    }
}

static ptrdiff_t planes_d(ptrdiff_t cols) {
    return (cols + 63) / 64 * 64;
}

static ptrdiff_t planes_sum(ptrdiff_t cols) {
    return planes_d(cols) + (cols / 8 + 63) / 64 * 64;
}

double data_activation(enum format f, const void *x, ptrdiff_t cols, ptrdiff_t col) {
    const char *bytes = x;
    if (f == FORMAT_f32 || f == FORMAT_bf16) return data_value(f, x, col);
    return (double)((const float *)(bytes + planes_d(cols)))[col / 32] * ((const int8_t *)x)[col];
}

ptrdiff_t data_element_bytes(enum format f) {
    return f == FORMAT_f32 ? 4 : 2;
}

static int pick(struct check *c, enum data data, ptrdiff_t i, int low, int high) {
    if (data == DATA_PERIOD) return low + (int)((i * 97 + 13) % period % (high - low + 1));
    if (data == DATA_EXTREME && check_random(c) % 4) return check_random(c) & 1 ? low : high;
    return (int)check_between(c, low, high);
}

// A scale, or an element of f16: moderate; extreme: to the largest f16 either way.
static uint16_t f16_bits(struct check *c, enum data data, ptrdiff_t i) {
    uint16_t sign = (uint16_t)(check_random(c) & 0x8000u);
    switch (data) {
    case DATA_PERIOD:
        return (uint16_t)(0x3000 + (i * 97 + 13) % period * 13 + (i % 3 == 0) * 0x8000);
    case DATA_EXTREME:
        return (uint16_t)(sign | check_between(c, 0x0001, 0x7bff));
    case DATA_ZEROS:
        return check_random(c) % 4 ? sign : (uint16_t)check_between(c, 0x2c00, 0x3fff);
    case DATA_TINY:
        return (uint16_t)(sign | check_between(c, 0x0000, 0x07ff));
    default:
        return (uint16_t)(sign | check_between(c, 0x2c00, 0x43ff));
    }
}

static float one_float(struct check *c, enum data data, ptrdiff_t i) {
    double uniform = check_uniform(c, -1, 1);
    switch (data) {
    case DATA_PERIOD:
        return (float)((i * 97 + 13) % period - 125) / 64;
    case DATA_EXTREME:
        return (float)ldexp(uniform, (int)check_between(c, -40, 40));
    case DATA_ZEROS:
        return check_random(c) % 4 ? 0.0f : (float)uniform;
    case DATA_TINY:
        return (float)ldexp(uniform, (int)check_between(c, -140, -120));
    default:
        return (float)uniform;
    }
}

void data_floats(struct check *c, enum data data, float *x, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i++) x[i] = one_float(c, data, i);
}

void data_weights(struct check *c, enum data data, enum format f, void *row, ptrdiff_t cols) {
    unsigned char *bytes = row;
    ptrdiff_t block_bytes = format_info(f)->block_bytes, shift = check_between(c, 0, 250);
    if (data != DATA_PERIOD) shift = 0;
    for (ptrdiff_t i = 0; i < cols / format_info(f)->block_elems; i++) {
        unsigned char *block = bytes + i * block_bytes;
        ptrdiff_t element = i * format_info(f)->block_elems + shift;
        uint16_t half = f16_bits(c, data, i + shift);
        float whole = one_float(c, data, element);
        if (f == FORMAT_f32) memcpy(block, &whole, 4);
        if (f == FORMAT_bf16) memcpy(block, (char *)&whole + 2, 2);
        if (f == FORMAT_f16 || f == FORMAT_q8_0 || f == FORMAT_q4_0) memcpy(block, &half, 2);
        if (f == FORMAT_q8_0)
            for (int k = 0; k < 32; k++)
                block[2 + k] = (unsigned char)pick(c, data, element + k, -128, 127);
        if (f == FORMAT_q4_0)
            for (int k = 0; k < 16; k++)
                block[2 + k] = (unsigned char)(pick(c, data, element + k, 0, 15) |
                                               pick(c, data, element + 16 + k, 0, 15) << 4);
    }
}

void data_activations(struct check *c, enum data data, enum format f, void *x, ptrdiff_t cols) {
    if (f == FORMAT_f32) {
        // Tiny weights times moderate activations: the products stay out of total underflow.
        data_floats(c, data == DATA_TINY ? DATA_RANDOM : data, x, cols);
        return;
    }
    if (f == FORMAT_bf16) {
        for (ptrdiff_t i = 0; i < cols; i++) {
            float value = one_float(c, data == DATA_TINY ? DATA_RANDOM : data, i);
            memcpy((char *)x + 2 * i, (char *)&value + 2, 2);
        }
        return;
    }
    int8_t *q = x;
    float *d = (float *)((char *)x + planes_d(cols));
    int32_t *sums = (int32_t *)((char *)x + planes_sum(cols));
    for (ptrdiff_t b = 0; b < cols / 32; b++) {
        bool zero = data == DATA_ZEROS && check_random(c) % 2;
        d[b] = data == DATA_PERIOD    ? (float)((b * 31 + 7) % period + 1) / 4096
               : data == DATA_EXTREME ? (float)ldexp(1, (int)check_between(c, -40, 40))
               : data == DATA_TINY    ? 0x1p-90f
                                      : (float)check_uniform(c, 0.001, 0.1);
        if (zero) d[b] = 0.0f;
        sums[b] = 0;
        for (int k = 0; k < 32; k++) {
            q[32 * b + k] = zero ? 0 : (int8_t)pick(c, data, 32 * b + k, -127, 127);
            sums[b] += q[32 * b + k];
        }
    }
}
