// SPDX-License-Identifier: MIT
// kernels/exact_counts.def against what is executed: each row's kernel is called with 3 and with 6
// iterations, instruction by instruction, and every instruction is decoded. x86-64: a forked child
// under PTRACE_SINGLESTEP. AArch64: an interpreter walks the function (qemu-user cannot step).
#include <stdio.h>
#include <string.h>

#include "kernels/exact_counts.h"
#include "tests/case.h"
#include "tests/counts/walk.h"

enum { ITERATIONS = 3, BUFFER_BYTES = 65536 };

static int count(const struct kernel *k, ptrdiff_t bytes, ptrdiff_t iterations,
                 struct exact_counts *c) {
    static _Alignas(64) unsigned char buffer[BUFFER_BYTES], sink[64];
    struct yardstick_args a = {buffer, bytes ? bytes : 1024, iterations, sink};
    uint64_t seed = 20;
    memcpy(buffer, &seed, sizeof seed);
    return walk(k, &a, c);
}

static int same(const char *what, double got, double want) {
    if (got == want) return 0;
    case_fail("%s: %g, the table says %g", what, got, want);
    return 1;
}

// Of a call of n iterations. What is statistical lies between none and all.
static int compare(const struct exact_row *r, const struct exact_counts *got, double n) {
    const struct exact_counts *each = &r->iteration, *call = &r->call;
    int wrong = 0;
#define SAME(field) wrong += same(#field, got->field, call->field + n * each->field)
    SAME(instructions);
    SAME(loads);
    SAME(stores);
    SAME(branches);
    SAME(vector);
    SAME(dot);
    SAME(flops);
    SAME(load_bytes);
    SAME(store_bytes);
    if (r->variance == 0) {
        SAME(taken_branches);
        wrong += same("mispredictions", 0, each->mispredictions);
    } else {
        double low = call->taken_branches + n * (each->taken_branches - each->mispredictions);
        if (got->taken_branches < low || got->taken_branches > low + n) {
            case_fail("taken: %g of %g iterations", got->taken_branches, n);
            wrong++;
        }
    }
    return wrong;
}

static int check_row(const void *argument) {
    const struct exact_row *r = argument;
    const struct kernel *k = kernel_find_symbol(r->symbol);
    struct exact_counts got;
    if (!k) {
        case_fail("%s: no such kernel", r->symbol);
        return 1;
    }
    if (!kernel_usable(k)) return 77;
    for (ptrdiff_t n = ITERATIONS; n <= 2 * ITERATIONS; n += ITERATIONS) {
        int status = count(k, r->buffer_bytes, n, &got);
        if (status) return status;
        if (compare(r, &got, (double)n)) return 1;
    }
    return 0;
}

// The pattern of count_mispredictions takes its branch about as often as not: 1000 iterations.
static int check_pattern(const void *argument) {
    (void)argument;
    const struct kernel *k = kernel_find(OP_count_mispredictions, "asm");
    const struct exact_row *r = exact_counts_find(k);
    struct exact_counts got;
    int status = count(k, 1024, 1000, &got);
    if (status) return status;
    double off = got.taken_branches - r->call.taken_branches - 1000 * r->iteration.taken_branches;
    if (off * off <= 16 * 1000 * r->variance) return 0;
    case_fail("%g branches taken in 1000 iterations", got.taken_branches);
    return 1;
}

int main(int argc, char **argv) {
    static struct test_case cases[64];
    size_t n = exact_counts_rows();
    for (size_t i = 0; i < n; i++)
        cases[i] = (struct test_case){exact_counts_at(i)->symbol, check_row, exact_counts_at(i)};
    cases[n] = (struct test_case){"pattern", check_pattern, NULL};
    return case_main(argc, argv, cases, n + 1);
}
