// SPDX-License-Identifier: MIT
// Core cycles of one call of a kernel at a shape whose operands stay in L1: by the cycle counter
// where there is one (source pmu), else wall time by the frequency that a chain of dependent
// additions shows beside it (source soft).
#pragma once
#include "kernels/kernels.h"

struct core_cycles {
    double cycles, ns; // the least of many calls
    const char *source;
};
// 0, or an exit code with failure() set (EXIT_CANNOT: this machine cannot run the variant).
int core_cycles_measure(const struct kernel *k, const struct shape *s, struct core_cycles *out);
