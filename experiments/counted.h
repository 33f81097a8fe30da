// SPDX-License-Identifier: MIT
// Cases of a protocol with `source sim` or `source static` on a kernel: they are counted, not
// timed. Each (variant, shape) is counted once, in block 0: in another block the counts would be
// the same. Arms need not run on this machine: `target` says whose kernels they are. A sample is
// one call of the shape; its wall_ns is empty.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "experiments/protocol.h"
#include "kernels/kernels.h"

bool counted_is(const struct protocol_case *c);
// The arms name variants of the op for the target; `pass` names values that there are. 0, or
// EXIT_USAGE with failure() set.
int counted_check(const struct protocol *p, const struct protocol_case *c);
// Writes the fragments of a block; *next_key grows by its samples. 0, or an exit code with
// failure() set.
int counted_block(const struct protocol *p, size_t case_index, int block, const char *fragment,
                  int64_t *next_key);
// What a variant of an op is called by an arm, NULL: it names none for the target.
const struct kernel *counted_kernel(const struct arm *arm, enum op op, enum arch target);
enum arch counted_target(const struct settings *s);
