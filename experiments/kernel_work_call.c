// SPDX-License-Identifier: MIT
// The calls of each class: units into args structs.
#include "experiments/kernel_work_parts.h"

#include <math.h>
#include <string.h>

#include "engine/blocking.h"
#include "experiments/random.h"
#include "kernels/chase.h"

static ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b) {
    return a < b ? a : b;
}

struct part { // of a slice: one thread's units within one call of the shape
    const struct kernel_work *w;
    const struct kernel *k;
    const struct operands *t;
    ptrdiff_t unit, first, count; // absolute, of the call, how many
    ptrdiff_t repeats;            // of row-wise classes: whole calls, one like the other
};

// Rows [first, first + count) of the matrix, whose weights lie one behind the other at `weights`.
static void call_matmul(const struct part *p, const unsigned char *weights, ptrdiff_t rows) {
    const struct kernel_work *w = p->w;
    const struct shape *s = &w->shape;
    ptrdiff_t w_stride = (ptrdiff_t)w->unit_bytes;
    struct matmul_blocks step = blocking_of_matmul(p->k, rows, s->tokens, w_stride, w->x_stride);
    if (w->tile) { // as kernel_matmul gives them the panels of a pair
        step.rows = p->k->row_block;
        step.tokens = smaller(s->tokens, p->k->tokens_max);
    }
    for (ptrdiff_t r = 0; r < rows; r += step.rows) {
        for (ptrdiff_t t = 0, tokens; t < s->tokens; t += tokens) {
            tokens = smaller(step.tokens, s->tokens - t);
            // What is left must be enough for the variant: else it is one block with this one.
            if (s->tokens - t - tokens < p->k->tokens_min) tokens = s->tokens - t;
            const struct matmul_args a = {
                .y = (float *)(p->t->y + t * w->y_stride) + p->first + r,
                .y_stride = w->y_stride,
                .w = weights + r * w_stride,
                .w_stride = w_stride,
                .x = p->t->x + t * w->x_stride,
                .x_stride = w->x_stride,
                .rows = smaller(step.rows, rows - r),
                .cols = s->cols,
                .tokens = tokens,
                .scratch = p->t->scratch,
            };
            kernel_matmul(p->k, &a);
        }
    }
}

// Into one panel of the size that tiles take, over and over: it stays in the caches there too.
static void call_panel(const struct part *p, const unsigned char *weights, ptrdiff_t rows) {
    ptrdiff_t w_stride = (ptrdiff_t)p->w->unit_bytes, step = 4 * PANEL_GROUP_ROWS;
    for (ptrdiff_t r = 0; r < rows; r += step) {
        const struct panel_args a = {p->t->y, weights + r * w_stride, w_stride,
                                     smaller(step, rows - r), p->w->shape.cols};
        p->k->run.panel(&a);
    }
}

static void call_attention(const struct part *p) {
    const struct kernel_work *w = p->w;
    const struct shape *s = &w->shape;
    const struct operands *t = p->t;
    const struct format_info *format = format_info(op_info(w->op)->weights);
    ptrdiff_t padded =
        (s->dim + format->block_elems - 1) / format->block_elems * format->block_elems;
    ptrdiff_t row_bytes = (ptrdiff_t)format_row_bytes(op_info(w->op)->weights, padded);
    ptrdiff_t heads = s->kv_heads * s->group, head, from, to, units;
    kernel_work_queries(w, p->unit, &head, &from, &to);
    const unsigned char *k = w->token_blocks == 1 ? kernel_work_weights(w, p->unit, 1, &units)
                                                  : w->own + (size_t)head * w->unit_bytes;
    ptrdiff_t at = from * heads + head * s->group; // of the first query's state
    for (ptrdiff_t i = 0; i < to - from; i++) {
        ptrdiff_t row = at + i * heads;
        for (ptrdiff_t g = 0; g < s->group; g++) t->m[row + g] = -INFINITY, t->l[row + g] = 0;
        memset(t->acc + row * s->dim, 0, (size_t)(s->group * s->dim) * sizeof *t->acc);
    }
    struct attention_args a = {
        .q = (const float *)t->x + at * s->dim,
        .q_token_stride = heads * s->dim * (ptrdiff_t)sizeof(float),
        .q_head_stride = s->dim * (ptrdiff_t)sizeof(float),
        .k_row_stride = row_bytes,
        .k_head_stride = s->run * row_bytes,
        .v_row_stride = row_bytes,
        .v_head_stride = s->run * row_bytes,
        .tokens = to - from,
        .q_pos0 = s->run - s->tokens + from,
        .kv_heads = 1,
        .group = s->group,
        .dim_k = s->dim,
        .dim_v = s->dim,
        .scale = 1 / sqrt((double)s->dim),
        .m = t->m + at,
        .l = t->l + at,
        .state_token_stride = heads * (ptrdiff_t)sizeof(float),
        .acc = t->acc + at * s->dim,
        .acc_token_stride = heads * s->dim * (ptrdiff_t)sizeof(float),
        .acc_head_stride = s->dim * (ptrdiff_t)sizeof(float),
        .scratch = t->scratch,
        .scores = t->scores,
    };
    ptrdiff_t keys = a.q_pos0 + a.tokens; // that the last of these queries sees
    const ptrdiff_t step = blocking_takes_whole_runs(p->k) ? keys : ATTENTION_KEYS;
    for (ptrdiff_t j = 0; j < keys; j += step) {
        a.run_pos0 = j;
        a.run_length = smaller(step, keys - j);
        a.scores_head_stride = a.run_length * (ptrdiff_t)sizeof(float);
        a.scores_token_stride = s->group * a.scores_head_stride;
        a.k = k + j * row_bytes;
        a.v = k + (s->run + j) * row_bytes;
        p->k->run.attention(&a);
    }
}

static void call_state(const struct part *p) {
    const struct shape *s = &p->w->shape;
    const struct operands *t = p->t;
    ptrdiff_t row = p->first * s->kv_heads, head_bytes = s->dim * (ptrdiff_t)sizeof(float);
    const struct state_args a = {
        .m = t->m + row,
        .l = t->l + row,
        .state_token_stride = s->kv_heads * (ptrdiff_t)sizeof(float),
        .acc = t->acc + row * s->dim,
        .acc_token_stride = s->kv_heads * head_bytes,
        .acc_head_stride = head_bytes,
        .m2 = t->m2 + row,
        .l2 = t->l2 + row,
        .acc2 = t->acc2 + row * s->dim,
        .y = (float *)t->y + row * s->dim,
        .y_token_stride = s->kv_heads * head_bytes,
        .y_head_stride = head_bytes,
        .tokens = p->count,
        .heads = s->kv_heads,
        .dim_v = s->dim,
    };
    for (ptrdiff_t i = 0; i < p->repeats; i++) p->k->run.state(&a);
}

static void call_row(const struct part *p) {
    const struct kernel_work *w = p->w;
    ptrdiff_t y_stride = w->op == OP_argmax ? (ptrdiff_t)sizeof(int32_t) : w->y_stride;
    const struct row_args a = {
        .y = p->t->y + p->first * y_stride,
        .y_stride = w->y_stride,
        .x = (const float *)(p->t->x + p->first * w->x_stride),
        .x_stride = w->x_stride,
        .b = (const float *)((const char *)p->t->b + p->first * w->x_stride),
        .b_stride = w->x_stride,
        .gain = p->t->gain,
        .cols = w->shape.cols,
        .tokens = p->count,
        .eps = 1e-5,
    };
    for (ptrdiff_t i = 0; i < p->repeats; i++) p->k->run.row(&a);
}

static void call_rope_angles(const struct part *p) {
    const struct kernel_work *w = p->w;
    const struct rope_angles_args a = {
        .cs = (float *)(p->t->y + p->first * w->y_stride),
        .cs_stride = w->y_stride,
        .positions = p->t->indices + p->first,
        .pairs = w->shape.cols / 2,
        .tokens = p->count,
        .base = 1e4,
        .scale = 1,
    };
    for (ptrdiff_t i = 0; i < p->repeats; i++) p->k->run.rope_angles(&a);
}

static void call_rope(const struct part *p) {
    const struct kernel_work *w = p->w;
    const struct rope_args a = {
        .x = (float *)(p->t->x + p->first * w->x_stride),
        .x_token_stride = w->x_stride,
        .x_head_stride = w->dim * (ptrdiff_t)sizeof(float),
        .cs = (const float *)((const char *)p->t->b + p->first * w->x_stride),
        .cs_stride = w->x_stride,
        .heads = w->heads,
        .pairs = w->dim / 2,
        .tokens = p->count,
    };
    for (ptrdiff_t i = 0; i < p->repeats; i++) p->k->run.rope(&a);
}

static void call_embed(const struct part *p) {
    const struct kernel_work *w = p->w;
    const struct embed_args a = {
        .y = (float *)(p->t->y + p->first * w->y_stride),
        .y_stride = w->y_stride,
        .w = w->ring != NULL ? w->ring : w->own,
        .w_stride = (ptrdiff_t)format_row_bytes(op_info(w->op)->weights, w->shape.cols),
        .ids = p->t->indices + p->unit % w->table_indices, // calls ask for other rows each time
        .cols = w->shape.cols,
        .tokens = p->count,
    };
    p->k->run.embed(&a);
}

static void call_kv_store(const struct part *p) {
    const struct kernel_work *w = p->w;
    ptrdiff_t row_bytes = (ptrdiff_t)format_row_bytes(op_info(w->op)->weights, w->dim);
    const struct kv_store_args a = {
        .y = p->t->y + p->first * row_bytes,
        .y_row_stride = row_bytes,
        .y_head_stride = w->shape.tokens * row_bytes,
        .x = (const float *)(p->t->x + p->first * w->x_stride),
        .x_token_stride = w->x_stride,
        .x_head_stride = w->dim * (ptrdiff_t)sizeof(float),
        .heads = w->heads,
        .dim = w->dim,
        .tokens = p->count,
    };
    for (ptrdiff_t i = 0; i < p->repeats; i++) p->k->run.kv_store(&a);
}

static void call_yardstick(const struct part *p, const unsigned char *memory, ptrdiff_t pieces) {
    const struct kernel_work *w = p->w;
    bool whole = w->unit_bytes == (size_t)w->shape.rows; // then a unit is an iteration
    if (w->op == OP_pointer_chase) { // from elsewhere on the cycle than the last time
        struct random r = random_seeded((uint64_t)p->unit);
        memory += random_below(&r, w->unit_bytes / CHASE_LINE_BYTES) * CHASE_LINE_BYTES;
    }
    const struct yardstick_args a = {
        .buffer = memory,
        .bytes = (ptrdiff_t)w->unit_bytes * (whole ? 1 : pieces),
        .iterations = whole ? pieces : 1,
        .sink = p->t->y,
    };
    p->k->run.yardstick(&a);
}

static void call_part(const struct part *p) {
    switch (p->w->op_class) {
    case CLASS_attention:
        call_attention(p);
        break;
    case CLASS_state:
        call_state(p);
        break;
    case CLASS_row:
        call_row(p);
        break;
    case CLASS_rope_angles:
        call_rope_angles(p);
        break;
    case CLASS_rope:
        call_rope(p);
        break;
    case CLASS_embed:
        call_embed(p);
        break;
    case CLASS_kv_store:
        call_kv_store(p);
        break;
    case CLASS_matmul:
    case CLASS_panel:
    case CLASS_yardstick:
        break; // kernel_work_call gives them their memory
    }
}

// What lies one behind the other: of a yardstick with memory of its own, of each thread.
static const unsigned char *memory_of(const struct part *p, ptrdiff_t wanted, ptrdiff_t *units) {
    const struct kernel_work *w = p->w;
    if (w->op_class != CLASS_yardstick || w->ring != NULL)
        return kernel_work_weights(w, p->unit, wanted, units);
    *units = wanted;
    if (w->unit_bytes == (size_t)w->shape.rows) return p->t->x;
    *units = smaller(wanted, w->units - p->first);
    return p->t->x + (size_t)p->first * w->unit_bytes;
}

void kernel_work_call(const struct kernel_work *w, const struct kernel *k, int thread,
                      ptrdiff_t begin, ptrdiff_t end) {
    struct part p = {w, k, &w->threads_operands[thread], begin, begin % w->units, 0, 1};
    bool alike = w->op_class != CLASS_matmul && w->op_class != CLASS_panel &&
                 w->op_class != CLASS_attention && w->op_class != CLASS_embed &&
                 w->op_class != CLASS_yardstick;
    for (ptrdiff_t done; p.unit < end; p.unit += done) {
        p.count = done = smaller(end - p.unit, w->units - p.first);
        if (w->op_class == CLASS_attention) p.count = done = 1;
        // Calls may take a few nanoseconds: nothing stands between those that are alike.
        p.repeats = alike && done == w->units ? (end - p.unit) / w->units : 1;
        if (alike) done *= p.repeats;
        if (w->op_class == CLASS_matmul || w->op_class == CLASS_panel) {
            const unsigned char *weights = memory_of(&p, p.count, &done);
            (w->op_class == CLASS_matmul ? call_matmul : call_panel)(&p, weights, done);
        } else if (w->op_class == CLASS_yardstick) {
            const unsigned char *memory = memory_of(&p, end - p.unit, &done);
            call_yardstick(&p, memory, done);
            p.first = (p.first + done) % w->units;
            continue;
        } else {
            call_part(&p);
        }
        if (alike && p.count == w->units) continue; // whole calls end where they began
        p.first += done;
        if (p.first == w->units) p.first = 0;
    }
}
