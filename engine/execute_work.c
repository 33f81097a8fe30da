// SPDX-License-Identifier: MIT
#include "engine/execute.h"
#include "engine/step_cost.h"

static void add_cost(struct work *w, const struct step *s, const struct shape *shape) {
    const struct op_info *op = op_info(s->op);
    w->bytes += op->bytes(shape);
    w->ops += op->ops(shape);
}

// Keys and values are counted once for each slice that reads them.
static void add_attention(struct work *w, const struct context *c, const struct step *s,
                          const struct eval *e, const struct slice *l) {
    const struct hparams *h = &c->model->h;
    for (int q = 0; q < e->sequence_count; q++) {
        const struct eval_sequence *sequence = &e->sequences[q];
        ptrdiff_t t0 = sequence->first_token, t1 = t0 + sequence->tokens;
        if (l->token0 > t0) t0 = l->token0;
        if (l->token1 < t1) t1 = l->token1;
        if (t0 >= t1) continue;
        ptrdiff_t keys = sequence->position + t1 - sequence->first_token;
        ptrdiff_t from = keys * l->share / l->shares, to = keys * (l->share + 1) / l->shares;
        struct shape shape = {.rows = 1,
                              .cols = 1,
                              .tokens = t1 - t0,
                              .run = to - from,
                              .kv_heads = l->head1 - l->head0,
                              .group = h->heads / h->kv_heads,
                              .dim = (h->dim_k + h->dim_v) / 2};
        if (shape.run < 1) continue;
        if (to == keys && shape.run >= shape.tokens) {
            add_cost(w, s, &shape);
        } else { // a share before the eval's own keys: all of its tokens see all of it
            double tokens = (double)shape.tokens;
            shape.tokens = 1;
            w->bytes += op_info(s->op)->bytes(&shape);
            w->ops += tokens * op_info(s->op)->ops(&shape);
        }
    }
}

struct work execute_work(const struct context *c, const struct step *s, const struct eval *e,
                         const struct slice *l) {
    struct work w = {l->kernel, 0, 0};
    ptrdiff_t tokens = l->token1 - l->token0;
    if (tokens < 1) return w;
    struct shape shape = step_shape(c->plan, s, tokens, 0, tokens);
    switch (op_info(s->op)->op_class) {
    case CLASS_attention:
        add_attention(&w, c, s, e, l);
        return w;
    case CLASS_state:
        shape.tokens = tokens;
        shape.kv_heads = (l->head1 - l->head0) * (c->model->h.heads / c->model->h.kv_heads);
        break;
    case CLASS_matmul:
        shape.rows = l->row1 - l->row0;
        break;
    case CLASS_row:
        shape.cols = l->row1 - l->row0;
        break;
    default:
        break;
    }
    add_cost(&w, s, &shape);
    if (s->op == OP_attention_merge) { // one for each other thread's state
        w.bytes *= c->threads - 1;
        w.ops *= c->threads - 1;
    }
    return w;
}
