// SPDX-License-Identifier: MIT
// Order statistics of measured values.
#pragma once
#include <stddef.h>

// The q-quantile, 0 <= q <= 1, linear between the two nearest order statistics (the median of four
// is the mean of the middle two). Sorts `values`, none of which may be NaN. NaN of no values.
double quantile_of(double *values, size_t count, double q);
