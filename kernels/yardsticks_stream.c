// SPDX-License-Identifier: MIT
// The yardsticks that write, and the chase, in plain C. Their buffers are written, whatever
// yardstick_args says of it (kernels/args.h).
#include "kernels/symbols.h"

#include <string.h>

#define KEEP_MEMORY(p) __asm__ volatile("" : : "r"(p) : "memory")

static void sink_words(const struct yardstick_args *a, uint64_t x) {
    memset(a->sink, 0, 64);
    memcpy(a->sink, &x, sizeof x);
}

static char *written(const struct yardstick_args *a) {
    return (char *)(uintptr_t)a->buffer;
}

void write_stream__c(const struct yardstick_args *a) {
    uint32_t *y = (uint32_t *)(void *)written(a);
    for (ptrdiff_t n = a->iterations; n > 0; n--) {
        for (ptrdiff_t i = 0; i < a->bytes / 4; i++) y[i] = (uint32_t)n;
        KEEP_MEMORY(y);
    }
    sink_words(a, y[0]);
}

void copy_stream__c(const struct yardstick_args *a) {
    ptrdiff_t half = a->bytes / 2;
    const uint64_t *x = a->buffer;
    uint64_t *y = (uint64_t *)(void *)(written(a) + half);
    for (ptrdiff_t n = 0; n < a->iterations; n++) {
        for (ptrdiff_t i = 0; i < half / 8; i++) y[i] = x[i];
        KEEP_MEMORY(y);
    }
    sink_words(a, y[0]);
}

void triad__c(const struct yardstick_args *a) {
    ptrdiff_t floats = a->bytes / 768 * 64;
    float *y = (float *)(void *)written(a);
    const float *b = y + floats, *c = b + floats;
    for (ptrdiff_t n = 0; n < a->iterations; n++) {
        for (ptrdiff_t i = 0; i < floats; i++) y[i] = b[i] + 0.5f * c[i];
        KEEP_MEMORY(y);
    }
    memset(a->sink, 0, 64);
    memcpy(a->sink, y, sizeof *y);
}

void pointer_chase__c(const struct yardstick_args *a) {
    const void *at = a->buffer;
    for (ptrdiff_t n = 0; n < a->iterations; n++)
        for (int i = 0; i < 64; i++) memcpy(&at, at, sizeof at);
    sink_words(a, (uint64_t)(uintptr_t)at);
}
