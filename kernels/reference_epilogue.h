// SPDX-License-Identifier: MIT
// What a matmul does with a row's sums before it writes them (struct matmul_args).
#pragma once
#include <math.h>

#include "kernels/args.h"

static inline float epilogue(const struct matmul_args *a, ptrdiff_t r, float gate, float up) {
    float y = a->bias ? gate + a->bias[r] : gate;
    if (a->activation == ACTIVATION_silu) y = y / (1.0f + expf(-y));
    if (a->activation == ACTIVATION_gelu)
        y = y / (1.0f + expf(-1.5957691216f * (y + 0.044715f * y * y * y)));
    return a->w2 ? y * up : y;
}
