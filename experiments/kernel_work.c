// SPDX-License-Identifier: MIT
#include "experiments/kernel_work_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "engine/blocking.h"
#include "experiments/failure.h"
#include "experiments/kernel_data.h"
#include "experiments/random.h"
#include "kernels/chase.h"

#define PAGE_BYTES 4096
#define PIECE_BYTES ((ptrdiff_t)1 << 20) // of a yardstick's memory that is passed at once
#define RING_YARDSTICK_BYTES ((ptrdiff_t)32 << 20)
#define TABLE_INDICES 65536 // rows of a table that are asked for in turn, or one call's

static ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b) {
    return a < b ? a : b;
}

static ptrdiff_t common_multiple(ptrdiff_t a, ptrdiff_t b) {
    ptrdiff_t x = a, y = b;
    while (y != 0) {
        ptrdiff_t rest = x % y;
        x = y;
        y = rest;
    }
    return a / x * b;
}

static enum format weights_of(const struct kernel_work *w) {
    return op_info(w->op)->weights;
}

// ---- units ------------------------------------------------------------------------------------

static ptrdiff_t round_up(ptrdiff_t n, ptrdiff_t to) {
    return (n + to - 1) / to * to;
}

static void set_units(struct kernel_work *w) {
    const struct shape *s = &w->shape;
    w->units = s->tokens;
    w->token_blocks = 1;
    w->tile = strncmp(op_info(w->op)->name, "matmul_panel_", 13) == 0;
    switch (w->op_class) {
    case CLASS_matmul:
    case CLASS_panel:
        w->units = s->rows;
        w->unit_bytes = format_row_bytes(weights_of(w), s->cols);
        break;
    case CLASS_attention: // K, then V, of a head
        w->unit_bytes = (size_t)round_up(
            2 * s->run *
                (ptrdiff_t)format_row_bytes(
                    weights_of(w), round_up(s->dim, format_info(weights_of(w))->block_elems)),
            (ptrdiff_t)kernel_data_granule(weights_of(w)));
        w->token_blocks = (s->tokens + ATTENTION_TOKENS - 1) / ATTENTION_TOKENS;
        w->units = s->kv_heads * w->token_blocks;
        break;
    case CLASS_yardstick:
        w->units = (s->rows + PIECE_BYTES - 1) / PIECE_BYTES;
        if (w->op == OP_pointer_chase) w->units = 1; // goes through all of it
        w->unit_bytes = (size_t)(s->rows / w->units / 1024 * 1024);
        if (w->units == 1) w->units = s->cols;
        break;
    default:
        break;
    }
}

static void set_granule(struct kernel_work *w, const struct kernel_work_options *o) {
    w->granule = w->token_blocks > 1 ? 2 : 1; // an early block and a late one
    if (w->op_class == CLASS_panel || w->tile) w->granule = PANEL_GROUP_ROWS;
    if (layout_rows(weights_of(w)) > 1)
        w->granule = common_multiple(w->granule, layout_rows(weights_of(w)));
    if (w->op_class != CLASS_matmul) return;
    for (size_t i = 0; i < o->kernel_count; i++)
        if (o->kernels[i]->row_block > 1)
            w->granule = common_multiple(w->granule, o->kernels[i]->row_block);
}

static int check_kernels(const struct kernel_work *w, const struct kernel_work_options *o) {
    const struct shape *s = &w->shape;
    const char *name = op_info(w->op)->name;
    for (size_t i = 0; i < o->kernel_count; i++) {
        const struct kernel *k = o->kernels[i];
        if (k->op != w->op) return fail(EXIT_USAGE, "%s is no variant of %s", k->symbol, name);
        if (s->tokens >= k->tokens_min && s->tokens <= k->tokens_max) continue;
        if (k->tokens_max == TOKENS_ANY)
            return fail(EXIT_USAGE, "%s takes %td tokens or more, not %td", k->symbol,
                        k->tokens_min, s->tokens);
        if (k->tokens_min == k->tokens_max)
            return fail(EXIT_USAGE, "%s takes %td token%s, not %td", k->symbol, k->tokens_min,
                        k->tokens_min == 1 ? "" : "s", s->tokens);
        return fail(EXIT_USAGE, "%s takes %td to %td tokens, not %td", k->symbol, k->tokens_min,
                    k->tokens_max, s->tokens);
    }
    ptrdiff_t together = w->tile ? PANEL_GROUP_ROWS : layout_rows(weights_of(w));
    if (w->unit_bytes > 0 && s->rows % together != 0)
        return fail(EXIT_USAGE, "%s: ROWS must be a multiple of %td, which lie together, is %td",
                    name, together, s->rows);
    return 0;
}

static int map_arena(struct kernel_work *w, const struct kernel_work_options *o) {
    size_t bytes = (w->used + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE;
    if (o->address != NULL) flags |= MAP_FIXED_NOREPLACE;
    void *arena = mmap(o->address, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (arena == MAP_FAILED)
        return fail(EXIT_FAILED, "no memory for the operands of %s (%.0f MB): %s",
                    op_info(w->op)->name, (double)bytes / 1e6, strerror(errno));
    w->arena = arena;
    w->arena_bytes = bytes;
    return 0;
}

// ---- opening ----------------------------------------------------------------------------------

static bool wants_ring(const struct kernel_work *w) {
    switch (w->op_class) {
    case CLASS_matmul:
    case CLASS_panel:
    case CLASS_embed:
        return true;
    case CLASS_attention: // more blocks of queries find their head's keys in the caches
        return w->token_blocks == 1;
    case CLASS_yardstick:
        return w->op == OP_read_stream && w->shape.rows >= RING_YARDSTICK_BYTES;
    default:
        return false;
    }
}

static void set_weights(struct kernel_work *w, const struct kernel_work_options *o) {
    const struct shape *s = &w->shape;
    size_t row_bytes = w->op_class == CLASS_embed ? format_row_bytes(weights_of(w), s->cols) : 1;
    w->table_indices =
        s->tokens < TABLE_INDICES ? TABLE_INDICES / s->tokens * s->tokens : s->tokens;
    if (o->ring != NULL && wants_ring(w) && w->unit_bytes * (size_t)w->granule <= o->ring_bytes) {
        w->ring = o->ring;
        w->ring_bytes = o->ring_bytes;
        w->table_rows = smaller((ptrdiff_t)(o->ring_bytes / row_bytes), INT32_MAX);
    } else if (w->op_class == CLASS_embed) {
        w->own_bytes = 64 * row_bytes;
        w->table_rows = 64;
    } else if (w->op_class == CLASS_attention) {
        w->own_bytes = (size_t)s->kv_heads * w->unit_bytes;
    } else if (w->op_class != CLASS_yardstick) {
        w->own_bytes = (size_t)w->units * w->unit_bytes;
    }
}

int kernel_work_open(struct kernel_work **out, enum op op, const struct shape *s,
                     const struct kernel_work_options *o) {
    struct kernel_work *w = calloc(1, sizeof *w);
    *out = w;
    if (w == NULL) return fail(EXIT_FAILED, "out of memory");
    *w = (struct kernel_work){
        .op = op, .op_class = op_info(op)->op_class, .shape = *s, .threads = o->threads};
    set_units(w);
    set_granule(w, o);
    set_weights(w, o);
    w->threads_operands = calloc((size_t)o->threads, sizeof *w->threads_operands);
    int status = w->threads_operands == NULL ? fail(EXIT_FAILED, "out of memory") : 0;
    if (status == 0) status = check_kernels(w, o);
    if (status == 0) {
        kernel_work_lay_out(w, o);
        status = map_arena(w, o);
    }
    if (status == 0) {
        kernel_work_lay_out(w, o);
        if (w->own != NULL) kernel_data_fill_ring(weights_of(w), w->own, w->own_bytes, o->seed);
        if (w->op_class == CLASS_matmul) status = kernel_work_fill_activations(w, o->seed);
        for (int i = 0; i < w->threads && w->op_class != CLASS_matmul; i++)
            kernel_work_fill_thread(w, &w->threads_operands[i], o->seed);
    }
    if (status != 0) {
        kernel_work_close(w);
        *out = NULL;
    }
    return status;
}

void kernel_work_close(struct kernel_work *w) {
    if (w == NULL) return;
    if (w->arena != NULL) munmap(w->arena, w->arena_bytes);
    free(w->threads_operands);
    free(w);
}

ptrdiff_t kernel_work_units(const struct kernel_work *w) {
    return w->units;
}

ptrdiff_t kernel_work_granule(const struct kernel_work *w) {
    return w->granule;
}

bool kernel_work_from_ring(const struct kernel_work *w) {
    return w->ring != NULL;
}

const unsigned char *kernel_work_operands(const struct kernel_work *w, int thread, size_t *bytes) {
    const struct operands *t = &w->threads_operands[thread];
    if (w->ring != NULL) return NULL;
    *bytes = w->own != NULL ? w->own_bytes : t->x_bytes;
    return w->own != NULL ? w->own : t->x;
}

const unsigned char *kernel_work_results(const struct kernel_work *w, int thread, size_t *bytes) {
    const struct operands *t = &w->threads_operands[thread];
    if (w->op == OP_attention_scores_f32 || w->op == OP_attention_scores_f16 ||
        w->op == OP_attention_scores_q8_0) {
        *bytes = t->scores_bytes;
        return (const unsigned char *)t->scores;
    }
    if (w->op_class == CLASS_attention || w->op == OP_attention_merge) {
        *bytes = (size_t)(w->shape.tokens * w->shape.kv_heads * w->shape.group * w->shape.dim) *
                 sizeof(float);
        return (const unsigned char *)t->acc;
    }
    *bytes = w->op_class == CLASS_rope ? t->x_bytes : t->y_bytes;
    return w->op_class == CLASS_rope ? t->x : t->y;
}

// ---- the ring ---------------------------------------------------------------------------------

// Units that fit into so many bytes; granules stay whole.
static ptrdiff_t units_in(const struct kernel_work *w, size_t bytes) {
    return (ptrdiff_t)(bytes / w->unit_bytes) / w->granule * w->granule;
}

size_t kernel_work_place(struct kernel_work *w, ptrdiff_t begin, ptrdiff_t end, size_t offset) {
    if (w->ring == NULL || w->unit_bytes == 0) return offset;
    size_t granule = kernel_data_granule(weights_of(w));
    offset = (offset + granule - 1) / granule * granule;
    if (offset >= w->ring_bytes || units_in(w, w->ring_bytes - offset) == 0) offset = 0;
    w->placed_begin = begin;
    w->placed_offset = offset;
    ptrdiff_t first = units_in(w, w->ring_bytes - offset), count = end - begin;
    if (count <= first) return offset + (size_t)count * w->unit_bytes;
    return (size_t)((count - first) % units_in(w, w->ring_bytes)) * w->unit_bytes;
}

const unsigned char *kernel_work_weights(const struct kernel_work *w, ptrdiff_t unit,
                                         ptrdiff_t wanted, ptrdiff_t *units) {
    if (w->ring == NULL) {
        ptrdiff_t at = unit % w->units;
        *units = smaller(wanted, w->units - at);
        return w->own + (size_t)at * w->unit_bytes;
    }
    ptrdiff_t at = unit - w->placed_begin;
    ptrdiff_t first = units_in(w, w->ring_bytes - w->placed_offset);
    if (at < first) {
        *units = smaller(wanted, first - at);
        return w->ring + w->placed_offset + (size_t)at * w->unit_bytes;
    }
    ptrdiff_t all = units_in(w, w->ring_bytes);
    at = (at - first) % all;
    *units = smaller(wanted, all - at);
    return w->ring + (size_t)at * w->unit_bytes;
}

// ---- cost -------------------------------------------------------------------------------------

void kernel_work_queries(const struct kernel_work *w, ptrdiff_t unit, ptrdiff_t *head,
                         ptrdiff_t *from, ptrdiff_t *to) {
    ptrdiff_t i = unit % w->token_blocks;
    ptrdiff_t block = i % 2 == 0 ? i / 2 : w->token_blocks - 1 - i / 2;
    *head = unit / w->token_blocks % w->shape.kv_heads;
    *from = block * ATTENTION_TOKENS;
    *to = smaller(*from + ATTENTION_TOKENS, w->shape.tokens);
}

static void attention_cost(const struct kernel_work *w, ptrdiff_t unit, double *bytes,
                           double *ops) {
    const struct op_info *op = op_info(w->op);
    ptrdiff_t head, from, to;
    struct shape s = w->shape;
    kernel_work_queries(w, unit, &head, &from, &to);
    s.kv_heads = 1;
    *bytes += op->bytes(&s) * (double)(to - from) / (double)s.tokens; // once for all blocks
    s.run = s.run - s.tokens + to; // what the block's last query sees
    s.tokens = to - from;
    *ops += op->ops(&s);
}

void kernel_work_cost(const struct kernel_work *w, ptrdiff_t begin, ptrdiff_t end, double *bytes,
                      double *ops) {
    struct shape s = w->shape;
    *bytes = *ops = 0;
    if (w->op_class == CLASS_attention) {
        for (ptrdiff_t unit = begin; unit < end; unit++) attention_cost(w, unit, bytes, ops);
        return;
    }
    if (w->op_class == CLASS_matmul || w->op_class == CLASS_panel) {
        s.rows = end - begin;
    } else if (w->op_class == CLASS_yardstick) {
        s.rows = (ptrdiff_t)w->unit_bytes;
        s.cols = end - begin;
    } else {
        s.tokens = end - begin;
    }
    *bytes = op_info(w->op)->bytes(&s);
    *ops = op_info(w->op)->ops(&s);
}
