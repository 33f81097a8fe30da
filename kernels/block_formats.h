// SPDX-License-Identifier: MIT
// The storage formats as C structs, and their conversion to float: what every C kernel shares.
//
// f16 conversions use the instruction where the compiler's flags have it (F16C, AVX-512, Advanced
// SIMD) and bits otherwise; all give the same bits: denormals are kept, a NaN becomes quiet and
// keeps its upper payload, float to f16 rounds to nearest even. No _Float16: gcc 12 converts it one
// at a time, clang 14 has no such type on x86.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if defined(__F16C__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define BLOCK_COLS 32 // columns that share a scale, in q8_0, q4_0, a8_32 and the panel i8

// GGUF's blocks lie at any even address. The quants are int8_t and are never cast to it: gcc 12.2
// at -O3 -mavx512vnni takes `(int8_t)u8[k] * s8[k]` for an unsigned dot product.
struct block_q8_0 {
    uint16_t d; // f16
    int8_t q[32];
};
struct block_q4_0 {
    uint16_t d;    // f16
    uint8_t q[16]; // byte j: columns j (low nibble) and j + 16 (high); value = d * (nibble - 8)
};
// 32 columns of 16 rows of the panel i8. q[i][row][k] = quant of column 4 * i + k, plus 128.
struct block_i8 {
    uint8_t q[8][16][4];
    float d[16];
};
// 32 columns of 16 rows of the packed layouts (kernels/layouts.def).
struct block_q4_0x16 {
    uint8_t q[4][16][4]; // q[i][row][k]: columns 4 * i + k (low nibble) and 16 more (high)
    uint16_t d[16];
};
struct block_q8_0x16 {
    uint8_t q[8][16][4]; // q[i][row][k]: quant of column 4 * i + k, plus 128
    uint16_t d[16];
};
_Static_assert(sizeof(struct block_q4_0x16) == 16 * 18 && sizeof(struct block_q8_0x16) == 16 * 34,
               "as many bytes as plain");
_Static_assert(sizeof(struct block_q8_0) == 34 && sizeof(struct block_q4_0) == 18, "GGUF's sizes");
_Static_assert(sizeof(struct block_i8) == 576, "16 rows in panel_bytes");

static inline float f32_from_bits(uint32_t bits) {
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static inline uint32_t f32_to_bits(float f) {
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

static inline float bf16_to_f32(uint16_t h) {
    return f32_from_bits((uint32_t)h << 16);
}

// To nearest even; denormals are kept, a NaN becomes quiet and keeps its upper payload.
static inline uint16_t f32_to_bf16(float f) {
    uint32_t bits = f32_to_bits(f);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return (uint16_t)(bits >> 16 | 0x40u);
    return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

static inline float f16_to_f32(uint16_t h) {
#if defined(__F16C__)
    return _cvtsh_ss(h);
#else
    uint32_t sign = (uint32_t)(h & 0x8000u) << 16, magnitude = h & 0x7fffu;
    if (magnitude >= 0x7c00) // infinity, NaN
        return f32_from_bits(sign | 0x7f800000u | (magnitude & 0x3ffu) << 13 |
                             (magnitude > 0x7c00 ? 0x400000u : 0));
    if (magnitude < 0x400) { // zero and denormals: an exact product
        float f = (float)magnitude * 0x1p-24f;
        return f32_from_bits(sign | f32_to_bits(f));
    }
    return f32_from_bits(sign | ((magnitude << 13) + (112u << 23)));
#endif
}

static inline uint16_t f32_to_f16(float f) {
#if defined(__F16C__)
    return (uint16_t)_cvtss_sh(f, _MM_FROUND_TO_NEAREST_INT);
#else
    uint32_t bits = f32_to_bits(f), magnitude = bits & 0x7fffffffu, half;
    if (magnitude > 0x7f800000u)
        half = 0x7e00u | (magnitude >> 13 & 0x1ffu);
    else if (magnitude >= 0x477ff000u) // 65520 and more round to infinity
        half = 0x7c00u;
    else if (magnitude < 0x38800000u) // below 2^-14: the sum's own rounding does ours
        half = f32_to_bits(f32_from_bits(magnitude) + 0.5f) - 0x3f000000u;
    else
        half = (magnitude - (112u << 23) + 0xfffu + (magnitude >> 13 & 1u)) >> 13;
    return (uint16_t)((bits >> 16 & 0x8000u) | half);
#endif
}

// x[0..n) f16 at any even address to float.
static inline void f16_row_to_f32(float *y, const uint16_t *x, ptrdiff_t n) {
    ptrdiff_t i = 0;
#if defined(__AVX512F__)
    for (; i + 16 <= n; i += 16)
        _mm512_storeu_ps(y + i, _mm512_cvtph_ps(_mm256_loadu_si256((const void *)(x + i))));
#endif
#if defined(__F16C__)
    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(y + i, _mm256_cvtph_ps(_mm_loadu_si128((const void *)(x + i))));
#elif defined(__aarch64__)
    for (; i + 4 <= n; i += 4)
        vst1q_f32(y + i, vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(x + i))));
#endif
    for (; i < n; i++) y[i] = f16_to_f32(x[i]);
}

// Columns [c0, c0 + n) of a row in a weight format as floats: a pointer to them, which is `buffer`
// (n floats) unless the row is f32 already. Of block formats c0 and n are multiples of BLOCK_COLS.
typedef const float *columns_fn(const void *row, ptrdiff_t c0, ptrdiff_t n, float *buffer);

static inline const float *f32_columns(const void *row, ptrdiff_t c0, ptrdiff_t n, float *buffer) {
    (void)n, (void)buffer;
    return (const float *)row + c0;
}

static inline const float *f16_columns(const void *row, ptrdiff_t c0, ptrdiff_t n, float *buffer) {
    f16_row_to_f32(buffer, (const uint16_t *)row + c0, n);
    return buffer;
}

static inline const float *bf16_columns(const void *row, ptrdiff_t c0, ptrdiff_t n, float *buffer) {
    const uint16_t *x = (const uint16_t *)row + c0;
    for (ptrdiff_t i = 0; i < n; i++) buffer[i] = bf16_to_f32(x[i]);
    return buffer;
}

static inline const float *q8_0_columns(const void *row, ptrdiff_t c0, ptrdiff_t n, float *buffer) {
    const struct block_q8_0 *w = (const struct block_q8_0 *)row + c0 / BLOCK_COLS;
    for (ptrdiff_t b = 0; b < n / BLOCK_COLS; b++) {
        float d = f16_to_f32(w[b].d), *y = buffer + b * BLOCK_COLS;
        for (int i = 0; i < BLOCK_COLS; i++) y[i] = d * (float)w[b].q[i];
    }
    return buffer;
}

// Of a KV row, whose last block is padded: n may be any.
static inline const float *q8_0_padded_columns(const void *row, ptrdiff_t c0, ptrdiff_t n,
                                               float *buffer) {
    return q8_0_columns(row, c0, (n + BLOCK_COLS - 1) / BLOCK_COLS * BLOCK_COLS, buffer);
}

static inline const float *q4_0_columns(const void *row, ptrdiff_t c0, ptrdiff_t n, float *buffer) {
    const struct block_q4_0 *w = (const struct block_q4_0 *)row + c0 / BLOCK_COLS;
    for (ptrdiff_t b = 0; b < n / BLOCK_COLS; b++) {
        float d = f16_to_f32(w[b].d), *y = buffer + b * BLOCK_COLS;
        for (int i = 0; i < BLOCK_COLS / 2; i++) {
            y[i] = d * (float)((int)(w[b].q[i] & 15) - 8);
            y[i + 16] = d * (float)((int)(w[b].q[i] >> 4) - 8);
        }
    }
    return buffer;
}
