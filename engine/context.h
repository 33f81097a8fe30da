// SPDX-License-Identifier: MIT
// A context: KV cache, plan with its variants, scratch and position, over a shared model and team.
// Two arms of an experiment are two contexts in one process. Not thread-safe: one caller at a time;
// contexts of one team take turns.
#pragma once
#include <stdbool.h>

#include "engine/model.h"
#include "engine/observer.h"
#include "engine/plan.h"
#include "engine/team.h"

enum outputs { OUTPUTS_none, OUTPUTS_last, OUTPUTS_all };

struct kv_run { // contiguous positions of the cache
    ptrdiff_t position0, length;
    ptrdiff_t cache_row; // first row in the cache
};

struct eval_sequence {
    ptrdiff_t first_token, tokens; // of the eval's tokens
    ptrdiff_t position;            // of the first one
    const struct kv_run *runs;     // that they see, themselves included
    int run_count;
    enum outputs outputs;
};

struct eval { // what varies from call to call
    const int32_t *tokens;
    ptrdiff_t token_count;
    const struct eval_sequence *sequences;
    int sequence_count;
    ptrdiff_t output_count;         // rows of SLOT_logits
    const ptrdiff_t *output_tokens; // [output_count] index of the token that each one belongs to
};

struct context_options {
    struct team *team;        // borrowed
    int threads;              // 0: all of the team's
    ptrdiff_t context_tokens; // 0: what the model was trained for
    struct plan_options plan; // kv, act, partition, rules, max_tokens (= largest chunk)
};

struct context;
// The model and the team must outlive the context. 0, or a negative errno with a message that names
// the file: -EINVAL, -ENOTSUP for options, -ENOMEM also where the KV cache is larger than the
// machine's memory.
int context_open(struct context **out, const struct model *m, const struct context_options *o);
void context_close(struct context *c);
const struct model *context_model(const struct context *c);
const struct plan *context_plan(const struct context *c);
ptrdiff_t context_capacity(const struct context *c); // tokens
ptrdiff_t context_position(const struct context *c); // tokens in the cache
size_t context_kv_bytes(const struct context *c);
int context_threads(const struct context *c);
// Forgets what lies behind position (<= now).
void context_rewind(struct context *c, ptrdiff_t position);
// Fills the cache to `position` tokens from a seeded generator (finite, of the size of real keys
// and values), in parallel, and sets the position. Rows that still hold this seed are not written
// again.
int context_seed_kv(struct context *c, ptrdiff_t position, uint64_t seed);
// NULL unbinds. Calls attach on every worker.
void context_observe(struct context *c, const struct observer *o);

// Appends tokens in chunks of max_tokens. logits: OUTPUTS_last: [vocabulary] of the last token;
// OUTPUTS_all: [tokens][vocabulary] (the caller's buffer; NULL where none are wanted).
// -ERANGE beyond the capacity, -EINVAL for no token or one that the model does not have: nothing
// was appended.
int context_eval(struct context *c, const int32_t *tokens, ptrdiff_t count, enum outputs outputs,
                 float *logits);
// The same for one chunk (count <= max_tokens), so that a driver can alternate contexts by chunks.
int context_eval_chunk(struct context *c, const int32_t *tokens, ptrdiff_t count,
                       enum outputs outputs, float *logits);
// Index of the largest logit, the lowest of equals.
int32_t context_argmax(const float *logits, ptrdiff_t count);
