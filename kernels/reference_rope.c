// SPDX-License-Identifier: MIT
// Rotary positions in plain C; the angles in double, because float loses them beyond some thousand.
#include "kernels/symbols.h"

#include <math.h>

void rope_angles__c(const struct rope_angles_args *a) {
    for (ptrdiff_t t = 0; t < a->tokens; t++) {
        float *cs = (float *)((char *)a->cs + t * a->cs_stride);
        for (ptrdiff_t i = 0; i < a->pairs; i++) {
            double frequency = pow(a->base, -(double)i / (double)a->pairs);
            double angle = a->positions[t] * a->scale * frequency;
            if (a->factors) angle /= (double)a->factors[i];
            cs[2 * i] = (float)cos(angle);
            cs[2 * i + 1] = (float)sin(angle);
        }
    }
}

// Pair i is (x[first * i], x[first * i + second]).
static void rotate(const struct rope_args *a, ptrdiff_t first, ptrdiff_t second) {
    for (ptrdiff_t t = 0; t < a->tokens; t++) {
        const float *cs = (const float *)((const char *)a->cs + t * a->cs_stride);
        for (ptrdiff_t h = 0; h < a->heads; h++) {
            float *x = (float *)((char *)a->x + t * a->x_token_stride + h * a->x_head_stride);
            for (ptrdiff_t i = 0; i < a->pairs; i++) {
                float *p = x + first * i, *q = p + second, p0 = *p, q0 = *q;
                *p = p0 * cs[2 * i] - q0 * cs[2 * i + 1];
                *q = p0 * cs[2 * i + 1] + q0 * cs[2 * i];
            }
        }
    }
}

void rope_adjacent__c(const struct rope_args *a) {
    rotate(a, 2, 1);
}

void rope_halves__c(const struct rope_args *a) {
    rotate(a, 1, a->pairs);
}
