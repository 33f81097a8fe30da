// SPDX-License-Identifier: MIT
#include "engine/context.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/error.h"
#include "engine/execute.h"

// Zero pages of the kernel, touched only where something is written: opening costs no time and no
// memory in proportion to the capacity.
static unsigned char *map_zeroes(size_t bytes) {
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                   -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

static size_t round_up(size_t n, size_t to) {
    return (n + to - 1) / to * to;
}

// Activations that steps of the plan write into the slot, of whatever formats.
static size_t act_row_bytes(const struct plan *p, enum slot slot, ptrdiff_t cols) {
    size_t most = format_row_bytes(FORMAT_a8_32, cols);
    for (size_t i = 0; i < p->step_count; i++) {
        if (p->steps[i].y != slot) continue;
        size_t bytes = format_row_bytes(op_info(p->steps[i].op)->activations, cols);
        if (bytes > most) most = bytes;
    }
    return most;
}

static size_t slot_row_bytes(const struct plan *p, enum slot slot) {
    const struct hparams *h = &p->model->h;
    const size_t f = sizeof(float);
    switch (slot) {
    case SLOT_stream:
    case SLOT_norm:
    case SLOT_branch:
    case SLOT_last:
        return (size_t)h->width * f;
    case SLOT_norm_act:
    case SLOT_last_act:
        return act_row_bytes(p, slot, h->width);
    case SLOT_q:
        return (size_t)(h->heads * h->dim_k) * f;
    case SLOT_k:
        return (size_t)(h->kv_heads * h->dim_k) * f;
    case SLOT_v:
        return (size_t)(h->kv_heads * h->dim_v) * f;
    case SLOT_attention:
        return (size_t)(h->heads * h->dim_v) * f;
    case SLOT_attention_act:
        return act_row_bytes(p, slot, h->heads * h->dim_v);
    case SLOT_gate:
    case SLOT_up:
        return (size_t)h->ff_width * f;
    case SLOT_hidden_act:
        return act_row_bytes(p, slot, h->ff_width);
    case SLOT_angles:
        return (size_t)(2 * h->rope_pairs) * f;
    case SLOT_none:
    case SLOT_kv:
    case SLOT_logits: // the caller's buffer
    case SLOT_COUNT:
        break;
    }
    return 0;
}

// Hands out parts of the arena; without a base it only counts.
struct cutter {
    unsigned char *base;
    size_t bytes;
};

static void *cut(struct cutter *a, size_t bytes) {
    unsigned char *p = a->base ? a->base + a->bytes : NULL;
    a->bytes += round_up(bytes, 64);
    return p;
}

static void cut_state(struct cutter *a, struct state *s, const struct hparams *h,
                      ptrdiff_t tokens) {
    s->token_stride = blocking_row_stride((size_t)h->heads * sizeof(float));
    s->m = cut(a, (size_t)(tokens * s->token_stride));
    s->l = cut(a, (size_t)(tokens * s->token_stride));
}

static void cut_all(struct context *c, struct cutter *a) {
    const struct hparams *h = &c->model->h;
    ptrdiff_t tokens = c->plan->max_tokens;
    size_t scratch_bytes = execute_scratch_bytes(c->plan, c->capacity);
    for (int slot = 0; slot < SLOT_COUNT; slot++) {
        size_t bytes = slot_row_bytes(c->plan, (enum slot)slot);
        if (!bytes) continue;
        c->slots[slot].stride = blocking_row_stride(bytes);
        c->slots[slot].data = cut(a, (size_t)(tokens * c->slots[slot].stride));
    }
    c->slots[SLOT_logits].stride = h->vocabulary * (ptrdiff_t)sizeof(float);
    cut_state(a, &c->state, h, tokens);
    c->state.acc = (float *)c->slots[SLOT_attention].data;
    c->state.acc_token_stride = c->slots[SLOT_attention].stride;
    for (int i = 0; i + 1 < c->threads; i++) {
        struct state *s = &c->partial[i];
        cut_state(a, s, h, SPLIT_KEYS_TOKENS);
        s->acc_token_stride = c->state.acc_token_stride;
        s->acc = cut(a, (size_t)(SPLIT_KEYS_TOKENS * s->acc_token_stride));
    }
    c->positions = cut(a, (size_t)tokens * sizeof *c->positions);
    c->output_tokens = cut(a, (size_t)tokens * sizeof *c->output_tokens);
    c->scrap_logits = cut(a, (size_t)h->vocabulary * sizeof(float));
    for (int i = 0; i < c->threads; i++) {
        cut(a, 4096); // threads share neither lines nor the pages that are prefetched
        c->scratch[i] = cut(a, scratch_bytes);
    }
}

static int map_arena(struct context *c) {
    struct cutter count = {NULL, 0};
    cut_all(c, &count);
    struct cutter a = {map_zeroes(count.bytes), 0};
    if (!a.base)
        return engine_fail(ENOMEM, "%s: no memory for %zu bytes of activations",
                           gguf_path(c->model->gguf), count.bytes);
    c->arena = a.base;
    c->arena_bytes = count.bytes;
    cut_all(c, &a);
    return 0;
}

// What a file or a flag asks for is compared with the machine before it is mapped: pages that are
// promised but do not exist would end the process in the middle of a run.
static int check_kv(const struct context *c) {
    const struct hparams *h = &c->model->h;
    const double memory_bytes = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    const double token_bytes =
        (double)h->layers * (double)h->kv_heads *
        (double)(format_row_bytes(c->plan->kv, h->dim_k) + format_row_bytes(c->plan->kv, h->dim_v));
    if (token_bytes * (double)c->capacity <= memory_bytes) return 0;
    return engine_fail(
        ENOMEM,
        "%s: a KV cache of %td tokens takes %.0f bytes, and this machine has %.0f of "
        "memory: a context of %.0f would fit",
        gguf_path(c->model->gguf), c->capacity, token_bytes * (double)c->capacity, memory_bytes,
        floor(memory_bytes / 2 / token_bytes));
}

static size_t place_kv(struct kv_layout *k, const struct context *c, ptrdiff_t dim) {
    const struct hparams *h = &c->model->h;
    k->row_stride = (ptrdiff_t)format_row_bytes(c->plan->kv, dim);
    k->head_stride = (ptrdiff_t)round_up((size_t)(c->capacity * k->row_stride), 64);
    k->layer_stride = h->kv_heads * k->head_stride;
    return (size_t)(h->layers * k->layer_stride);
}

static int map_kv(struct context *c) {
    size_t k_bytes = place_kv(&c->k, c, c->model->h.dim_k);
    size_t v_bytes = place_kv(&c->v, c, c->model->h.dim_v);
    c->kv_bytes = k_bytes + v_bytes;
    c->kv = map_zeroes(c->kv_bytes);
    if (!c->kv)
        return engine_fail(ENOMEM, "%s: no memory for a KV cache of %zu bytes (%td tokens)",
                           gguf_path(c->model->gguf), c->kv_bytes, c->capacity);
    c->k.data = c->kv;
    c->v.data = c->kv + k_bytes;
    return 0;
}

static int check_options(const struct model *m, const struct context_options *o) {
    const char *path = gguf_path(m->gguf);
    if (o->threads < 0 || o->threads > team_threads(o->team))
        return engine_fail(EINVAL, "%s: %d threads of a team of %d", path, o->threads,
                           team_threads(o->team));
    if (o->context_tokens < 0 || o->context_tokens > INT32_MAX)
        return engine_fail(EINVAL, "%s: a context of %td tokens", path, o->context_tokens);
    if (o->plan.max_tokens < 0 || o->plan.max_tokens > 65536)
        return engine_fail(EINVAL, "%s: chunks of %td tokens (at most 65536)", path,
                           o->plan.max_tokens);
    if (o->plan.max_sequences > 1)
        return engine_fail(ENOTSUP, "%s: several sequences: not built yet", path);
    return 0;
}

int context_open(struct context **out, const struct model *m, const struct context_options *o) {
    *out = NULL;
    int error = check_options(m, o);
    if (error) return error;
    struct context *c = calloc(1, sizeof *c);
    if (!c) return engine_fail(ENOMEM, "%s: no memory", gguf_path(m->gguf));
    c->model = m;
    c->team = o->team;
    c->threads = o->threads ? o->threads : team_threads(o->team);
    c->capacity = o->context_tokens ? o->context_tokens : m->h.context;
    c->partial = calloc((size_t)c->threads, sizeof *c->partial);
    c->scratch = calloc((size_t)c->threads, sizeof *c->scratch);
    if (!c->partial || !c->scratch)
        error = engine_fail(ENOMEM, "%s: no memory", gguf_path(m->gguf));
    struct plan_options plan = o->plan;
    if (plan.max_tokens == 0) plan.max_tokens = 512;
    if (plan.max_tokens > c->capacity) plan.max_tokens = c->capacity;
    if (!error) error = plan_build(&c->plan, m, &plan);
    if (!error) {
        c->works = calloc((size_t)c->threads * c->plan->step_count, sizeof *c->works);
        if (!c->works) error = engine_fail(ENOMEM, "%s: no memory", gguf_path(m->gguf));
    }
    if (!error) error = check_kv(c);
    if (!error) error = map_kv(c);
    if (!error) error = map_arena(c);
    if (error) {
        context_close(c);
        return error;
    }
    *out = c;
    return 0;
}

void context_close(struct context *c) {
    if (!c) return;
    if (c->kv) munmap(c->kv, c->kv_bytes);
    if (c->arena) munmap(c->arena, c->arena_bytes);
    plan_free(c->plan);
    free(c->works);
    free(c->partial);
    free(c->scratch);
    free(c);
}

const struct model *context_model(const struct context *c) {
    return c->model;
}

const struct plan *context_plan(const struct context *c) {
    return c->plan;
}

ptrdiff_t context_capacity(const struct context *c) {
    return c->capacity;
}

ptrdiff_t context_position(const struct context *c) {
    return c->position;
}

size_t context_kv_bytes(const struct context *c) {
    return c->kv_bytes;
}

int context_threads(const struct context *c) {
    return c->threads;
}

void context_rewind(struct context *c, ptrdiff_t position) {
    if (position >= 0 && position < c->position) c->position = position;
}

static void attach(void *context, int thread) {
    const struct context *c = context;
    c->observer->attach(c->observer->self, thread);
}

void context_observe(struct context *c, const struct observer *o) {
    c->observer = o;
    c->works_tokens = -1;
    if (o && o->attach) team_run(c->team, c->threads, attach, c);
}

static int check_tokens(const struct context *c, const int32_t *tokens, ptrdiff_t count) {
    const char *path = gguf_path(c->model->gguf);
    if (count > c->capacity - c->position)
        return engine_fail(ERANGE, "%s: %td tokens behind %td are beyond the context of %td", path,
                           count, c->position, c->capacity);
    for (ptrdiff_t i = 0; i < count; i++)
        if (tokens[i] < 0 || tokens[i] >= c->model->h.vocabulary)
            return engine_fail(EINVAL, "%s: token %td is %d, the vocabulary has %td", path, i,
                               tokens[i], c->model->h.vocabulary);
    return 0;
}

// One chunk whose tokens were checked.
static void run_chunk(struct context *c, const int32_t *tokens, ptrdiff_t count,
                      enum outputs outputs, float *logits) {
    struct kv_run run = {.length = c->position + count};
    struct eval_sequence sequence = {
        .tokens = count, .position = c->position, .runs = &run, .run_count = 1, .outputs = outputs};
    struct eval e = {.tokens = tokens,
                     .token_count = count,
                     .sequences = &sequence,
                     .sequence_count = 1,
                     .output_count = outputs == OUTPUTS_all    ? count
                                     : outputs == OUTPUTS_last ? 1
                                                               : 0,
                     .output_tokens = c->output_tokens};
    for (ptrdiff_t t = 0; t < count; t++) c->positions[t] = (int32_t)(c->position + t);
    for (ptrdiff_t i = 0; i < e.output_count; i++)
        c->output_tokens[i] = outputs == OUTPUTS_all ? i : count - 1;
    c->slots[SLOT_logits].data = (unsigned char *)logits;
    c->eval = &e;
    c->split = execute_attention_split(c, &e);
    if (c->observer) {
        c->works_stale = count != c->works_tokens || e.output_count != c->works_outputs ||
                         c->split != c->works_split;
        c->works_tokens = count;
        c->works_outputs = e.output_count;
        c->works_split = c->split;
    }
    if (c->seeded > c->position) c->seeded = c->position;
    team_run(c->team, c->threads, execute_plan, c);
    c->eval = NULL;
    c->position += count;
}

int context_eval(struct context *c, const int32_t *tokens, ptrdiff_t count, enum outputs outputs,
                 float *logits) {
    if (count < 1)
        return engine_fail(EINVAL, "%s: %td tokens to evaluate", gguf_path(c->model->gguf), count);
    int error = check_tokens(c, tokens, count);
    if (error) return error;
    if (outputs == OUTPUTS_all && !logits)
        return engine_fail(EINVAL, "%s: all logits wanted, but nowhere to put them",
                           gguf_path(c->model->gguf));
    for (ptrdiff_t done = 0; done < count;) {
        ptrdiff_t n = count - done < c->plan->max_tokens ? count - done : c->plan->max_tokens;
        enum outputs wanted = outputs;
        if (outputs == OUTPUTS_last && done + n < count) wanted = OUTPUTS_none;
        float *to = logits ? logits : c->scrap_logits;
        if (outputs == OUTPUTS_all) to += done * c->model->h.vocabulary;
        run_chunk(c, tokens + done, n, wanted, to);
        done += n;
    }
    return 0;
}

int context_eval_chunk(struct context *c, const int32_t *tokens, ptrdiff_t count,
                       enum outputs outputs, float *logits) {
    if (count > c->plan->max_tokens)
        return engine_fail(EINVAL, "%s: a chunk of %td tokens, at most %td",
                           gguf_path(c->model->gguf), count, c->plan->max_tokens);
    return context_eval(c, tokens, count, outputs, logits);
}

int32_t context_argmax(const float *logits, ptrdiff_t count) {
    ptrdiff_t best = 0;
    for (ptrdiff_t i = 1; i < count; i++)
        if (logits[i] > logits[best]) best = i;
    return (int32_t)best;
}
