// SPDX-License-Identifier: MIT
// What an evaluation costs by the op table: the same figures that an observer is told, summed, without
// running anything.
#pragma once
#include "engine/plan.h"

// Bytes and operations of `tokens` tokens at `position` of one sequence, with logits for `outputs` of them.
void plan_cost(const struct plan *p, ptrdiff_t tokens, ptrdiff_t position, ptrdiff_t outputs,
               double *bytes, double *ops);
// The shape of a step in such an evaluation (tokens 0: nothing to do).
struct shape step_shape(const struct plan *p, const struct step *s, ptrdiff_t tokens, ptrdiff_t position,
                        ptrdiff_t outputs);
