// SPDX-License-Identifier: MIT
// What a step costs in an evaluation, by the op table and without running it: the figures that an
// observer is told, of all threads together.
#pragma once
#include "engine/plan.h"

// The step's shape for `tokens` tokens at `position` of one sequence, with logits for `outputs` of
// them. tokens 0: nothing to do.
struct shape step_shape(const struct plan *p, const struct step *s, ptrdiff_t tokens,
                        ptrdiff_t position, ptrdiff_t outputs);
void step_cost(const struct plan *p, const struct step *s, ptrdiff_t tokens, ptrdiff_t position,
               ptrdiff_t outputs, double *bytes, double *ops);
