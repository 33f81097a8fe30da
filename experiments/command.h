// SPDX-License-Identifier: MIT
// The command line: one row a verb, one row a flag (experiments/verbs.def, flags.def); `--help`, the
// checks for wrong usage and, later, man page and completions come from them.
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define FLAG_VALUES_MAX 64
struct command { // a parsed command line
    const char *verb;
    const char *positional[FLAG_VALUES_MAX];
    size_t positional_count;
    struct {
        const char *flag, *value; // value "" for a flag without one; in the order given
    } flags[FLAG_VALUES_MAX];
    size_t flag_count;
};
// The last value given for a flag ("--kv", "-t"), or fallback.
const char *command_value(const struct command *c, const char *flag, const char *fallback);
bool command_has(const struct command *c, const char *flag);
// A number in [low, high], else a message and EXIT_USAGE. fallback where the flag is not given.
int command_number(const struct command *c, const char *flag, long low, long high, long fallback, long *out);

// What the flags shared by all evaluating verbs say (-t, --cpus, --ctx, --kernel, --kv, --load).
struct team;
struct context_options;
struct evaluation {
    int threads;
    int cpus[256];
    bool pinned;
};
