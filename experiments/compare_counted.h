// SPDX-License-Identifier: MIT
// `compare OP --source sim|static`: variants side by side by counts that need no timing and no
// statistics. They have no interval: lo, hi, n and p are empty and the verdict is `exact`.
#pragma once
#include "experiments/command.h"
#include "kernels/kernels.h"

// The columns of `compare -o csv`; NULL ends them.
extern const char *const compare_columns[];
// The whole verb with these sources: --variants, --shape, --target, -o. 0, or an exit code.
int compare_counted(const struct command *c);

#define COUNTED_SHAPES_MAX 3
// The shapes at which an op is counted where none is asked for: small, for counts are exact, and
// such that every variant takes one of them. *count of them.
void counted_shapes(enum op op, char shapes[COUNTED_SHAPES_MAX][48], size_t *count);
