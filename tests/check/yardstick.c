// SPDX-License-Identifier: MIT
// Yardsticks have no result to compare: they must stay inside their memory, write their sink, and
// take time that grows with the iterations and that no machine could beat.
#include "tests/check/check.h"

#include <string.h>
#include <time.h>

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void one(struct check *c, ptrdiff_t bytes, ptrdiff_t iterations) {
    if (!check_case(c, "%td bytes, %td iterations", bytes, iterations)) return;
    struct yardstick_args a = {.bytes = bytes, .iterations = iterations};
    void *buffer = check_input(c, "buffer", (size_t)bytes, 64, AT_GUARD);
    data_floats(c, DATA_RANDOM, buffer, bytes / 4);
    unsigned char *sink = check_output(c, "sink", 64, 64), before[64];
    memcpy(before, sink, sizeof before);
    check_writes(c, sink, 64);
    a.buffer = buffer, a.sink = sink;
    if (!check_run(c, &a)) return;
    if (!memcmp(before, sink, sizeof before)) check_fail(c, "the sink was not written");
}

// 8 GHz and 512 bytes read, 64 multiply-adds, 256 int8 multiply-adds, one dependent addition or 16
// instructions a cycle.
static double least_ns(enum op op, const struct shape *s) {
    const struct op_info *info = op_info(op);
    switch (op) {
    case OP_read_stream:
        return info->bytes(s) / 512 / 8;
    case OP_fma_peak:
        return info->ops(s) / 128 / 8;
    case OP_int8dot_peak:
        return info->ops(s) / 512 / 8;
    case OP_add_chain:
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
    ptrdiff_t bytes = 65536, few = c->kernel->op == OP_read_stream ? 100 : 5000, many = 4 * few;
    if (!check_case(c, "time of %td and of %td iterations", few, many)) return;
    void *buffer = check_input(c, "buffer", (size_t)bytes, 64, AT_GUARD);
    data_floats(c, DATA_RANDOM, buffer, bytes / 4);
    void *sink = check_output(c, "sink", 64, 64);
    check_writes(c, sink, 64);
    struct yardstick_args a = {buffer, bytes, few, sink};
    double few_ns = best_ns(c, &a);
    a.iterations = many;
    double many_ns = best_ns(c, &a);
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
    timing(c);
}
