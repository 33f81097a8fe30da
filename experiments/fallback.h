// SPDX-License-Identifier: MIT
// `fallback sim`: where there is no cycle counter, the first sample of every arm at every point
// gets counts by simulation: each distinct (variant, shape) that it called is counted once, by
// itself on one thread, and multiplied by its calls.
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "experiments/protocol.h"

bool fallback_wanted(const struct protocol *p);
// Adds the rows to counts.csv in `directory`, whose samples.csv and regions.csv are complete. What
// no simulator can execute, or takes too long to be stepped through, is unsupported. overrides: of
// --set. 0, or an exit code with failure() set.
int fallback_counts(const struct protocol *p, const char *const *overrides, size_t override_count,
                    const char *directory);
