// SPDX-License-Identifier: MIT
// A point of phase `kernel` or `yardstick` in a block: all arms in slices of equal work, there and
// back in an order that every quad draws anew, between slices of the ceilings that bind.
#pragma once
#include "experiments/kernel_point.h"
#include "experiments/random.h"
#include "experiments/sample.h"

struct kernel_phase {
    const struct protocol *protocol;
    const struct protocol_case *c;
    const struct point *point;
    struct slice_plan plan;
    int block, physical_cores;
    struct ceilings *ceilings; // its canary's ring holds the op's weight format
    struct sampler *sampler;
    struct random *order;
};
// 0, or an exit code with failure() set.
int kernel_phase_run(const struct kernel_phase *phase);
