// SPDX-License-Identifier: MIT
// Times a kernel in slices that alternate with the yardsticks on the same thread. One call is one
// slice; calls below 50 us are repeated. Fractions are medians of paired fractions. What people
// compare with is `inferometer compare`; this is the short way while a kernel is written.
#include "tests/check/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "experiments/failure.h"
#include "experiments/kernel_data.h"
#include "experiments/kernel_work.h"

enum { ROUNDS = 41, ROUND_BUDGET_NS = 15000000, SLICE_NS = 50000, CACHED_BYTES = 1 << 20 };

struct bench {
    const struct kernel *kernel;
    struct shape shape;
    struct kernel_work *work;
    ptrdiff_t unit;      // where the next call begins
    unsigned char *ring; // NULL: the same operands every time
    size_t ring_bytes, ring_next;
};

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void *memory(size_t bytes) {
    void *p = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
    if (!p) {
        fputs("check_kernels: out of memory\n", stderr);
        exit(1);
    }
    memset(p, 1, (bytes + 4095) / 4096 * 4096);
    return p;
}

// ns of one call, from as many calls as fill a slice.
static double slice_ns(struct bench *b, ptrdiff_t calls) {
    ptrdiff_t end = b->unit + calls * kernel_work_units(b->work);
    b->ring_next = kernel_work_place(b->work, b->unit, end, b->ring_next);
    double from = now_ns();
    kernel_work_call(b->work, b->kernel, 0, b->unit, end);
    double to = now_ns();
    b->unit = end;
    return (to - from) / (double)calls;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *values, int n) {
    double sorted[ROUNDS];
    memcpy(sorted, values, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, by_value);
    return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

static double least(const double *values, int n) {
    double least_value = values[0];
    for (int i = 1; i < n; i++) least_value = values[i] < least_value ? values[i] : least_value;
    return least_value;
}

// The best rate per ns of an op's usable variants, one slice each, over this buffer.
static double ceiling(enum op op, const void *buffer, ptrdiff_t bytes, ptrdiff_t iterations,
                      char *sink) {
    double best = 0;
    struct shape s = {.rows = bytes, .cols = iterations};
    struct yardstick_args a = {buffer, bytes, iterations, sink};
    double amount = op == OP_read_stream ? op_info(op)->bytes(&s) : op_info(op)->ops(&s);
    for (size_t i = 0; i < kernel_count(); i++) {
        const struct kernel *k = kernel_at(i);
        if (k->op != op || !kernel_usable(k)) continue;
        if (k->isa == ISA_c && kernel_select(op, 1, 0, NULL) != k) continue;
        double from = now_ns();
        k->run.yardstick(&a);
        double rate = amount / (now_ns() - from);
        best = rate > best ? rate : best;
    }
    return best;
}

static const char *default_shape(enum op_class op_class) {
    switch (op_class) {
    case CLASS_matmul:
    case CLASS_panel:
        return "2048x2048";
    case CLASS_attention:
        return "1024x8x4x64";
    case CLASS_state:
        return "64x32";
    case CLASS_yardstick:
        return "65536x1000";
    default:
        return "2048";
    }
}

static int set(struct bench *b, const char *text, size_t ring_bytes) {
    const struct op_info *op = op_info(b->kernel->op);
    char message[256], with_tokens[64];
    if (!text && op->op_class == CLASS_matmul) {
        snprintf(with_tokens, sizeof with_tokens, "2048x2048x%td", b->kernel->tokens_min);
        text = with_tokens;
    }
    if (!text) text = default_shape(op->op_class);
    if (shape_parse(b->kernel->op, text, &b->shape, message, sizeof message)) {
        fprintf(stderr, "check_kernels: %s\n", message);
        return 2;
    }
    if (ring_bytes) {
        b->ring = memory(ring_bytes);
        b->ring_bytes = ring_bytes;
        kernel_data_fill_ring(op->weights, b->ring, ring_bytes, 1);
    }
    const struct kernel_work_options o = {.threads = 1,
                                          .seed = 1,
                                          .kernels = &b->kernel,
                                          .kernel_count = 1,
                                          .ring = b->ring,
                                          .ring_bytes = ring_bytes};
    if (kernel_work_open(&b->work, b->kernel->op, &b->shape, &o)) {
        fprintf(stderr, "check_kernels: %s\n", failure());
        return 2;
    }
    printf("%s %s", b->kernel->symbol, text);
    return 0;
}

// The read ceiling on the memory that calls read: in passes of a call's size.
static double read_ceiling(struct bench *b, double call_bytes, char *fallback, char *sink) {
    size_t bytes = call_bytes > 1024 ? (size_t)call_bytes / 1024 * 1024 : 1024, own = 0;
    if (kernel_work_from_ring(b->work)) {
        if (bytes > b->ring_bytes) bytes = b->ring_bytes / 1024 * 1024;
        size_t from = (b->ring_next + 63) / 64 * 64;
        if (from + bytes > b->ring_bytes) from = 0;
        b->ring_next = from + bytes;
        return ceiling(OP_read_stream, b->ring + from, (ptrdiff_t)bytes, 1, sink);
    }
    const unsigned char *operands = kernel_work_operands(b->work, 0, &own);
    if (operands == NULL || own < 1024) operands = (unsigned char *)fallback, own = CACHED_BYTES;
    own = own / 1024 * 1024;
    return ceiling(OP_read_stream, operands, (ptrdiff_t)own, (4 << 20) / (ptrdiff_t)own + 1, sink);
}

int bench(const struct kernel *k, const char *shape, long ring_mib) {
    struct bench b = {.kernel = k};
    if (set(&b, shape, (size_t)ring_mib << 20)) return 2;
    double bytes = op_info(k->op)->bytes(&b.shape), ops = op_info(k->op)->ops(&b.shape);
    double ns[ROUNDS], of_read[ROUNDS], of_fma[ROUNDS], of_int8[ROUNDS];
    double read_best = 0, fma_best = 0, int8_best = 0;
    slice_ns(&b, 1);
    double once = slice_ns(&b, 1);
    ptrdiff_t calls = once < SLICE_NS ? (ptrdiff_t)(SLICE_NS / (once + 1)) + 1 : 1;
    int rounds = (int)(ROUND_BUDGET_NS * (double)ROUNDS / (once * (double)calls + 500000));
    rounds = rounds > ROUNDS ? ROUNDS : rounds < 5 ? 5 : rounds;
    char *sink = memory(64), *fallback = memory(CACHED_BYTES);
    for (int i = 0; i < rounds; i++) {
        ns[i] = slice_ns(&b, calls);
        double read = read_ceiling(&b, bytes, fallback, sink);
        double fma = ceiling(OP_fma_peak, fallback, 1024, 2000, sink);
        double int8 = ceiling(OP_int8dot_peak, fallback, 1024, 2000, sink);
        of_read[i] = bytes / ns[i] / read;
        of_fma[i] = ops / ns[i] / fma;
        of_int8[i] = ops / ns[i] / int8;
        read_best = read > read_best ? read : read_best;
        fma_best = fma > fma_best ? fma : fma_best;
        int8_best = int8 > int8_best ? int8 : int8_best;
    }
    double best = least(ns, rounds);
    printf("  best %.0f ns  median %.0f ns  (%d slices of %td)\n", best, median(ns, rounds), rounds,
           calls);
    printf("  bytes/s %.2f G  of read %.2f G: %.1f %%\n", bytes / best, read_best,
           100 * median(of_read, rounds));
    printf("  ops/s   %.2f G  of fma %.2f G: %.1f %%  of int8 dot %.2f G: %.1f %%\n", ops / best,
           fma_best, 100 * median(of_fma, rounds), int8_best, 100 * median(of_int8, rounds));
    kernel_work_close(b.work);
    free(b.ring);
    free(sink);
    free(fallback);
    return 0;
}
