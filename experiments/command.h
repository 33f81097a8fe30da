// SPDX-License-Identifier: MIT
// The command line: one row a verb, one row a flag (experiments/verbs.def, flags.def); `--help`,
// the checks for wrong usage and, later, man page and completions come from them.
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum built { BUILT, NEEDED, INTERNAL, LATER };

struct verb { // a row of verbs.def
    const char *name;
    enum built state;
    size_t positional_min, positional_max;
    const char *words; // of the first positional argument; "!word": not built yet; "": anything
    const char *form, *summary, *example;
};
struct flag {       // a row of flags.def
    unsigned verbs; // bit i: of verb i
    const char *name, *value;
    enum built state;
    const char *words, *meaning;
};
size_t command_verb_count(void);
const struct verb *command_verb_at(size_t i);
const struct verb *command_verb(const char *name); // NULL if unknown
size_t command_flag_count(void);
const struct flag *command_flag_at(size_t i);
bool command_takes(const struct verb *v, const struct flag *f);

#define FLAG_VALUES_MAX 64
struct command { // a parsed command line; strings belong to argv
    char **argv; // as main got it
    const char *verb;
    bool help; // --help was asked for; nothing else is set then
    const char *positional[FLAG_VALUES_MAX];
    size_t positional_count;
    struct {
        const char *flag, *value; // value "" for a flag without one; in the order given
    } flags[FLAG_VALUES_MAX];
    size_t flag_count;
};
// Checks verb, flags, words and counts against the tables. 0, or EXIT_USAGE with failure() set.
int command_parse(struct command *c, int argc, char **argv);

// The last value given for a flag ("--kv", "-t"), or fallback.
const char *command_value(const struct command *c, const char *flag, const char *fallback);
bool command_has(const struct command *c, const char *flag);
// A number in [low, high], else a message and EXIT_USAGE. fallback where the flag is not given.
int command_number(const struct command *c, const char *flag, long low, long high, long fallback,
                   long *out);
// Numbers in [low, high] with commas between them; *count = 0 where the flag is not given.
int command_numbers(const struct command *c, const char *flag, long low, long high, long *out,
                    size_t max, size_t *count);
// Is this word one of `words` (as in the tables)? 0, or EXIT_USAGE: unknown, or not built yet.
// what: "generate: --kv", for the message.
int command_word(const char *what, const char *word, const char *words);
