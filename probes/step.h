// SPDX-License-Identifier: MIT
// Exact instruction counts by single-stepping: the trap flag of x86-64, one SIGTRAP an instruction,
// in this process and thread. It executes whatever the CPU does (AVX-512 too), at about 10^5
// instructions a second. Elsewhere: ENOTSUP.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "probes/region_mark.h"

struct step_block { // an instruction and how often it ran
    uint64_t address, executions;
};
struct step_counts {
    uint64_t instructions, branches, vector, dot, scalar_float;
    const struct step_block *blocks; // by address; the stepper's own, until the next call
    size_t block_count;
};
// Runs fn(a, b) and counts it, the call to it not included. Not more than `limit` instructions:
// the rest runs on uncounted, and the answer is -EFBIG. 0, or a negative errno with probes_error()
// set. Not for several threads at once; takes SIGTRAP meanwhile.
int step_count(region_function *fn, const void *a, const void *b, uint64_t limit,
               struct step_counts *counts);
