// SPDX-License-Identifier: MIT
// Executes a yardstick instruction by instruction and counts what it does, apart from kernels/.
#pragma once
#include "kernels/exact_counts.h"

// 0; 77 where stepping is not allowed; 1 after case_fail. Mispredictions stay 0: nothing sees them.
int walk(const struct kernel *k, const struct yardstick_args *a, struct exact_counts *counts);
