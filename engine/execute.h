// SPDX-License-Identifier: MIT
// The forward pass: every worker runs its slice of every step of the plan. Internal to engine/:
// what a context is made of.
#pragma once
#include "engine/blocking.h"
#include "engine/context.h"

// Evals of at most this many tokens may split the keys over threads (each thread then has a state).
#define SPLIT_KEYS_TOKENS 8
#define SPLIT_KEYS_MIN 256 // keys a thread, else it does not pay

struct buffer { // rows of a slot, one for each token
    unsigned char *data;
    ptrdiff_t stride; // bytes
};

struct state { // of attention: m, l [tokens][heads], acc [tokens][heads][dim_v]
    float *m, *l, *acc;
    ptrdiff_t token_stride, acc_token_stride; // bytes
};

struct kv_layout { // of K or of V: [layer][kv_head][position][dim]
    unsigned char *data;
    ptrdiff_t row_stride, head_stride, layer_stride; // bytes
};

// How this eval's attention is shared out.
enum attention_split { SPLIT_heads, SPLIT_tokens, SPLIT_keys };

struct context {
    const struct model *model;
    struct plan *plan;
    struct team *team;
    int threads;
    ptrdiff_t capacity, position;
    const struct observer *observer;
    // [threads][step_count]: what the observer was told in an eval of that many tokens and outputs,
    // told again while they stay. Attention also depends on the depth and is computed each time.
    struct work *works;
    ptrdiff_t works_tokens, works_outputs; // -1: nothing was computed yet
    enum attention_split works_split;
    bool works_stale; // of the eval that runs: compute all

    unsigned char *kv;
    size_t kv_bytes;
    struct kv_layout k, v;
    ptrdiff_t seeded; // rows [0, seeded) hold what `seed` gives
    uint64_t seed;

    unsigned char *arena;
    size_t arena_bytes;
    struct buffer slots[SLOT_COUNT];
    struct state state, *partial; // partial[thread - 1]: of the other threads when keys are split
    int32_t *positions;           // [max_tokens]
    ptrdiff_t *output_tokens;     // [max_tokens]
    float *scrap_logits;          // [vocabulary] where the caller wants none
    unsigned char **scratch;      // [threads]

    // Of the eval that runs.
    const struct eval *eval;
    enum attention_split split;
};

// A thread's part of a step. Empty: token0 == token1.
struct slice {
    const struct kernel *kernel; // for all of its tokens; blocks of fewer may take another
    ptrdiff_t token0, token1;    // of the step's tokens (of `output_count` behind the last layer)
    ptrdiff_t row0, row1;        // of w, or columns of a row-wise step
    ptrdiff_t head0, head1;      // KV heads
    int share, shares;           // of the keys
};

// Runs on every worker: all steps of context->plan over context->eval.
void execute_plan(void *context, int thread);
enum attention_split execute_attention_split(const struct context *c, const struct eval *e);
// Bytes that a thread's scratch must have for every variant of the plan in a context of so many
// tokens.
size_t execute_scratch_bytes(const struct plan *p, ptrdiff_t context_tokens);

// engine/execute_attention.c
void execute_attention(const struct context *c, const struct step *s, const struct eval *e,
                       const struct slice *l, int thread);
void execute_attention_merge(const struct context *c, const struct slice *l);
void execute_attention_finish(const struct context *c, const struct slice *l);
// engine/execute_work.c: what a slice moves and computes, by its op's row.
struct work execute_work(const struct context *c, const struct step *s, const struct eval *e,
                         const struct slice *l);
