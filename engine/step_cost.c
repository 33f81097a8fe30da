// SPDX-License-Identifier: MIT
#include "engine/step_cost.h"

#include <stdbool.h>

struct shape step_shape(const struct plan *p, const struct step *s, ptrdiff_t tokens,
                        ptrdiff_t position, ptrdiff_t outputs) {
    const struct hparams *h = &p->model->h;
    bool behind_layers = s->y == SLOT_last || s->y == SLOT_last_act || s->y == SLOT_logits;
    struct shape shape = {.rows = 1,
                          .cols = s->cols,
                          .tokens = behind_layers || s->narrow ? outputs : tokens,
                          .run = 1,
                          .kv_heads = 1,
                          .group = 1,
                          .dim = 1};
    switch (op_info(s->op)->op_class) {
    case CLASS_matmul:
        shape.rows = s->rows;
        break;
    case CLASS_rope:
        shape.cols = s->rows * 2 * h->rope_pairs;
        break;
    case CLASS_kv_store:
        shape.cols = s->rows * s->cols;
        break;
    case CLASS_attention:
        shape.cols = 1;
        shape.run = position + tokens;
        shape.kv_heads = h->kv_heads;
        shape.group = h->heads / h->kv_heads;
        shape.dim = (h->dim_k + h->dim_v) / 2;
        break;
    case CLASS_state:
        shape.cols = 1;
        shape.dim = h->dim_v;
        shape.kv_heads = h->heads;
        // Only evals that split the keys over threads merge; that is not known here.
        if (s->op == OP_attention_merge) shape.tokens = 0;
        break;
    default:
        break;
    }
    return shape;
}

void step_cost(const struct plan *p, const struct step *s, ptrdiff_t tokens, ptrdiff_t position,
               ptrdiff_t outputs, double *bytes, double *ops) {
    struct shape shape = step_shape(p, s, tokens, position, outputs);
    const struct op_info *op = op_info(s->op);
    *bytes = shape.tokens > 0 ? op->bytes(&shape) : 0;
    *ops = shape.tokens > 0 ? op->ops(&shape) : 0;
}
