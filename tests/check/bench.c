// SPDX-License-Identifier: MIT
// Times a kernel in slices that alternate with the yardsticks on the same thread. One call is one
// slice; calls below 50 us are repeated. Fractions are medians of paired fractions.
#include "tests/check/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernels/chase.h"

enum { ROUNDS = 41, ROUND_BUDGET_NS = 15000000, SLICE_NS = 50000 };

struct bench {
    const struct kernel *kernel;
    struct shape shape;
    union {
        struct matmul_args matmul;
        struct panel_args panel;
        struct attention_args attention;
        struct state_args state;
        struct row_args row;
        struct rope_angles_args rope_angles;
        struct rope_args rope;
        struct embed_args embed;
        struct kv_store_args kv_store;
        struct yardstick_args yardstick;
    } args;
    char *ring; // weights, or what else the kernel reads: `ring_count` times `ring_step` bytes
    size_t ring_step, ring_count, ring_next;
};

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void *memory(size_t bytes) {
    void *p = aligned_alloc(64, (bytes + 127) / 64 * 64);
    if (!p) {
        fputs("check_kernels: out of memory\n", stderr);
        exit(1);
    }
    memset(p, 0, (bytes + 127) / 64 * 64);
    return p;
}

static float *floats(struct check *c, ptrdiff_t n) {
    float *x = memory((size_t)n * sizeof *x);
    data_floats(c, DATA_RANDOM, x, n);
    return x;
}

// `rows` rows of a weight format, ring_count times.
static ptrdiff_t ring_of_rows(struct check *c, struct bench *b, enum format f, ptrdiff_t rows,
                              ptrdiff_t cols, size_t ring_bytes) {
    ptrdiff_t stride = (ptrdiff_t)format_row_bytes(f, cols);
    b->ring_step = f == FORMAT_i8 || f == FORMAT_panel_f32 || f == FORMAT_panel_bf16
                       ? panel_bytes(f, rows, cols)
                       : (size_t)(rows * stride);
    b->ring_step = (b->ring_step + 1023) / 1024 * 1024;
    b->ring_count = ring_bytes / b->ring_step + 1;
    b->ring = memory(b->ring_step * b->ring_count);
    if (f == FORMAT_i8) { // any bytes are quants; scales of 0.01
        memset(b->ring, 0x95, b->ring_step);
        for (size_t i = 512; i + 64 <= b->ring_step; i += 576)
            for (int k = 0; k < 16; k++) ((float *)(b->ring + i))[k] = 0.01f;
    } else if (f == FORMAT_panel_bf16) {
        data_weights(c, DATA_RANDOM, FORMAT_bf16, b->ring, (ptrdiff_t)(b->ring_step / 2));
    } else if (f == FORMAT_panel_f32) {
        data_floats(c, DATA_RANDOM, (float *)b->ring, (ptrdiff_t)(b->ring_step / sizeof(float)));
    } else {
        enum format plain = layout_plain(f);
        char *to = plain == f ? b->ring : memory(b->ring_step);
        for (ptrdiff_t r = 0; r < rows; r++)
            data_weights(c, DATA_RANDOM, plain, to + r * stride, cols);
        if (plain != f) layout_pack(f, b->ring, to, rows, cols);
    }
    for (size_t i = 1; i < b->ring_count; i++)
        memcpy(b->ring + i * b->ring_step, b->ring, b->ring_step);
    return stride;
}

static void set_matmul(struct check *c, struct bench *b, size_t ring_bytes) {
    const struct op_info *op = op_info(b->kernel->op);
    const struct shape *s = &b->shape;
    struct matmul_args *a = &b->args.matmul;
    a->w_stride = ring_of_rows(c, b, op->weights, s->rows, s->cols, ring_bytes);
    a->x_stride = ((ptrdiff_t)format_row_bytes(op->activations, s->cols) + 63) / 64 * 64;
    char *x = memory((size_t)(a->x_stride * s->tokens));
    for (ptrdiff_t t = 0; t < s->tokens; t++)
        data_activations(c, DATA_RANDOM, op->activations, x + t * a->x_stride, s->cols);
    a->x = x;
    a->y_stride = s->rows * 4;
    a->y = memory((size_t)(a->y_stride * s->tokens));
    a->rows = s->rows, a->cols = s->cols, a->tokens = s->tokens;
    a->scratch = memory(b->kernel->scratch_bytes(s));
}

static void set_attention(struct check *c, struct bench *b) {
    const struct op_info *op = op_info(b->kernel->op);
    const struct shape *s = &b->shape;
    struct attention_args *a = &b->args.attention;
    ptrdiff_t heads = s->kv_heads * s->group;
    a->k_row_stride = a->v_row_stride = (ptrdiff_t)format_row_bytes(op->weights, s->dim);
    a->k_head_stride = a->v_head_stride = a->k_row_stride * s->run;
    char *k = memory((size_t)(a->k_head_stride * s->kv_heads));
    char *v = memory((size_t)(a->k_head_stride * s->kv_heads));
    for (ptrdiff_t j = 0; j < s->run * s->kv_heads; j++) {
        data_weights(c, DATA_RANDOM, op->weights, k + j * a->k_row_stride, s->dim);
        data_weights(c, DATA_RANDOM, op->weights, v + j * a->v_row_stride, s->dim);
    }
    a->k = k, a->v = v;
    a->q = floats(c, s->tokens * heads * s->dim);
    a->q_head_stride = a->acc_head_stride = s->dim * 4;
    a->q_token_stride = a->acc_token_stride = heads * s->dim * 4;
    a->m = memory((size_t)(s->tokens * heads) * 4), a->l = memory((size_t)(s->tokens * heads) * 4);
    a->state_token_stride = heads * 4;
    a->acc = memory((size_t)(s->tokens * heads * s->dim) * 4);
    a->run_length = s->run, a->q_pos0 = s->run - s->tokens, a->tokens = s->tokens;
    a->kv_heads = s->kv_heads, a->group = s->group, a->dim_k = a->dim_v = s->dim;
    a->scale = 0.01;
    a->scratch = memory(b->kernel->scratch_bytes(s));
    a->scores = floats(c, s->tokens * heads * s->run);
    a->scores_head_stride = s->run * 4, a->scores_token_stride = heads * s->run * 4;
}

static void set_row(struct check *c, struct bench *b) {
    const struct shape *s = &b->shape;
    struct row_args *a = &b->args.row;
    a->x_stride = a->b_stride = s->cols * 4;
    a->y_stride = (ptrdiff_t)format_row_bytes(op_info(b->kernel->op)->activations, s->cols);
    if (a->y_stride < s->cols * 4) a->y_stride = s->cols * 4;
    a->y = memory((size_t)(a->y_stride * s->tokens));
    a->x = floats(c, s->cols * s->tokens), a->b = floats(c, s->cols * s->tokens);
    a->gain = floats(c, s->cols);
    a->cols = s->cols, a->tokens = s->tokens, a->eps = 1e-5;
}

static void set_embed(struct check *c, struct bench *b, size_t ring_bytes) {
    const struct shape *s = &b->shape;
    struct embed_args *a = &b->args.embed;
    a->w_stride = ring_of_rows(c, b, op_info(b->kernel->op)->weights, 64, s->cols, ring_bytes);
    int32_t *ids = memory((size_t)s->tokens * 4);
    for (ptrdiff_t t = 0; t < s->tokens; t++) ids[t] = (int32_t)(t * 7 % 64);
    a->ids = ids;
    a->y_stride = s->cols * 4;
    a->y = memory((size_t)(a->y_stride * s->tokens));
    a->cols = s->cols, a->tokens = s->tokens;
}

static void set_state(struct check *c, struct bench *b) {
    const struct shape *s = &b->shape;
    struct state_args *a = &b->args.state;
    ptrdiff_t n = s->tokens * s->kv_heads;
    a->m = floats(c, n), a->m2 = floats(c, n), a->l = floats(c, n), a->l2 = floats(c, n);
    a->acc = floats(c, n * s->dim), a->acc2 = floats(c, n * s->dim);
    a->y = memory((size_t)(n * s->dim) * 4);
    a->state_token_stride = s->kv_heads * 4;
    a->acc_head_stride = a->y_head_stride = s->dim * 4;
    a->acc_token_stride = a->y_token_stride = s->kv_heads * s->dim * 4;
    a->tokens = s->tokens, a->heads = s->kv_heads, a->dim_v = s->dim;
}

static void set_rope(struct check *c, struct bench *b, bool angles) {
    const struct shape *s = &b->shape;
    float *cs = floats(c, s->cols * s->tokens), *x = floats(c, s->cols * s->tokens);
    if (angles) {
        b->args.rope_angles = (struct rope_angles_args){
            cs, s->cols * 4, memory((size_t)s->tokens * 4), NULL, s->cols / 2, s->tokens, 1e4, 1};
        return;
    }
    for (ptrdiff_t i = 0; i < s->cols * s->tokens; i++) cs[i] = i % 2 ? 0.8f : 0.6f;
    b->args.rope =
        (struct rope_args){x, s->cols * 4, s->cols * 4, cs, s->cols * 4, 1, s->cols / 2, s->tokens};
}

static void set_kv_store(struct check *c, struct bench *b) {
    const struct shape *s = &b->shape;
    b->args.kv_store = (struct kv_store_args){memory((size_t)(s->cols * s->tokens) * 4),
                                              s->cols * 4,
                                              0,
                                              floats(c, s->cols * s->tokens),
                                              s->cols * 4,
                                              0,
                                              1,
                                              s->cols,
                                              s->tokens};
}

static void set_yardstick(struct bench *b) {
    void *buffer = memory((size_t)b->shape.rows);
    if (b->kernel->op == OP_pointer_chase) chase_fill(buffer, (size_t)b->shape.rows, 1);
    b->args.yardstick = (struct yardstick_args){buffer, b->shape.rows, b->shape.cols, memory(64)};
}

static void call(struct bench *b) {
    if (b->ring) {
        char *w = b->ring + b->ring_next++ % b->ring_count * b->ring_step;
        enum op_class op_class = op_info(b->kernel->op)->op_class;
        if (op_class == CLASS_matmul) b->args.matmul.w = w;
        if (op_class == CLASS_panel) b->args.panel.w = w;
        if (op_class == CLASS_embed) b->args.embed.w = w;
    }
    check_invoke(b->kernel, &b->args);
}

// ns of one call, from as many calls as fill a slice.
static double slice_ns(struct bench *b, ptrdiff_t calls) {
    double from = now_ns();
    for (ptrdiff_t i = 0; i < calls; i++) call(b);
    return (now_ns() - from) / (double)calls;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *values, int n) {
    double sorted[ROUNDS];
    memcpy(sorted, values, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, by_value);
    return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

static double least(const double *values, int n) {
    double least_value = values[0];
    for (int i = 1; i < n; i++) least_value = values[i] < least_value ? values[i] : least_value;
    return least_value;
}

// The best rate per ns of an op's usable variants, one slice each, over this buffer.
static double ceiling(enum op op, const void *buffer, ptrdiff_t bytes, ptrdiff_t iterations,
                      char *sink) {
    double best = 0;
    struct shape s = {.rows = bytes, .cols = iterations};
    struct yardstick_args a = {buffer, bytes, iterations, sink};
    double amount = op == OP_read_stream ? op_info(op)->bytes(&s) : op_info(op)->ops(&s);
    for (size_t i = 0; i < kernel_count(); i++) {
        const struct kernel *k = kernel_at(i);
        if (k->op != op || !kernel_usable(k)) continue;
        if (k->isa == ISA_c && kernel_select(op, 1, 0, NULL) != k) continue;
        double from = now_ns();
        k->run.yardstick(&a);
        double rate = amount / (now_ns() - from);
        best = rate > best ? rate : best;
    }
    return best;
}

static const char *default_shape(enum op_class op_class) {
    switch (op_class) {
    case CLASS_matmul:
    case CLASS_panel:
        return "2048x2048";
    case CLASS_attention:
        return "1024x8x4x64";
    case CLASS_state:
        return "64x32";
    case CLASS_yardstick:
        return "65536x1000";
    default:
        return "2048";
    }
}

static int set(struct bench *b, const char *text, size_t ring_bytes) {
    const struct op_info *op = op_info(b->kernel->op);
    struct check c = {.kernel = b->kernel, .random = 1};
    char message[256], with_tokens[64];
    if (!text && op->op_class == CLASS_matmul) {
        snprintf(with_tokens, sizeof with_tokens, "2048x2048x%td", b->kernel->tokens_min);
        text = with_tokens;
    }
    if (!text) text = default_shape(op->op_class);
    if (shape_parse(b->kernel->op, text, &b->shape, message, sizeof message)) {
        fprintf(stderr, "check_kernels: %s\n", message);
        return 2;
    }
    if (b->shape.tokens < b->kernel->tokens_min || b->shape.tokens > b->kernel->tokens_max) {
        fprintf(stderr, "check_kernels: %s takes %td to %td tokens\n", b->kernel->symbol,
                b->kernel->tokens_min, b->kernel->tokens_max);
        return 2;
    }
    switch (op->op_class) {
    case CLASS_matmul:
        set_matmul(&c, b, ring_bytes);
        break;
    case CLASS_panel:
        b->args.panel = (struct panel_args){
            memory(panel_bytes(op->activations, b->shape.rows, b->shape.cols)), NULL,
            ring_of_rows(&c, b, op->weights, b->shape.rows, b->shape.cols, ring_bytes),
            b->shape.rows, b->shape.cols};
        break;
    case CLASS_attention:
        set_attention(&c, b);
        break;
    case CLASS_state:
        set_state(&c, b);
        break;
    case CLASS_row:
        set_row(&c, b);
        break;
    case CLASS_rope_angles:
        set_rope(&c, b, true);
        break;
    case CLASS_rope:
        set_rope(&c, b, false);
        break;
    case CLASS_embed:
        set_embed(&c, b, ring_bytes);
        break;
    case CLASS_kv_store:
        set_kv_store(&c, b);
        break;
    case CLASS_yardstick:
        set_yardstick(b);
        break;
    }
    printf("%s %s", b->kernel->symbol, text);
    return 0;
}

int bench(const struct kernel *k, const char *shape, long ring_mib) {
    struct bench b = {.kernel = k};
    if (set(&b, shape, (size_t)ring_mib << 20)) return 2;
    double bytes = op_info(k->op)->bytes(&b.shape), ops = op_info(k->op)->ops(&b.shape);
    double ns[ROUNDS], of_read[ROUNDS], of_fma[ROUNDS], of_int8[ROUNDS];
    double read_best = 0, fma_best = 0, int8_best = 0;
    slice_ns(&b, 1);
    double once = slice_ns(&b, 1);
    ptrdiff_t calls = once < SLICE_NS ? (ptrdiff_t)(SLICE_NS / (once + 1)) + 1 : 1;
    int rounds = (int)(ROUND_BUDGET_NS * (double)ROUNDS / (once * (double)calls + 500000));
    rounds = rounds > ROUNDS ? ROUNDS : rounds < 5 ? 5 : rounds;
    char *sink = memory(64), *fallback = memory(1 << 20);
    for (int i = 0; i < rounds; i++) {
        ns[i] = slice_ns(&b, calls);
        ptrdiff_t read_bytes = b.ring ? (ptrdiff_t)b.ring_step : 1 << 20;
        const char *from = b.ring ? b.ring + b.ring_next++ % b.ring_count * b.ring_step : fallback;
        double read = ceiling(OP_read_stream, from, read_bytes,
                              b.ring_count > 1 ? 1 : (4 << 20) / read_bytes + 1, sink);
        double fma = ceiling(OP_fma_peak, fallback, 1024, 2000, sink);
        double int8 = ceiling(OP_int8dot_peak, fallback, 1024, 2000, sink);
        of_read[i] = bytes / ns[i] / read;
        of_fma[i] = ops / ns[i] / fma;
        of_int8[i] = ops / ns[i] / int8;
        read_best = read > read_best ? read : read_best;
        fma_best = fma > fma_best ? fma : fma_best;
        int8_best = int8 > int8_best ? int8 : int8_best;
    }
    double best = least(ns, rounds);
    printf("  best %.0f ns  median %.0f ns  (%d slices of %td)\n", best, median(ns, rounds), rounds,
           calls);
    printf("  bytes/s %.2f G  of read %.2f G: %.1f %%\n", bytes / best, read_best,
           100 * median(of_read, rounds));
    printf("  ops/s   %.2f G  of fma %.2f G: %.1f %%  of int8 dot %.2f G: %.1f %%\n", ops / best,
           fma_best, 100 * median(of_fma, rounds), int8_best, 100 * median(of_int8, rounds));
    return 0;
}
