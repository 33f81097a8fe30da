// SPDX-License-Identifier: MIT
// The yardsticks in plain C: what a compiler's code reaches, and a clock everywhere (add_chain).
// Empty asm statements keep loops that compute nothing useful from being removed or merged.
#include "kernels/block_formats.h"
#include "kernels/symbols.h"

#include <string.h>

#define KEEP_REGISTER(x) __asm__ volatile("" : "+r"(x))
#define KEEP_MEMORY(p) __asm__ volatile("" : : "r"(p) : "memory")

void read_stream__c(const struct yardstick_args *a) {
    uint64_t sums[8] = {0};
    for (ptrdiff_t n = 0; n < a->iterations; n++) {
        const uint64_t *p = a->buffer;
        for (ptrdiff_t i = 0; i < a->bytes / 8; i += 8)
            for (int k = 0; k < 8; k++) sums[k] += p[i + k];
        KEEP_MEMORY(sums);
    }
    memcpy(a->sink, sums, sizeof sums);
}

// 64 chains, 30 steps each; x stays at 1.
void fma_peak__c(const struct yardstick_args *a) {
    float x[64], factor = 0.5f, term = 0.5f;
    for (int i = 0; i < 64; i++) x[i] = 1.0f;
    KEEP_MEMORY(x);
    __asm__ volatile("" : "+m"(factor), "+m"(term));
    for (ptrdiff_t n = 0; n < a->iterations; n++) {
        for (int i = 0; i < 64; i += 16)
            for (int step = 0; step < 30; step++)
                for (int k = 0; k < 16; k++) x[i + k] = x[i + k] * factor + term;
        KEEP_MEMORY(x);
    }
    memcpy(a->sink, x, 64);
}

// 240 dots of 32 signed bytes.
void int8dot_peak__c(const struct yardstick_args *a) {
    int8_t w[32], x[32];
    int32_t sum = 0; // of one iteration: of all it would overflow
    for (int i = 0; i < 32; i++) w[i] = (int8_t)i, x[i] = (int8_t)-i;
    for (ptrdiff_t n = 0; n < a->iterations; n++) {
        sum = 0;
        for (int dot = 0; dot < 240; dot++) {
            KEEP_MEMORY(w);
            KEEP_MEMORY(x);
            for (int k = 0; k < 32; k++) sum += w[k] * x[k];
            KEEP_REGISTER(sum);
        }
    }
    memset(a->sink, 0, 64);
    memcpy(a->sink, &sum, sizeof sum);
}

// 240 dots of 16 pairs of bf16, each 1: the sum of an iteration stays exact.
void bf16dot_peak__c(const struct yardstick_args *a) {
    uint16_t w[16], x[16];
    float sum = 0;
    for (int i = 0; i < 16; i++) w[i] = x[i] = 0x3f80;
    for (ptrdiff_t n = 0; n < a->iterations; n++) {
        sum = 0;
        for (int dot = 0; dot < 240; dot++) {
            KEEP_MEMORY(w);
            KEEP_MEMORY(x);
            for (int k = 0; k < 16; k++) sum += bf16_to_f32(w[k]) * bf16_to_f32(x[k]);
        }
    }
    memset(a->sink, 0, 64);
    memcpy(a->sink, &sum, sizeof sum);
}

void add_chain__c(const struct yardstick_args *a) {
    uint64_t x = 0;
#define ADD4                                                                                       \
    x += 3;                                                                                        \
    KEEP_REGISTER(x);                                                                              \
    x += 3;                                                                                        \
    KEEP_REGISTER(x);                                                                              \
    x += 3;                                                                                        \
    KEEP_REGISTER(x);                                                                              \
    x += 3;                                                                                        \
    KEEP_REGISTER(x);
#define ADD16 ADD4 ADD4 ADD4 ADD4
    for (ptrdiff_t n = 0; n < a->iterations; n++) {
        ADD16 ADD16 ADD16 ADD16
    }
    memset(a->sink, 0, 64);
    memcpy(a->sink, &x, sizeof x);
}
