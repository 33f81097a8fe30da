// SPDX-License-Identifier: MIT
// Where the operands of each class lie, and what lies there.
#include "experiments/kernel_work_parts.h"

#include "engine/blocking.h"
#include "experiments/failure.h"
#include "experiments/kernel_data.h"
#include "experiments/random.h"
#include "kernels/chase.h"

#define PAGE_BYTES 4096
#define HEAD_DIM 64 // of row-wise ops that have heads, where COLS is a multiple

static ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b) {
    return a < b ? a : b;
}

// ---- where operands lie -----------------------------------------------------------------------

// Called twice for each: without an arena it only counts.
static void *take(struct kernel_work *w, struct random *layout, size_t bytes) {
    size_t at = w->used;
    w->used += (bytes + 63) / 64 * 64 + 64;
    if (layout->state != 0) w->used += random_below(layout, PAGE_BYTES / 64) * 64;
    return w->arena == NULL ? NULL : w->arena + at;
}

static size_t scratch_bytes(const struct kernel_work *w, const struct kernel_work_options *o) {
    struct shape s = w->shape;
    size_t most = 0;
    if (w->op_class == CLASS_attention) s.tokens = smaller(s.tokens, ATTENTION_TOKENS);
    for (size_t i = 0; i < o->kernel_count; i++) {
        s.run = w->shape.run;
        if (w->op_class == CLASS_attention && !blocking_takes_whole_runs(o->kernels[i]))
            s.run = smaller(s.run, ATTENTION_KEYS);
        size_t bytes = o->kernels[i]->scratch_bytes(&s);
        if (bytes > most) most = bytes;
    }
    return most;
}

static void lay_out_states(struct kernel_work *w, struct operands *t, struct random *layout,
                           ptrdiff_t heads, int count) {
    size_t rows = (size_t)(w->shape.tokens * heads) * sizeof(float);
    t->m = take(w, layout, rows);
    t->l = take(w, layout, rows);
    t->acc = take(w, layout, rows * (size_t)w->shape.dim);
    if (count == 1) return;
    t->m2 = take(w, layout, rows);
    t->l2 = take(w, layout, rows);
    t->acc2 = take(w, layout, rows * (size_t)w->shape.dim);
}

// One head's queries of a block by the keys of a run: what the pieces of attention write or read.
static size_t scores_bytes(const struct shape *s) {
    return (size_t)(smaller(s->tokens, ATTENTION_TOKENS) * s->group *
                    smaller(s->run, ATTENTION_KEYS)) *
           sizeof(float);
}

static void lay_out_thread(struct kernel_work *w, struct operands *t, struct random *layout,
                           bool first) {
    const struct shape *s = &w->shape;
    ptrdiff_t heads = s->kv_heads * s->group;
    switch (w->op_class) {
    case CLASS_matmul:
        t->y_bytes = (size_t)(w->y_stride * s->tokens);
        t->x_bytes = (size_t)(w->x_stride * s->tokens);
        break;
    case CLASS_panel:
        t->y_bytes = panel_bytes(op_info(w->op)->activations, 4 * PANEL_GROUP_ROWS, s->cols);
        break;
    case CLASS_attention:
        t->x_bytes = (size_t)(s->tokens * heads * s->dim) * sizeof(float);
        lay_out_states(w, t, layout, heads, 1);
        t->scores_bytes = scores_bytes(s);
        t->scores = take(w, layout, t->scores_bytes);
        break;
    case CLASS_state:
        t->y_bytes = (size_t)(s->tokens * heads * s->dim) * sizeof(float);
        lay_out_states(w, t, layout, heads, 2);
        break;
    case CLASS_yardstick:
        t->y_bytes = 64;
        if (w->ring == NULL) t->x_bytes = (size_t)s->rows;
        break;
    case CLASS_embed:
        t->y_bytes = (size_t)(w->y_stride * s->tokens);
        t->indices = take(w, layout, (size_t)w->table_indices * sizeof *t->indices);
        break;
    default: // row-wise
        t->y_bytes = (size_t)(w->y_stride * s->tokens);
        t->x_bytes = (size_t)(w->x_stride * s->tokens);
        t->b = take(w, layout, t->x_bytes);
        t->gain = take(w, layout, (size_t)s->cols * sizeof(float));
        t->indices = take(w, layout, (size_t)s->tokens * sizeof *t->indices);
        break;
    }
    if (t->y_bytes > 0) t->y = take(w, layout, t->y_bytes);
    // Threads share the activations of a matmul, as those of a step do.
    if (t->x_bytes > 0 && (first || w->op_class != CLASS_matmul))
        t->x = take(w, layout, t->x_bytes);
    if (!first && w->op_class == CLASS_matmul) t->x = w->threads_operands[0].x;
}

void kernel_work_lay_out(struct kernel_work *w, const struct kernel_work_options *o) {
    struct random layout = {o->layout_seed};
    const struct shape *s = &w->shape;
    enum format activations = op_info(w->op)->activations;
    w->used = 0;
    w->x_stride = w->y_stride = blocking_row_stride((size_t)s->cols * sizeof(float));
    if (w->op_class == CLASS_matmul) {
        w->x_stride = blocking_row_stride(format_row_bytes(activations, s->cols));
        w->y_stride = blocking_row_stride((size_t)s->rows * sizeof(float));
    } else if (w->op_class == CLASS_row &&
               (ptrdiff_t)format_row_bytes(activations, s->cols) > w->y_stride) {
        w->y_stride = blocking_row_stride(format_row_bytes(activations, s->cols));
    }
    w->dim = s->cols % HEAD_DIM == 0 ? HEAD_DIM : s->cols;
    w->heads = s->cols / w->dim;
    if (w->own_bytes > 0) w->own = take(w, &layout, w->own_bytes);
    size_t scratch = scratch_bytes(w, o);
    for (int i = 0; i < w->threads; i++) {
        struct operands *t = &w->threads_operands[i];
        lay_out_thread(w, t, &layout, i == 0);
        t->scratch = take(w, &layout, scratch);
    }
}

// ---- what lies there --------------------------------------------------------------------------

int kernel_work_fill_activations(struct kernel_work *w, uint64_t seed) {
    int status = 0;
    for (ptrdiff_t t = 0; status == 0 && t < w->shape.tokens; t++)
        status = kernel_data_activations(op_info(w->op)->activations,
                                         w->threads_operands[0].x + t * w->x_stride, w->shape.cols,
                                         seed + (uint64_t)t);
    return status == 0 ? 0 : fail(EXIT_FAILED, "out of memory for activations");
}

void kernel_work_fill_thread(struct kernel_work *w, struct operands *t, uint64_t seed) {
    const struct shape *s = &w->shape;
    struct random r = random_seeded(seed);
    size_t floats = t->x_bytes / sizeof(float);
    ptrdiff_t queries = s->tokens * s->kv_heads * s->group;
    if (t->x_bytes > 0) kernel_data_floats((float *)t->x, floats, seed + 1);
    switch (w->op_class) {
    case CLASS_rope: // the angles, of the length one: x keeps its size however often it is turned
        for (size_t i = 0; i < floats; i++) t->b[i] = i % 2 ? 0.8f : 0.6f;
        break;
    case CLASS_rope_angles:
        for (ptrdiff_t i = 0; i < s->tokens; i++) t->indices[i] = (int32_t)i;
        break;
    case CLASS_yardstick:
        kernel_data_fill(FORMAT_f32, t->y, t->y_bytes, seed + 2); // some read their sink
        if (w->op == OP_pointer_chase) chase_fill(t->x, t->x_bytes, seed + 3);
        break;
    case CLASS_embed:
        for (ptrdiff_t i = 0; i < w->table_indices; i++)
            t->indices[i] = (int32_t)random_below(&r, (uint64_t)w->table_rows);
        break;
    case CLASS_state:
        kernel_data_floats(t->m, (size_t)queries, seed + 2);
        kernel_data_floats(t->m2, (size_t)queries, seed + 3);
        kernel_data_floats(t->acc, (size_t)(queries * s->dim), seed + 4);
        kernel_data_floats(t->acc2, (size_t)(queries * s->dim), seed + 5);
        for (ptrdiff_t i = 0; i < queries; i++) t->l[i] = t->l2[i] = 1.0f;
        break;
    case CLASS_attention:
        if (t->scores != NULL)
            kernel_data_floats(t->scores, t->scores_bytes / sizeof(float), seed + 4);
        break;
    case CLASS_matmul:
    case CLASS_panel:
        break;
    default:
        if (t->b == NULL) break;
        kernel_data_floats(t->b, floats, seed + 2);
        kernel_data_floats(t->gain, (size_t)s->cols, seed + 3);
        break;
    }
}
