// SPDX-License-Identifier: MIT
// Asks each event for which work of known counts exists. The hardware's work comes from the caller
// (loops of kernels/ with their counts); the software events' work is here. What answers wrongly is
// off for the session: counters_open gives it status selftest_failed or zero_suspect, without
// values; what answers rightly is `ok` from then on, and what nobody can ask stays `unverified`.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes/counters.h"

enum selftest_quantity {
    SELFTEST_instructions,
    SELFTEST_loads,
    SELFTEST_stores,
    SELFTEST_branches,
    SELFTEST_mispredictions,
    SELFTEST_vector,     // instructions on vector registers
    SELFTEST_dot,        // of them integer dot products
    SELFTEST_cycles,     // of a chain of dependent one-cycle operations
    SELFTEST_l2_lines,   // lines that the first cache takes from the second or beyond
    SELFTEST_l3_lines,   // lines that the second cache takes from the last
    SELFTEST_dram_lines, // lines that the core takes from memory
    SELFTEST_walks,      // data accesses that need a walk of the page table
    SELFTEST_QUANTITIES
};

struct selftest_loop {
    const char *name; // "count_loads__asm"
    void (*run)(void *arg, uint64_t iterations);
    void *arg;
    uint64_t iterations; // of a measurement; the difference of twice and once as many counts
    // Known counts an iteration. A loop is used for the one quantity that it was made for.
    enum selftest_quantity quantity;
    double each, variance; // variance: of statistical counts, an iteration
};

struct selftest_result {
    char event[96];
    double expected, value; // NaN: no loop; the status demands no value
    enum source source;
    enum status status;
    char reason[320]; // "" where ok
    const char *loop; // "" where there is none
};
// Tests events (NULL: those of this CPU's group and the software events) on the calling thread, and
// keeps the verdicts for this process. At least one loop a quantity; the first of several is used.
// Returns how many results there are; fills at most max.
size_t selftest_run(const struct selftest_loop *loops, size_t loop_count, const char *const *events,
                    size_t event_count, struct selftest_result *results, size_t max);
// Whether one of the events (NULL: any) is asked by loops of this quantity.
bool selftest_asks(const char *const *events, size_t count, enum selftest_quantity q);
// The verdict on an event by its name: ok, selftest_failed, zero_suspect, or unverified.
// *source, where there is a verdict: of the counter that answered.
enum status selftest_verdict(const char *event, enum source *source);
// How a measurement compares with what is expected: within tolerance × expected + slack.
enum status selftest_judge(double expected, double value, double tolerance, double slack);
