// SPDX-License-Identifier: MIT
// Joining and finishing attention states, in plain C.
#include "kernels/symbols.h"

#include <math.h>

void attention_merge__c(const struct state_args *a) {
    for (ptrdiff_t t = 0; t < a->tokens; t++)
        for (ptrdiff_t h = 0; h < a->heads; h++) {
            ptrdiff_t state = t * a->state_token_stride;
            ptrdiff_t at = t * a->acc_token_stride + h * a->acc_head_stride;
            float *m = (float *)((char *)a->m + state) + h,
                  *l = (float *)((char *)a->l + state) + h;
            float m2 = ((const float *)((const char *)a->m2 + state))[h];
            float l2 = ((const float *)((const char *)a->l2 + state))[h];
            float *acc = (float *)((char *)a->acc + at);
            const float *acc2 = (const float *)((const char *)a->acc2 + at);
            if (m2 == -INFINITY) continue; // the second saw nothing
            float top = *m > m2 ? *m : m2, keep = expf(*m - top), add = expf(m2 - top);
            *m = top;
            *l = *l * keep + l2 * add;
            for (ptrdiff_t d = 0; d < a->dim_v; d++) acc[d] = acc[d] * keep + acc2[d] * add;
        }
}

void attention_finish__c(const struct state_args *a) {
    for (ptrdiff_t t = 0; t < a->tokens; t++)
        for (ptrdiff_t h = 0; h < a->heads; h++) {
            float l = ((const float *)((const char *)a->l + t * a->state_token_stride))[h];
            const float *acc = (const float *)((const char *)a->acc + t * a->acc_token_stride +
                                               h * a->acc_head_stride);
            float *y = (float *)((char *)a->y + t * a->y_token_stride + h * a->y_head_stride);
            for (ptrdiff_t d = 0; d < a->dim_v; d++) y[d] = l > 0.0f ? acc[d] / l : 0.0f;
        }
}
