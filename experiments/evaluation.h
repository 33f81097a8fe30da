// SPDX-License-Identifier: MIT
// What the flags shared by all evaluating verbs say: -t, --cpus, --ctx, --kv, --kernel, --load
// (only map is built), and -m. Functions return 0 or an exit code with failure() set.
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "engine/context.h"
#include "experiments/command.h"

#define EVALUATION_CPUS_MAX 256
struct evaluation {
    int threads, cpus[EVALUATION_CPUS_MAX];
    bool pinned; // to cpus[0..threads-1]; else more threads than CPUs were asked for
    enum format kv;
    ptrdiff_t context_tokens; // --ctx, 0: what the model was trained for
    struct kernel_rules rules;
    struct model *model; // these three: evaluation_open
    struct team *team;
    struct context *context;
};
// Reads the flags; opens nothing. kv: the verb's default.
int evaluation_read(struct evaluation *e, const struct command *c, enum format kv);
// Reads the flags and opens model, team and context. max_tokens: the largest chunk, 0: the
// engine's.
int evaluation_open(struct evaluation *e, const struct command *c, enum format kv,
                    ptrdiff_t max_tokens);
void evaluation_options(const struct evaluation *e, ptrdiff_t max_tokens,
                        struct context_options *o);
void evaluation_close(struct evaluation *e);
// For verbs whose work is done in other processes (run, bench): --cpus becomes this process's own
// CPU set, which they inherit, and the program starts again within it (argv), so that everything
// that it says about the machine is about these CPUs. Returns 0 once the set is as asked.
int evaluation_restrict(const struct command *c, char **argv);
// `tokens` fit into the context, or a message that names both numbers. what: "the prompt".
int evaluation_fits(const struct evaluation *e, const char *what, ptrdiff_t tokens);
