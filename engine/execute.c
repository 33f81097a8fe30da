// SPDX-License-Identifier: MIT
#include "engine/execute.h"

#include <string.h>

static ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b) {
    return a < b ? a : b;
}

static ptrdiff_t larger(ptrdiff_t a, ptrdiff_t b) {
    return a > b ? a : b;
}

// Part i of n of `count` items that come in granules.
static void share(ptrdiff_t count, ptrdiff_t granule, int i, int n, ptrdiff_t *from,
                  ptrdiff_t *to) {
    ptrdiff_t granules = (count + granule - 1) / granule;
    *from = smaller(count, granules * i / n * granule);
    *to = smaller(count, granules * (i + 1) / n * granule);
}

static bool behind_layers(const struct step *s) {
    return s->y == SLOT_last || s->y == SLOT_last_act || s->y == SLOT_logits;
}

static const struct hparams *hparams_of(const struct context *c) {
    return &c->model->h;
}

// Tokens [*from, *to) of a causal eval with equal numbers of visible keys for each thread.
static void share_causal(const struct eval *e, int i, int n, ptrdiff_t *from, ptrdiff_t *to) {
    double all = 0, seen = 0;
    for (int q = 0; q < e->sequence_count; q++) {
        const struct eval_sequence *s = &e->sequences[q];
        all += (double)s->tokens * ((double)s->position + 0.5 * (double)(s->tokens + 1));
    }
    *from = *to = 0;
    for (int q = 0; q < e->sequence_count; q++) {
        const struct eval_sequence *s = &e->sequences[q];
        for (ptrdiff_t t = 0; t < s->tokens; t++) {
            // A token belongs to the thread in whose share its keys begin.
            int owner = (int)(seen * n / all);
            if (owner < i) *from = s->first_token + t + 1;
            if (owner <= i) *to = s->first_token + t + 1;
            seen += (double)(s->position + t + 1);
        }
    }
}

enum attention_split execute_attention_split(const struct context *c, const struct eval *e) {
    ptrdiff_t keys = 0, heads = hparams_of(c)->kv_heads;
    if (c->threads == 1 || heads % c->threads == 0) return SPLIT_heads;
    for (int q = 0; q < e->sequence_count; q++)
        keys = larger(keys, e->sequences[q].position + e->sequences[q].tokens);
    if (e->token_count <= SPLIT_KEYS_TOKENS)
        return keys >= (ptrdiff_t)SPLIT_KEYS_MIN * c->threads ? SPLIT_keys : SPLIT_heads;
    return e->token_count >= 4 * (ptrdiff_t)c->threads ? SPLIT_tokens : SPLIT_heads;
}

// The first token that a step must compute.
static ptrdiff_t first_token(const struct step *s, const struct eval *e) {
    if (!s->narrow) return 0;
    return e->output_count > 0 ? e->output_tokens[0] : e->token_count;
}

static struct slice attention_slice(const struct context *c, const struct step *s,
                                    const struct eval *e, int thread) {
    struct slice l = {.token0 = first_token(s, e),
                      .token1 = e->token_count,
                      .head1 = hparams_of(c)->kv_heads,
                      .shares = 1};
    bool keys = c->split == SPLIT_keys && op_info(s->op)->op_class == CLASS_attention;
    if (s->op == OP_attention_merge && c->split != SPLIT_keys)
        l.token1 = l.token0;
    else if (keys) {
        l.share = thread;
        l.shares = c->threads;
    } else if (c->split == SPLIT_tokens) {
        ptrdiff_t first = l.token0;
        share_causal(e, thread, c->threads, &l.token0, &l.token1);
        l.token0 = larger(l.token0, first);
        l.token1 = larger(l.token1, l.token0);
    } else
        share(l.head1, 1, thread, c->threads, &l.head0, &l.head1);
    if (l.head0 == l.head1) l.token1 = l.token0;
    l.kernel = step_kernel(s, larger(l.token1 - l.token0, 1));
    return l;
}

static struct slice slice_of(const struct context *c, const struct step *s, const struct eval *e,
                             int thread) {
    if (s->partition == PARTITION_heads) return attention_slice(c, s, e, thread);
    ptrdiff_t first = first_token(s, e);
    ptrdiff_t tokens = behind_layers(s) ? e->output_count : e->token_count - first;
    bool matmul = op_info(s->op)->op_class == CLASS_matmul;
    struct slice l = {.token1 = tokens, .row1 = matmul ? s->rows : s->cols, .shares = 1};
    if (s->partition == PARTITION_tokens && !(matmul && tokens == 1)) {
        share(tokens, 1, thread, c->threads, &l.token0, &l.token1);
    } else if (s->partition == PARTITION_one) {
        if (thread > 0) l.token1 = 0;
    } else {
        ptrdiff_t granule = matmul ? step_kernel(s, larger(tokens, 1))->row_block : 64;
        share(l.row1, larger(granule, 1), thread, c->threads, &l.row0, &l.row1);
        if (l.row0 == l.row1) l.token1 = 0;
    }
    l.token0 += first;
    l.token1 += first;
    l.kernel = step_kernel(s, larger(l.token1 - l.token0, 1));
    return l;
}

static void *row_of(const struct context *c, enum slot slot, ptrdiff_t token) {
    const struct buffer *b = &c->slots[slot];
    return b->data + token * b->stride;
}

static void run_matmul(const struct context *c, const struct step *s, const struct slice *l,
                       int thread) {
    enum format weights = (enum format)s->w->format;
    ptrdiff_t w_stride = (ptrdiff_t)format_row_bytes(weights, s->cols);
    const struct buffer *x = &c->slots[s->x], *y = &c->slots[s->y];
    ptrdiff_t rows = l->row1 - l->row0, tokens = l->token1 - l->token0;
    struct matmul_blocks step = blocking_of_matmul(l->kernel, rows, tokens, w_stride, x->stride);
    for (ptrdiff_t r = l->row0; r < l->row1; r += step.rows)
        for (ptrdiff_t t = l->token0; t < l->token1; t += step.tokens) {
            ptrdiff_t block = smaller(step.tokens, l->token1 - t);
            const struct matmul_args a = {
                .y = (float *)row_of(c, s->y, t) + r,
                .y_stride = y->stride,
                .w = (const unsigned char *)s->w->data + r * w_stride,
                .w_stride = w_stride,
                .x = row_of(c, s->x, t),
                .x_stride = x->stride,
                .rows = smaller(step.rows, l->row1 - r),
                .cols = s->cols,
                .tokens = block,
                .scratch = c->scratch[thread],
            };
            // The last block may have fewer tokens than the slice's variant serves.
            kernel_matmul(block == tokens ? l->kernel : step_kernel(s, block), &a);
        }
}

static void run_row(const struct context *c, const struct step *s, const struct slice *l) {
    struct row_args a = {
        .y_stride = c->slots[s->y].stride,
        .x_stride = c->slots[s->x].stride,
        .b_stride = c->slots[s->b].stride,
        .gain = s->w ? s->w->data : NULL,
        .cols = l->row1 - l->row0,
        .tokens = l->token1 - l->token0,
        .eps = hparams_of(c)->norm_eps,
    };
    if (s->y == SLOT_last) { // picks rows of the stream: runs of consecutive ones
        const ptrdiff_t *from = c->eval->output_tokens;
        for (ptrdiff_t t = l->token0; t < l->token1; t += a.tokens) {
            for (a.tokens = 1; t + a.tokens < l->token1; a.tokens++)
                if (from[t + a.tokens] != from[t] + a.tokens) break;
            a.y = row_of(c, s->y, t);
            a.x = row_of(c, s->x, from[t]);
            l->kernel->run.row(&a);
        }
        return;
    }
    // Columns are only split in steps that write float32.
    a.y = (unsigned char *)row_of(c, s->y, l->token0) + l->row0 * (ptrdiff_t)sizeof(float);
    a.x = (const float *)row_of(c, s->x, l->token0) + l->row0;
    if (s->b != SLOT_none) a.b = (const float *)row_of(c, s->b, l->token0) + l->row0;
    l->kernel->run.row(&a);
}

static void run_angles(const struct context *c, const struct step *s, const struct slice *l) {
    const struct hparams *h = hparams_of(c);
    const struct rope_angles_args a = {
        .cs = row_of(c, s->y, l->token0),
        .cs_stride = c->slots[s->y].stride,
        .positions = c->positions + l->token0,
        .factors = s->w ? s->w->data : NULL,
        .pairs = h->rope_pairs,
        .tokens = l->token1 - l->token0,
        .base = h->rope_base,
        .scale = h->rope_scale,
    };
    l->kernel->run.rope_angles(&a);
}

static void run_rope(const struct context *c, const struct step *s, const struct slice *l) {
    const struct rope_args a = {
        .x = row_of(c, s->x, l->token0),
        .x_token_stride = c->slots[s->x].stride,
        .x_head_stride = s->cols * (ptrdiff_t)sizeof(float),
        .cs = row_of(c, s->b, l->token0),
        .cs_stride = c->slots[s->b].stride,
        .heads = s->rows,
        .pairs = hparams_of(c)->rope_pairs,
        .tokens = l->token1 - l->token0,
    };
    l->kernel->run.rope(&a);
}

static void run_embed(const struct context *c, const struct step *s, const struct eval *e,
                      const struct slice *l) {
    const struct embed_args a = {
        .y = row_of(c, s->y, l->token0),
        .y_stride = c->slots[s->y].stride,
        .w = s->w->data,
        .w_stride = (ptrdiff_t)format_row_bytes((enum format)s->w->format, s->cols),
        .ids = e->tokens + l->token0,
        .cols = s->cols,
        .tokens = l->token1 - l->token0,
    };
    l->kernel->run.embed(&a);
}

// Each token of the slice goes to the row of the run that holds its position.
static void run_kv_store(const struct context *c, const struct step *s, const struct eval *e,
                         const struct slice *l) {
    const struct kv_layout *cache = s->x == SLOT_k ? &c->k : &c->v;
    for (int q = 0; q < e->sequence_count; q++) {
        const struct eval_sequence *sequence = &e->sequences[q];
        for (int i = 0; i < sequence->run_count; i++) {
            const struct kv_run *run = &sequence->runs[i];
            ptrdiff_t token_at_0 = sequence->first_token - sequence->position;
            ptrdiff_t t0 =
                larger(larger(l->token0, sequence->first_token), run->position0 + token_at_0);
            ptrdiff_t t1 = smaller(smaller(l->token1, sequence->first_token + sequence->tokens),
                                   run->position0 + run->length + token_at_0);
            if (t0 >= t1) continue;
            ptrdiff_t row = run->cache_row + t0 - token_at_0 - run->position0;
            const struct kv_store_args a = {
                .y = cache->data + s->layer * cache->layer_stride + row * cache->row_stride,
                .y_row_stride = cache->row_stride,
                .y_head_stride = cache->head_stride,
                .x = row_of(c, s->x, t0),
                .x_token_stride = c->slots[s->x].stride,
                .x_head_stride = s->cols * (ptrdiff_t)sizeof(float),
                .heads = s->rows,
                .dim = s->cols,
                .tokens = t1 - t0,
            };
            l->kernel->run.kv_store(&a);
        }
    }
}

static void run_slice(const struct context *c, const struct step *s, const struct eval *e,
                      const struct slice *l, int thread) {
    if (l->token0 >= l->token1) return;
    switch (op_info(s->op)->op_class) {
    case CLASS_matmul:
        run_matmul(c, s, l, thread);
        break;
    case CLASS_row:
        run_row(c, s, l);
        break;
    case CLASS_rope_angles:
        run_angles(c, s, l);
        break;
    case CLASS_rope:
        run_rope(c, s, l);
        break;
    case CLASS_embed:
        run_embed(c, s, e, l);
        break;
    case CLASS_kv_store:
        run_kv_store(c, s, e, l);
        break;
    case CLASS_attention:
        execute_attention(c, s, e, l, thread);
        break;
    case CLASS_state:
        if (s->op == OP_attention_merge)
            execute_attention_merge(c, l);
        else
            execute_attention_finish(c, l);
        break;
    case CLASS_panel:
    case CLASS_yardstick:
        break; // never steps
    }
}

static __attribute__((noinline, cold)) void
run_observed(const struct context *c, const struct step *s, const struct eval *e, int thread) {
    const struct observer *o = c->observer;
    const struct slice l = slice_of(c, s, e, thread);
    const size_t step = (size_t)(s - c->plan->steps);
    struct work *w = &c->works[(size_t)thread * c->plan->step_count + step];
    if (c->works_stale || op_info(s->op)->op_class == CLASS_attention)
        *w = execute_work(c, s, e, &l);
    else
        __builtin_prefetch(w); // wanted behind the slice; the weights drove it out of the caches
    o->begin(o->self, thread, s, e);
    run_slice(c, s, e, &l, thread);
    o->end(o->self, thread, s, e, w);
}

void execute_plan(void *context, int thread) {
    const struct context *c = context;
    const struct eval *e = c->eval;
    const struct step *end = c->plan->steps + c->plan->step_count;
    for (const struct step *s = c->plan->steps; s < end; s++) {
        if (__builtin_expect(c->observer != NULL, 0)) {
            run_observed(c, s, e, thread);
        } else {
            const struct slice l = slice_of(c, s, e, thread);
            run_slice(c, s, e, &l, thread);
        }
        if (s->wait == WAIT_all || (s->wait == WAIT_split_keys && c->split == SPLIT_keys))
            team_barrier(c->team, thread);
    }
}

static size_t step_scratch_bytes(const struct plan *p, const struct step *s,
                                 ptrdiff_t context_tokens) {
    const struct hparams *h = &p->model->h;
    struct shape shape = {.rows = s->rows, .cols = s->cols, .run = 1, .kv_heads = 1, .group = 1};
    shape.dim = larger(h->dim_k, h->dim_v);
    if (op_info(s->op)->op_class == CLASS_attention) {
        shape.rows = shape.cols = 1;
        shape.run = ATTENTION_KEYS;
        shape.group = h->heads / h->kv_heads;
        shape.kv_heads = h->kv_heads;
    }
    size_t bytes = 0;
    for (int i = 0; i < s->variant_count; i++) {
        shape.tokens = smaller(s->variant_tokens_max[i], p->max_tokens);
        if (op_info(s->op)->op_class == CLASS_attention)
            shape.run = blocking_takes_whole_runs(s->variants[i]) ? context_tokens : ATTENTION_KEYS;
        size_t need = s->variants[i]->scratch_bytes ? s->variants[i]->scratch_bytes(&shape) : 0;
        if (need > bytes) bytes = need;
    }
    return bytes;
}

size_t execute_scratch_bytes(const struct plan *p, ptrdiff_t context_tokens) {
    size_t bytes = 0;
    for (size_t i = 0; i < p->step_count; i++) {
        size_t need = step_scratch_bytes(p, &p->steps[i], context_tokens);
        if (need > bytes) bytes = need;
    }
    return bytes;
}
