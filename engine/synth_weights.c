// SPDX-License-Identifier: MIT
#include <math.h>
#include <string.h>

#include "engine/synth_parts.h"

// Standard deviations of what the random bits stand for, in units of the scale.
#define Q8_DEVIATION 73.468          // uniform on -127..127 with 0 twice as often
#define Q4_DEVIATION 4.1833001       // uniform on -7..7 with 0 twice as often
#define UNIFORM_DEVIATION 0.57735027 // uniform on (-1, 1)

static uint64_t mix(uint64_t x) { // the finalizer of splitmix64
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}
static uint64_t word(uint64_t key, uint64_t counter) {
    return mix(key + (counter + 1) * 0x9e3779b97f4a7c15u);
}

// Nearest binary16, ties to even; for the finite values in its range that scales are.
static uint16_t half_from(double value) {
    const uint16_t sign = value < 0 ? 0x8000 : 0;
    int exponent;
    const double fraction = frexp(fabs(value), &exponent); // [0.5, 1)
    if (fraction == 0) return sign;
    const int bits = exponent < -13 ? 10 - (-13 - exponent) : 10; // subnormal below 2^-14
    if (bits < 0) return sign;
    const double rounded = nearbyint(ldexp(fraction, bits + 1));
    if (exponent < -13) return (uint16_t)(sign | (unsigned)rounded);
    return (uint16_t)(sign |
                      (unsigned)((exponent + 13) * 1024 + (int)rounded)); // a carry is right too
}

// Nearest bf16 of a finite float.
static uint16_t bf16_from(double value) {
    const float rounded = (float)value;
    uint32_t bits;
    memcpy(&bits, &rounded, sizeof bits);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

void synth_weights_prepare(struct weights *w, enum format format, ptrdiff_t cols, uint64_t seed,
                           const char *name) {
    uint64_t hash = 14695981039346656037u; // FNV-1a
    for (const char *p = name; *p; p++) hash = (hash ^ (unsigned char)*p) * 1099511628211u;
    *w = (struct weights){.format = format, .cols = cols, .key = mix(seed + mix(hash))};
    const double deviation = 1 / sqrt((double)cols);
    if (format == FORMAT_f16) {
        for (int i = 0; i < 4096; i++)
            w->table.values[i] = half_from(((i + 0.5) / 2048 - 1) * deviation / UNIFORM_DEVIATION);
    } else if (format == FORMAT_bf16) {
        for (int i = 0; i < 4096; i++)
            w->table.values[i] = bf16_from(((i + 0.5) / 2048 - 1) * deviation / UNIFORM_DEVIATION);
    } else if (format == FORMAT_q8_0 || format == FORMAT_q4_0) {
        const double scale = deviation / (format == FORMAT_q8_0 ? Q8_DEVIATION : Q4_DEVIATION);
        for (int i = 0; i < 256; i++) w->table.scales[i] = half_from(scale * (0.75 + i / 512.0));
    }
}

static void fill_f32(const struct weights *w, uint64_t first, uint64_t count, float *out) {
    for (uint64_t i = 0; i < count; i++)
        out[i] = (float)(0.95 + 0.1 * (double)(word(w->key, first + i) >> 40) / (double)(1u << 24));
}

static void fill_f16(const struct weights *w, uint64_t first, uint64_t count, uint16_t *out) {
    for (uint64_t i = 0; i < count; i += 4) {
        const uint64_t bits = word(w->key, (first + i) / 4);
        for (unsigned k = 0; k < 4; k++) out[i + k] = w->table.values[bits >> (16 * k) & 0xfff];
    }
}

static void fill_q8_0(const struct weights *w, uint64_t first, uint64_t blocks,
                      unsigned char *out) {
    for (uint64_t b = 0; b < blocks; b++, out += 34) {
        const uint64_t counter = (first + b) * 5;
        uint64_t q[4];
        for (unsigned k = 0; k < 4; k++) q[k] = word(w->key, counter + k);
        memcpy(out, &w->table.scales[word(w->key, counter + 4) & 0xff], 2);
        memcpy(out + 2, q, sizeof q);
        for (unsigned k = 2; k < 34; k++)
            out[k] = out[k] == 0x80 ? 0 : out[k]; // no -128: zero mean
    }
}

static void fill_q4_0(const struct weights *w, uint64_t first, uint64_t blocks,
                      unsigned char *out) {
    const uint64_t ones = 0x1111111111111111u;
    for (uint64_t b = 0; b < blocks; b++, out += 18) {
        const uint64_t counter = (first + b) * 3;
        uint64_t q[2];
        for (unsigned k = 0; k < 2; k++) {
            const uint64_t x = word(w->key, counter + k);
            const uint64_t any = (x | x >> 1 | x >> 2 | x >> 3) & ones;
            q[k] = x | (any ^ ones)
                           << 3; // 8, which stands for 0, where the nibble is 0 (-8): zero mean
        }
        memcpy(out, &w->table.scales[word(w->key, counter + 2) & 0xff], 2);
        memcpy(out + 2, q, sizeof q);
    }
}

void synth_weights_fill(const struct weights *w, ptrdiff_t first_row, ptrdiff_t rows, void *out) {
    const uint64_t first = (uint64_t)(first_row * w->cols), count = (uint64_t)(rows * w->cols);
    switch (w->format) {
    case FORMAT_f32:
        fill_f32(w, first, count, out);
        break;
    case FORMAT_f16:
    case FORMAT_bf16:
        fill_f16(w, first, count, out);
        break;
    case FORMAT_q8_0:
        fill_q8_0(w, first / 32, count / 32, out);
        break;
    case FORMAT_q4_0:
        fill_q4_0(w, first / 32, count / 32, out);
        break;
    default:
        break; // synth_format_known lets no other pass
    }
}
