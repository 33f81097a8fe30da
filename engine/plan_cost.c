// SPDX-License-Identifier: MIT
#include "engine/plan_cost.h"

#include "engine/step_cost.h"

void plan_cost(const struct plan *p, ptrdiff_t tokens, ptrdiff_t position, ptrdiff_t outputs,
               double *bytes, double *ops) {
    *bytes = *ops = 0;
    for (size_t i = 0; i < p->step_count; i++) {
        const struct step *s = &p->steps[i];
        enum op_class class = op_info(s->op)->op_class;
        double step_bytes = 0, step_ops = 0;
        if (class != CLASS_matmul && class != CLASS_attention && class != CLASS_embed) continue;
        step_cost(p, s, tokens, position, outputs, &step_bytes, &step_ops);
        *bytes += step_bytes;
        *ops += step_ops;
    }
}
