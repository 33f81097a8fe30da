// SPDX-License-Identifier: MIT
// All that is counted and predicted of a variant at a shape, without statistics: for `compare
// --source sim|static` and for cases of a protocol with these sources.
#pragma once
#include "experiments/simulate.h"

struct counted_value {
    char name[64];      // "instructions", "predicted_cycles_per_element@neoverse-n1"
    const char *source; // of counts.csv, or two joined: "static-soft"
    const char *unit, *status;
    double value, raw, overhead; // NaN where status says that there is none
    char bound[48];              // what a predicted loop's cycles are made of
    char encoding[112];          // what counted or predicted
};
#define COUNTED_VALUES_MAX 64
struct counted_region {
    const struct kernel *kernel;
    const char *words; // of the shape
    enum arch arch;
    struct shape shape;
    struct sim_counts counts;
};
enum { COUNTED_SIM = 1, COUNTED_STATIC = 2 };

// Simulates all of them (kernel, words, arch and shape are set). 0, or an exit code with failure().
int counted_simulate(struct counted_region *regions, size_t count);
// SIM: the events, instructions, bytes and misses an element, the vector share. STATIC: the hot
// loop's share, cycles and uops that each model predicts, and, of this machine's architecture, core
// cycles an element as measured (source soft or pmu) and what the prediction lacks of them. Values
// that cannot be had are there with a status; *why: the first reason (""). *count of them.
int counted_values(const struct counted_region *r, unsigned what,
                   struct counted_value values[COUNTED_VALUES_MAX], size_t *count, char why[256]);
