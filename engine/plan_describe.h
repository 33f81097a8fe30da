// SPDX-License-Identifier: MIT
// A plan as a table: what `inspect --plan` prints, one row a step.
#pragma once
#include "engine/plan.h"

struct plan_row {
    size_t number; // of the step, from 0
    int layer;     // -1: outside the layers
    const char *role, *region, *op, *partition;
    char variants[256];        // "avx512vnni_r1 (1), panel_avx512vnni (2-512)": by tokens
    const char *weight;        // tensor, or "" where there is none
    const char *weight_format; // or ""
    ptrdiff_t rows, cols;      // of the weight, else of the step
    double bytes_1, ops_1;     // of one token at position 0, with its logits
    double bytes_max, ops_max; // of max_tokens at position 0, with the logits of the last
    const char *wait;          // "all", "split keys" or "": the barrier behind the step
};

void plan_describe(const struct plan *p, size_t step, struct plan_row *out);
