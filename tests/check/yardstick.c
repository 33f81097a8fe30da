// SPDX-License-Identifier: MIT
// Most yardsticks have no result to compare: they must stay inside their memory, write their sink,
// and take time that grows with the iterations and that no machine could beat.
#include "tests/check/check.h"

#include <string.h>
#include <time.h>

#include "kernels/chase.h"

enum { BYTES_MAX = 65536 };

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static bool writes_buffer(enum op op) {
    return op == OP_write_stream || op == OP_copy_stream || op == OP_triad;
}

// The buffer of a case, filled; `first` is its content before the call.
static void *buffer_of(struct check *c, ptrdiff_t bytes, unsigned char *first) {
    bool writes = writes_buffer(c->kernel->op);
    void *buffer = writes ? check_output(c, "buffer", (size_t)bytes, 64)
                          : check_input(c, "buffer", (size_t)bytes, 64, AT_GUARD);
    data_floats(c, DATA_RANDOM, buffer, bytes / 4);
    if (c->kernel->op == OP_pointer_chase) chase_fill(buffer, (size_t)bytes, check_random(c));
    if (writes) check_writes(c, buffer, (size_t)bytes);
    memcpy(first, buffer, (size_t)bytes);
    return buffer;
}

// What the ops that write left behind, and where the chase stands.
static void check_result(struct check *c, const struct yardstick_args *a,
                         const unsigned char *first) {
    static unsigned char want[BYTES_MAX];
    size_t bytes = (size_t)a->bytes, third = bytes / 768 * 256;
    uint32_t one = 1;
    memcpy(want, first, bytes);
    switch (c->kernel->op) {
    case OP_write_stream:
        for (size_t i = 0; i < bytes; i += 4) memcpy(want + i, &one, sizeof one);
        break;
    case OP_copy_stream:
        memcpy(want + bytes / 2, first, bytes / 2);
        break;
    case OP_triad:
        for (size_t i = 0; i < third; i += 4) {
            float b, half;
            memcpy(&b, first + third + i, sizeof b);
            memcpy(&half, first + 2 * third + i, sizeof half);
            b += 0.5f * half;
            memcpy(want + i, &b, sizeof b);
        }
        break;
    case OP_pointer_chase: {
        const void *at = a->buffer, *got;
        for (ptrdiff_t i = 0; i < 64 * a->iterations; i++) memcpy(&at, at, sizeof at);
        memcpy(&got, a->sink, sizeof got);
        if (got != at) check_fail(c, "the chase stands at %p, should be %p", got, at);
        break;
    }
    default:
        break;
    }
    check_same(c, a->buffer, want, bytes, 4, "buffer");
}

static void one(struct check *c, ptrdiff_t bytes, ptrdiff_t iterations) {
    static unsigned char first[BYTES_MAX];
    if (!check_case(c, "%td bytes, %td iterations", bytes, iterations)) return;
    struct yardstick_args a = {.bytes = bytes, .iterations = iterations};
    a.buffer = buffer_of(c, bytes, first);
    unsigned char *sink = check_output(c, "sink", 64, 64), before[64];
    memcpy(before, sink, sizeof before);
    check_writes(c, sink, 64);
    a.sink = sink;
    if (!check_run(c, &a)) return;
    if (!memcmp(before, sink, sizeof before)) check_fail(c, "the sink was not written");
    check_result(c, &a, first);
}

// Sattolo's cycle visits every line before it comes back.
static void cycle(struct check *c, ptrdiff_t lines) {
    static unsigned char first[BYTES_MAX];
    if (!check_case(c, "a cycle of %td lines", lines)) return;
    const void *buffer = buffer_of(c, lines * CHASE_LINE_BYTES, first), *at = buffer;
    ptrdiff_t steps = 0;
    do {
        memcpy(&at, at, sizeof at);
        steps++;
    } while (at != buffer && steps <= lines);
    if (steps != lines) check_fail(c, "back after %td steps", steps);
}

// 8 GHz and 512 bytes read, 64 multiply-adds, 256 int8 multiply-adds, one dependent addition or 16
// instructions a cycle.
static double least_ns(enum op op, const struct shape *s) {
    const struct op_info *info = op_info(op);
    switch (op) {
    case OP_read_stream:
    case OP_write_stream:
    case OP_copy_stream:
    case OP_triad:
        return info->bytes(s) / 512 / 8;
    case OP_fma_peak:
        return info->ops(s) / 128 / 8;
    case OP_int8dot_peak:
    case OP_bf16dot_peak:
        return info->ops(s) / 512 / 8;
    case OP_add_chain:
    case OP_pointer_chase:
        return info->ops(s) / 8;
    default:
        return info->ops(s) / 16 / 8;
    }
}

static double best_ns(struct check *c, const struct yardstick_args *a) {
    double best = 0;
    for (int i = 0; i < 5 && !c->failed; i++) {
        double from = now_ns();
        if (!check_run(c, a)) break;
        double ns = now_ns() - from;
        if (i == 0 || ns < best) best = ns;
    }
    return best;
}

static void timing(struct check *c) {
    static unsigned char first[BYTES_MAX];
    struct shape one_pass = {.rows = BYTES_MAX, .cols = 1};
    ptrdiff_t bytes = BYTES_MAX, few = op_info(c->kernel->op)->bytes(&one_pass) > 0 ? 1000 : 5000;
    ptrdiff_t many = 4 * few;
    if (!check_case(c, "time of %td and of %td iterations", few, many)) return;
    void *buffer = buffer_of(c, bytes, first);
    void *sink = check_output(c, "sink", 64, 64);
    check_writes(c, sink, 64);
    struct yardstick_args a = {buffer, bytes, few, sink};
    // A neighbour may slow all of the short calls and none of the long ones: tried again then.
    double few_ns = 0, many_ns = 0;
    for (int attempt = 0; attempt < 5 && many_ns <= 2 * few_ns && !c->failed; attempt++) {
        a.iterations = few;
        few_ns = best_ns(c, &a);
        a.iterations = many;
        many_ns = best_ns(c, &a);
    }
    struct shape shape = {.rows = bytes, .cols = many};
    if (!c->failed && many_ns < least_ns(c->kernel->op, &shape))
        check_fail(c, "%.0f ns: no machine does %.0f ops and %.0f bytes in it", many_ns,
                   op_info(c->kernel->op)->ops(&shape), op_info(c->kernel->op)->bytes(&shape));
    if (!c->failed && many_ns < 2 * few_ns) // of 4 times the work; a busy machine only adds
        check_fail(c, "%.0f ns for %td iterations, %.0f for %td: not all are done", few_ns, few,
                   many_ns, many);
}

void check_yardstick(struct check *c) {
    for (ptrdiff_t bytes = 1024; bytes <= 8192; bytes += 1024)
        for (ptrdiff_t iterations = 1; iterations <= 5; iterations++) one(c, bytes, iterations);
    if (c->kernel->op == OP_pointer_chase)
        for (ptrdiff_t lines = 2; lines <= 1024; lines = lines * 3 / 2) cycle(c, lines);
    timing(c);
}
