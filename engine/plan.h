// SPDX-License-Identifier: MIT
// A model compiled into an array of steps. Every architecture is a plan builder (engine/arch_*.c).
// A step says what is done, with which weights, between which slots, and which variants do it;
// pointers, shapes and cost are f(step, eval), resolved as the step runs (engine/execute.c).
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/model.h"
#include "kernels/kernels.h"

enum role { ROLE_embedding, ROLE_attention, ROLE_feed_forward, ROLE_output, ROLE_COUNT };
enum partition { PARTITION_rows, PARTITION_tokens, PARTITION_heads, PARTITION_kv, PARTITION_one };

// Buffers that steps read and write; a context has them, for max_tokens rows each.
enum slot {
    SLOT_none,
    SLOT_stream,   // residual stream [tokens][width]
    SLOT_norm,     // [tokens][width]
    SLOT_norm_act, // the same, quantized
    SLOT_q,
    SLOT_k,
    SLOT_v,
    SLOT_kv,        // the context's KV cache
    SLOT_attention, // [tokens][heads][dim_v]
    SLOT_attention_act,
    SLOT_gate,
    SLOT_up,
    SLOT_hidden_act,
    SLOT_branch, // what is added to the stream
    SLOT_angles, // cos, sin
    SLOT_last,   // rows of the stream whose logits are wanted
    SLOT_last_act,
    SLOT_logits,
    SLOT_COUNT
};

// After a step: nothing (the next one reads only what the same thread wrote), a barrier only where
// this eval splits the keys over threads, or a barrier.
enum wait { WAIT_none, WAIT_split_keys, WAIT_all };

#define STEP_VARIANTS_MAX 8
struct step {
    enum op op;
    int layer;          // -1: outside the layers
    const char *region; // kind of step: "attn_q", "ffn_down", "attention" …; static storage
    enum role role;
    enum partition partition;
    enum slot y, x, b;
    const struct gguf_tensor *w; // NULL where there is none
    // Of w; of a row-wise step cols. rope, kv_store: heads x dim. attention and its states: query
    // heads x dim_v.
    ptrdiff_t rows, cols;
    int variant_count; // by rising tokens: variants[i] serves up to variant_tokens_max[i]
    const struct kernel *variants[STEP_VARIANTS_MAX];
    ptrdiff_t variant_tokens_max[STEP_VARIANTS_MAX]; // the last one: at least max_tokens
    // What it writes is read for the tokens of outputs only (in the last layer: all but K and V):
    // it runs from the first of them on.
    bool narrow;
    enum wait wait;
};

struct plan {
    const struct model *model;
    size_t step_count;
    struct step *steps;
    ptrdiff_t max_tokens, max_sequences;
    enum format kv;
};

struct plan_options {
    ptrdiff_t max_tokens, max_sequences; // 0: 512, 1
    enum format kv;
    int act;                          // enum format, or -1: each weight format's default
    int matmul_partition;             // enum partition, or -1: rows
    const struct kernel_rules *rules; // NULL: defaults
};

// -ENOTSUP, -EINVAL with a message that names file, tensor, and what was expected.
int plan_build(struct plan **out, const struct model *m, const struct plan_options *o);
void plan_free(struct plan *p);
const struct kernel *step_kernel(const struct step *s, ptrdiff_t tokens);
const char *role_name(enum role r);
const char *partition_name(enum partition p);
