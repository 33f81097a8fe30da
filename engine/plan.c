// SPDX-License-Identifier: MIT
#include "engine/plan.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/error.h"
#include "engine/gguf_describe.h"
#include "engine/plan_builder.h"

#define NAME_BYTES 96

static void fill_variants(struct plan_builder *b, struct step *s, unsigned takes) {
    // What is selected can only change where some row's range of tokens begins or has just ended.
    ptrdiff_t from = 1, last = b->plan->max_tokens;
    s->variant_count = 0;
    while (from <= last) {
        const struct kernel *k = kernel_select(s->op, from, takes, b->options->rules);
        ptrdiff_t next = last + 1;
        for (size_t i = 0; i < kernel_count(); i++) {
            const struct kernel *row = kernel_at(i);
            if (row->op != s->op) continue;
            if (row->tokens_min > from && row->tokens_min < next) next = row->tokens_min;
            if (row->tokens_max >= from && row->tokens_max < next - 1) next = row->tokens_max + 1;
        }
        if (s->variant_count && s->variants[s->variant_count - 1] == k)
            s->variant_count--;
        else if (s->variant_count == STEP_VARIANTS_MAX) {
            b->error = engine_fail(EINVAL, "op %s: more than %d variants by tokens",
                                   op_info(s->op)->name, STEP_VARIANTS_MAX);
            return;
        }
        s->variants[s->variant_count] = k;
        s->variant_tokens_max[s->variant_count++] = next - 1;
        from = next;
    }
}

struct step *plan_add(struct plan_builder *b, enum op op, const char *region,
                      enum partition partition, enum slot y, enum slot x, enum slot second,
                      ptrdiff_t rows, ptrdiff_t cols) {
    static _Thread_local struct step ignored; // what callers fill in after an error
    if (b->error) return &ignored;
    struct plan *p = b->plan;
    if (p->step_count == b->capacity) {
        size_t capacity = b->capacity ? 2 * b->capacity : 64;
        struct step *steps = realloc(p->steps, capacity * sizeof *steps);
        if (!steps) {
            b->error = engine_fail(ENOMEM, "%s: no memory for %zu steps", gguf_path(b->model->gguf),
                                   capacity);
            return &ignored;
        }
        p->steps = steps;
        b->capacity = capacity;
    }
    struct step *s = &p->steps[p->step_count++];
    *s = (struct step){.op = op,
                       .layer = b->layer,
                       .region = region,
                       .role = b->role,
                       .partition = partition,
                       .y = y,
                       .x = x,
                       .b = second,
                       .rows = rows,
                       .cols = cols};
    fill_variants(b, s, 0);
    return s;
}

static void tensor_name(const struct plan_builder *b, char out[NAME_BYTES], const char *name) {
    if (b->layer < 0)
        snprintf(out, NAME_BYTES, "%s.weight", name);
    else
        snprintf(out, NAME_BYTES, "blk.%d.%s.weight", b->layer, name);
}

bool plan_has_tensor(const struct plan_builder *b, const char *name) {
    char full[NAME_BYTES];
    tensor_name(b, full, name);
    return gguf_tensor(b->model->gguf, full) != NULL;
}

static int check_tensor(const struct plan_builder *b, const struct gguf_tensor *t, ptrdiff_t rows,
                        ptrdiff_t cols) {
    const char *path = gguf_path(b->model->gguf);
    const unsigned long long offset = t->offset;
    if (t->dims[0] != (uint64_t)cols || t->dims[1] != (uint64_t)rows || t->dims[2] != 1 ||
        t->dims[3] != 1) {
        char got[96];
        int n = snprintf(got, sizeof got, "%llu", (unsigned long long)t->dims[0]);
        for (int d = 1; d < t->dim_count; d++)
            n += snprintf(got + n, sizeof got - (size_t)n, " x %llu",
                          (unsigned long long)t->dims[d]);
        if (rows == 1)
            return engine_fail(EINVAL, "%s: tensor '%s' at offset %llu: shape %s, expected %td",
                               path, t->name, offset, got, cols);
        return engine_fail(EINVAL, "%s: tensor '%s' at offset %llu: shape %s, expected %td x %td",
                           path, t->name, offset, got, cols, rows);
    }
    if (t->format < 0) {
        char format[16];
        return engine_fail(ENOTSUP, "%s: tensor '%s' at offset %llu: format %s: not built yet",
                           path, t->name, offset, gguf_describe_format(t, format));
    }
    if (rows == 1 && t->format != FORMAT_f32)
        return engine_fail(ENOTSUP, "%s: tensor '%s' at offset %llu: is %s, expected f32", path,
                           t->name, offset, format_info((enum format)t->format)->name);
    return 0;
}

const struct gguf_tensor *plan_tensor(struct plan_builder *b, const char *name, ptrdiff_t rows,
                                      ptrdiff_t cols) {
    char full[NAME_BYTES];
    if (b->error) return NULL;
    tensor_name(b, full, name);
    const struct gguf_tensor *t = gguf_tensor(b->model->gguf, full);
    if (!t && rows == 1)
        b->error = engine_fail(EINVAL, "%s: tensor '%s': missing (expected %td)",
                               gguf_path(b->model->gguf), full, cols);
    else if (!t)
        b->error = engine_fail(EINVAL, "%s: tensor '%s': missing (expected %td x %td)",
                               gguf_path(b->model->gguf), full, cols, rows);
    else
        b->error = check_tensor(b, t, rows, cols);
    if (b->error) return NULL;
    b->used[t - gguf_tensor_at(b->model->gguf, 0)] = true;
    return t;
}

void plan_add_embed(struct plan_builder *b, const struct gguf_tensor *w) {
    if (b->error) return;
    int op = op_of(CLASS_embed, (enum format)w->format, FORMAT_f32);
    if (op < 0) {
        b->error = engine_fail(ENOTSUP, "%s: tensor '%s': no embed op for format %s",
                               gguf_path(b->model->gguf), w->name,
                               format_info((enum format)w->format)->name);
        return;
    }
    struct step *s = plan_add(b, (enum op)op, "embed", PARTITION_tokens, SLOT_stream, SLOT_none,
                              SLOT_none, (ptrdiff_t)w->dims[1], (ptrdiff_t)w->dims[0]);
    s->w = w;
}

void plan_add_norm(struct plan_builder *b, const char *region, const struct gguf_tensor *gain,
                   enum slot y) {
    if (b->error) return;
    struct step *s = plan_add(b, OP_rmsnorm, region, PARTITION_tokens, y, SLOT_stream, SLOT_none, 1,
                              (ptrdiff_t)gain->dims[0]);
    s->w = gain;
}

// The op for these weights: with options->act where the formats have one, else with the weight
// format's default activations. -1 after an error.
static int matmul_op(struct plan_builder *b, const struct gguf_tensor *w) {
    enum format weights = (enum format)w->format;
    if (b->options->act >= 0) {
        int op = op_of(CLASS_matmul, weights, (enum format)b->options->act);
        if (op >= 0) {
            b->act_served = true;
            return op;
        }
    }
    int op = op_of(CLASS_matmul, weights, format_info(weights)->default_act);
    if (op < 0)
        b->error = engine_fail(ENOTSUP, "%s: tensor '%s': no matmul op for format %s",
                               gguf_path(b->model->gguf), w->name, format_info(weights)->name);
    return op;
}

// The op that makes activations of this format from float32.
static enum op quantizer(enum format activations) {
    return activations == FORMAT_bf16 ? OP_quantize_bf16 : OP_quantize_a8_32;
}

void plan_add_matmuls(struct plan_builder *b, enum slot x, enum slot x_act,
                      const char *quantize_region, const struct plan_matmul *matmuls,
                      size_t count) {
    enum format in_act = FORMAT_f32; // what x_act holds; f32: nothing yet
    for (size_t i = 0; i < count && !b->error; i++) {
        const struct gguf_tensor *w = matmuls[i].w;
        int op = matmul_op(b, w);
        if (op < 0) return;
        enum format activations = op_info((enum op)op)->activations;
        if (activations != FORMAT_f32 && activations != in_act)
            plan_add(b, quantizer(activations), quantize_region, PARTITION_tokens, x_act, x,
                     SLOT_none, 1, (ptrdiff_t)w->dims[0]);
        if (activations != FORMAT_f32) in_act = activations;
        enum partition partition =
            b->options->matmul_partition == PARTITION_tokens ? PARTITION_tokens : PARTITION_rows;
        struct step *s = plan_add(b, (enum op)op, matmuls[i].region, partition, matmuls[i].y,
                                  activations == FORMAT_f32 ? x : x_act, SLOT_none,
                                  (ptrdiff_t)w->dims[1], (ptrdiff_t)w->dims[0]);
        s->w = w;
    }
}

static bool behind_layers(const struct step *s) {
    return s->y == SLOT_last || s->y == SLOT_last_act || s->y == SLOT_logits;
}

// From the last step to the first: which slots are read for all tokens. Caches are: later evals
// read them.
static void find_narrow(struct plan *p) {
    bool wide[SLOT_COUNT] = {[SLOT_kv] = true};
    for (size_t i = p->step_count; i-- > 0;) {
        struct step *s = &p->steps[i];
        s->narrow = !wide[s->y] && !behind_layers(s);
        if (s->y != SLOT_kv && s->y != s->x && s->y != s->b) wide[s->y] = false;
        if (s->narrow || behind_layers(s)) continue;
        wide[s->x] = wide[s->b] = true;
    }
}

static bool touches(const struct step *s, enum slot slot) {
    return slot != SLOT_none && (s->y == slot || s->x == slot || s->b == slot);
}

// Whether a thread finds in step b exactly what it wrote itself in step a (or, for attention over
// whole heads, may).
static enum wait needed(const struct step *a, const struct step *b) {
    bool conflict = touches(a, b->y) || touches(b, a->y);
    if (!conflict) return WAIT_none;
    bool same_rows = behind_layers(a) == behind_layers(b) && a->narrow == b->narrow;
    bool attention =
        op_info(a->op)->op_class == CLASS_attention || op_info(a->op)->op_class == CLASS_state;
    if (a->partition == PARTITION_heads && b->partition == PARTITION_heads && attention)
        return WAIT_split_keys;
    // A matmul split by tokens is split by rows when there is one token.
    bool is_matmul =
        op_info(a->op)->op_class == CLASS_matmul || op_info(b->op)->op_class == CLASS_matmul;
    if (a->partition == PARTITION_tokens && b->partition == PARTITION_tokens && same_rows &&
        !is_matmul)
        return WAIT_none;
    return WAIT_all;
}

static void place_waits(struct plan *p) {
    size_t since = 0; // first step after the last barrier for all
    for (size_t i = 1; i < p->step_count; i++) {
        enum wait wait = WAIT_none;
        for (size_t j = since; j < i && wait != WAIT_all; j++) {
            enum wait w = needed(&p->steps[j], &p->steps[i]);
            if (w > wait) wait = w;
        }
        p->steps[i - 1].wait = wait;
        if (wait == WAIT_all) since = i;
    }
}

// Tensors of layers that no step reads would make the results silently wrong.
static int refuse_unused(const struct plan_builder *b) {
    const struct gguf *g = b->model->gguf;
    for (size_t i = 0; i < gguf_tensor_count(g); i++) {
        const char *name = gguf_tensor_at(g, i)->name;
        if (!b->used[i] && strncmp(name, "blk.", 4) == 0 && !strstr(name, "rot_embd"))
            return engine_fail(ENOTSUP,
                               "%s: tensor '%s' at offset %llu: has no place in architecture %s",
                               gguf_path(g), name, (unsigned long long)gguf_tensor_at(g, i)->offset,
                               b->model->architecture->name);
    }
    return 0;
}

static int check_options(const struct plan_builder *b) {
    const char *path = gguf_path(b->model->gguf);
    enum format kv = b->options->kv;
    if (op_of(CLASS_attention, kv, FORMAT_f32) < 0 || op_of(CLASS_kv_store, kv, FORMAT_f32) < 0)
        return engine_fail(ENOTSUP, "%s: a KV cache in %s is not built yet", path,
                           format_info(kv)->name);
    int partition = b->options->matmul_partition;
    if (partition >= 0 && partition != PARTITION_rows && partition != PARTITION_tokens)
        return engine_fail(EINVAL, "%s: matmuls are split by rows or tokens, not by %s", path,
                           partition_name((enum partition)partition));
    return 0;
}

static int check_act(const struct plan_builder *b) {
    if (b->options->act < 0 || b->act_served) return 0;
    return engine_fail(ENOTSUP, "%s: no matmul of this model takes activations in %s",
                       gguf_path(b->model->gguf), format_info((enum format)b->options->act)->name);
}

int plan_build(struct plan **out, const struct model *m, const struct plan_options *o) {
    struct plan_builder b = {.model = m, .options = o, .layer = -1};
    *out = NULL;
    b.plan = calloc(1, sizeof *b.plan);
    b.used = calloc(gguf_tensor_count(m->gguf) + 1, sizeof *b.used);
    if (!b.plan || !b.used) {
        free(b.plan);
        free(b.used);
        return engine_fail(ENOMEM, "%s: no memory for the plan", gguf_path(m->gguf));
    }
    b.plan->model = m;
    b.plan->max_tokens = o->max_tokens ? o->max_tokens : 512;
    b.plan->max_sequences = o->max_sequences ? o->max_sequences : 1;
    b.plan->kv = o->kv;
    b.error = check_options(&b);
    if (!b.error) m->architecture->build(&b);
    if (!b.error) b.error = refuse_unused(&b);
    if (!b.error) b.error = check_act(&b);
    free(b.used);
    if (b.error) {
        plan_free(b.plan);
        return b.error;
    }
    find_narrow(b.plan);
    place_waits(b.plan);
    *out = b.plan;
    return 0;
}

void plan_free(struct plan *p) {
    if (!p) return;
    free(p->steps);
    free(p);
}

const struct kernel *step_kernel(const struct step *s, ptrdiff_t tokens) {
    int i = 0;
    while (i < s->variant_count - 1 && tokens > s->variant_tokens_max[i]) i++;
    return s->variants[i];
}

const char *role_name(enum role r) {
    static const char *const names[ROLE_COUNT] = {"embedding", "attention", "feed_forward",
                                                  "output"};
    return names[r];
}

const char *partition_name(enum partition p) {
    static const char *const names[] = {"rows", "tokens", "heads", "kv", "one"};
    return names[p];
}
