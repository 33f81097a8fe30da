// SPDX-License-Identifier: MIT
// The counting yardsticks in plain C: the same work, of counts that only the compiler knows.
#include "kernels/symbols.h"

#include <string.h>

#define KEEP(x) __asm__ volatile("" : "+r"(x))
#define KEEP_MEMORY(p) __asm__ volatile("" : : "r"(p) : "memory")

static void sink_word(const struct yardstick_args *a, uint64_t x) {
    memset(a->sink, 0, 64);
    memcpy(a->sink, &x, sizeof x);
}

void count_instructions__c(const struct yardstick_args *a) {
    uint64_t sums[4] = {0};
    for (ptrdiff_t n = 0; n < a->iterations; n++)
        for (int i = 0; i < 98; i++) {
            sums[i % 4] += 3;
            KEEP(sums[i % 4]);
        }
    sink_word(a, sums[0]);
}

void count_loads__c(const struct yardstick_args *a) {
    const volatile uint64_t *buffer = a->buffer;
    uint64_t x = 0;
    for (ptrdiff_t n = 0; n < a->iterations; n++)
        for (int i = 0; i < 64; i++) x = buffer[i];
    sink_word(a, x);
}

void count_stores__c(const struct yardstick_args *a) {
    volatile uint64_t *sink = a->sink;
    for (ptrdiff_t n = a->iterations; n > 0; n--)
        for (int i = 0; i < 64; i++) sink[i % 8] = (uint64_t)n;
}

void count_branches__c(const struct yardstick_args *a) {
    uint64_t zero = 0, x = 0;
    for (ptrdiff_t n = 0; n < a->iterations; n++)
        for (int i = 0; i < 16; i++) {
            KEEP(zero);
            if (zero) x++;
        }
    sink_word(a, x);
}

void count_mispredictions__c(const struct yardstick_args *a) {
    uint64_t x, was, difference = 0;
    memcpy(&x, a->buffer, sizeof x);
    memcpy(&was, (char *)a->sink + 8, sizeof was);
    x += was;
    for (ptrdiff_t n = 0; n < a->iterations; n++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        if (x >> 63) {
            difference--;
            KEEP(difference); // two ways to go, not a choice of operands
        } else {
            difference++;
            KEEP(difference);
        }
    }
    sink_word(a, difference);
    memcpy((char *)a->sink + 8, &x, sizeof x);
}

void count_vector__c(const struct yardstick_args *a) {
    float sums[8] = {0}, addend = 0;
    KEEP_MEMORY(&addend);
    for (ptrdiff_t n = 0; n < a->iterations; n++) {
        for (int i = 0; i < 64; i++) sums[i % 8] += addend;
        KEEP_MEMORY(sums);
    }
    memset(a->sink, 0, 64);
    memcpy(a->sink, sums, sizeof sums);
}

void count_dot__c(const struct yardstick_args *a) {
    int8_t w[4] = {0}, x[4] = {0};
    int32_t sum = 0;
    for (ptrdiff_t n = 0; n < a->iterations; n++)
        for (int dot = 0; dot < 64; dot++) {
            KEEP_MEMORY(w);
            KEEP_MEMORY(x);
            for (int k = 0; k < 4; k++) sum += w[k] * x[k];
        }
    sink_word(a, (uint64_t)sum);
}

void planted__c(const struct yardstick_args *a) {
    const volatile uint64_t *buffer = a->buffer;
    uint64_t x = 0;
    for (ptrdiff_t n = 0; n < a->iterations; n++)
        for (int i = 0; i < 32; i++) {
            x += buffer[i];
            for (int k = 0; k < 5; k++) {
                x += 3;
                KEEP(x);
            }
        }
    sink_word(a, x);
}
