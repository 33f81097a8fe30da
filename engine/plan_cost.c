// SPDX-License-Identifier: MIT
#include "engine/plan_cost.h"

void plan_cost(const struct plan *p, ptrdiff_t tokens, ptrdiff_t position, ptrdiff_t outputs,
               double *bytes, double *ops) {
    const struct hparams *h = &p->model->h;
    *bytes = *ops = 0;
    for (size_t i = 0; i < p->step_count; i++) {
        const struct step *s = &p->steps[i];
        const struct op_info *op = op_info(s->op);
        struct shape shape = {.rows = s->rows, .cols = s->cols, .tokens = tokens, .run = 1, .kv_heads = 1,
                              .group = 1, .dim = 1};
        if (op->op_class == CLASS_attention) {
            shape.rows = shape.cols = 1;
            shape.run = position + tokens;
            shape.kv_heads = h->kv_heads;
            shape.group = h->heads / h->kv_heads;
            shape.dim = (h->dim_k + h->dim_v) / 2;
        } else if (op->op_class == CLASS_embed) {
            shape.rows = 1;
        } else if (op->op_class != CLASS_matmul) {
            continue;
        }
        if (s->y == SLOT_logits) shape.tokens = outputs;
        if (shape.tokens < 1) continue;
        *bytes += op->bytes(&shape);
        *ops += op->ops(&shape);
    }
}
