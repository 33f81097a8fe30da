// SPDX-License-Identifier: MIT
// What an evaluation costs by the op table, without running it.
#pragma once
#include "engine/plan.h"

// `tokens` tokens at `position` of one sequence, with logits for `outputs` of them. bytes: of
// weights and of the KV cache, each once (activations stay in cache and are not counted); ops: of
// matmuls and attention.
void plan_cost(const struct plan *p, ptrdiff_t tokens, ptrdiff_t position, ptrdiff_t outputs,
               double *bytes, double *ops);
