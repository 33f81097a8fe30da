// SPDX-License-Identifier: MIT
#include "engine/execute.h"

#include <math.h>
#include <string.h>

static ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b) {
    return a < b ? a : b;
}

static ptrdiff_t larger(ptrdiff_t a, ptrdiff_t b) {
    return a > b ? a : b;
}

static void reset_state(const struct state *st, const struct slice *l, ptrdiff_t group,
                        ptrdiff_t dim) {
    for (ptrdiff_t t = l->token0; t < l->token1; t++) {
        float *m = (float *)((char *)st->m + t * st->token_stride);
        float *sum = (float *)((char *)st->l + t * st->token_stride);
        float *acc = (float *)((char *)st->acc + t * st->acc_token_stride);
        for (ptrdiff_t h = l->head0 * group; h < l->head1 * group; h++) {
            m[h] = -INFINITY;
            sum[h] = 0;
        }
        memset(acc + l->head0 * group * dim, 0,
               (size_t)((l->head1 - l->head0) * group * dim) * sizeof *acc);
    }
}

struct pass { // of one KV head and one block of tokens over one run
    const struct context *c;
    const struct step *s;
    const struct slice *l;
    const struct state *state;
    const struct eval_sequence *sequence;
    const struct kv_run *run;
    ptrdiff_t head, t0, t1;
    void *scratch;
};

static void run_pass(const struct pass *p) {
    const struct context *c = p->c;
    const struct hparams *h = &c->model->h;
    const struct buffer *q = &c->slots[SLOT_q];
    const struct state *st = p->state;
    ptrdiff_t group = h->heads / h->kv_heads, head0 = p->head * group;
    ptrdiff_t q_pos0 = p->sequence->position + p->t0 - p->sequence->first_token;
    ptrdiff_t layer_head_k = p->s->layer * c->k.layer_stride + p->head * c->k.head_stride;
    ptrdiff_t layer_head_v = p->s->layer * c->v.layer_stride + p->head * c->v.head_stride;
    struct attention_args a = {
        .q = (const float *)(q->data + p->t0 * q->stride) + head0 * h->dim_k,
        .q_token_stride = q->stride,
        .q_head_stride = h->dim_k * (ptrdiff_t)sizeof(float),
        .k_row_stride = c->k.row_stride,
        .k_head_stride = c->k.head_stride,
        .v_row_stride = c->v.row_stride,
        .v_head_stride = c->v.head_stride,
        .tokens = p->t1 - p->t0,
        .q_pos0 = q_pos0,
        .kv_heads = 1,
        .group = group,
        .dim_k = h->dim_k,
        .dim_v = h->dim_v,
        .scale = 1 / sqrt((double)h->dim_k),
        .m = (float *)((char *)st->m + p->t0 * st->token_stride) + head0,
        .l = (float *)((char *)st->l + p->t0 * st->token_stride) + head0,
        .state_token_stride = st->token_stride,
        .acc = (float *)((char *)st->acc + p->t0 * st->acc_token_stride) + head0 * h->dim_v,
        .acc_token_stride = st->acc_token_stride,
        .acc_head_stride = h->dim_v * (ptrdiff_t)sizeof(float),
        .scratch = p->scratch,
    };
    // This thread's share of the keys, of those that the last of these tokens sees.
    ptrdiff_t keys = larger(0, smaller(p->run->length, q_pos0 + a.tokens - p->run->position0));
    ptrdiff_t from = keys * p->l->share / p->l->shares;
    ptrdiff_t to = keys * (p->l->share + 1) / p->l->shares;
    // A block may have fewer tokens than the variant for the whole slice serves.
    const struct kernel *kernel = step_kernel(p->s, a.tokens);
    const bool whole = blocking_takes_whole_runs(kernel);
    while (from < to) {
        ptrdiff_t position = p->run->position0 + from;
        ptrdiff_t block_end = (position / ATTENTION_KEYS + 1) * ATTENTION_KEYS;
        ptrdiff_t row = p->run->cache_row + from;
        a.run_pos0 = position;
        a.run_length = whole ? to - from : smaller(block_end - position, to - from);
        a.k = c->k.data + layer_head_k + row * c->k.row_stride;
        a.v = c->v.data + layer_head_v + row * c->v.row_stride;
        kernel->run.attention(&a);
        from += a.run_length;
    }
}

void execute_attention(const struct context *c, const struct step *s, const struct eval *e,
                       const struct slice *l, int thread) {
    const struct hparams *h = &c->model->h;
    struct pass p = {.c = c, .s = s, .l = l, .scratch = c->scratch[thread]};
    p.state = l->shares > 1 && thread > 0 ? &c->partial[thread - 1] : &c->state;
    reset_state(p.state, l, h->heads / h->kv_heads, h->dim_v);
    for (int q = 0; q < e->sequence_count; q++) {
        p.sequence = &e->sequences[q];
        ptrdiff_t t0 = larger(l->token0, p.sequence->first_token);
        ptrdiff_t t1 = smaller(l->token1, p.sequence->first_token + p.sequence->tokens);
        for (p.head = l->head0; p.head < l->head1; p.head++)
            for (p.t0 = t0; p.t0 < t1; p.t0 = p.t1) {
                p.t1 = smaller(p.t0 + ATTENTION_TOKENS, t1);
                for (int i = 0; i < p.sequence->run_count; i++) {
                    p.run = &p.sequence->runs[i];
                    run_pass(&p);
                }
            }
    }
}

// merge and finish work on the heads of the slice.
static struct state_args state_args_of(const struct context *c, const struct slice *l) {
    const struct hparams *h = &c->model->h;
    const struct state *st = &c->state;
    ptrdiff_t group = h->heads / h->kv_heads, head0 = l->head0 * group;
    return (struct state_args){
        .m = (float *)((char *)st->m + l->token0 * st->token_stride) + head0,
        .l = (float *)((char *)st->l + l->token0 * st->token_stride) + head0,
        .state_token_stride = st->token_stride,
        .acc = (float *)((char *)st->acc + l->token0 * st->acc_token_stride) + head0 * h->dim_v,
        .acc_token_stride = st->acc_token_stride,
        .acc_head_stride = h->dim_v * (ptrdiff_t)sizeof(float),
        .tokens = l->token1 - l->token0,
        .heads = (l->head1 - l->head0) * group,
        .dim_v = h->dim_v,
    };
}

void execute_attention_merge(const struct context *c, const struct slice *l) {
    const struct hparams *h = &c->model->h;
    struct state_args a = state_args_of(c, l);
    ptrdiff_t head0 = l->head0 * (h->heads / h->kv_heads);
    for (int i = 1; i < c->threads; i++) {
        const struct state *other = &c->partial[i - 1];
        a.m2 = (float *)((char *)other->m + l->token0 * other->token_stride) + head0;
        a.l2 = (float *)((char *)other->l + l->token0 * other->token_stride) + head0;
        a.acc2 =
            (float *)((char *)other->acc + l->token0 * other->acc_token_stride) + head0 * h->dim_v;
        l->kernel->run.state(&a);
    }
}

void execute_attention_finish(const struct context *c, const struct slice *l) {
    struct state_args a = state_args_of(c, l);
    a.y = a.acc;
    a.y_token_stride = a.acc_token_stride;
    a.y_head_stride = a.acc_head_stride;
    l->kernel->run.state(&a);
}
