// SPDX-License-Identifier: MIT
// Inside the protocol reader: statements, and what its files share. Everything is kept by the
// protocol's own memory and freed with it.
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "experiments/failure.h"
#include "experiments/protocol.h"

// A protocol that is wrong is a bad file; what is right but not built yet is wrong usage, as is a
// word of --set that does not exist.
enum { BAD_PROTOCOL = EXIT_FAILED, NOT_BUILT = EXIT_USAGE };

enum word {
#define WORD(name, ...) WORD_##name,
#define SETTING(...)
#define FACTOR(...)
#define DESIGN(...)
#include "experiments/words.def"
#undef WORD
#undef SETTING
#undef FACTOR
#undef DESIGN
    WORD_COUNT
};

enum value_type { VALUE_number, VALUE_word, VALUE_text, VALUE_later };
struct value_rule {
    const char *name;
    enum value_type type;
    long long low, high;
    const char *words; // separated by spaces; "!word": not built yet
};

struct statement {
    int line;
    enum word word;
    int case_index; // -1: common
    size_t count;
    char **args; // behind the word
};

struct override { // of --set
    const char *text, *key, *value;
    bool used;
};

struct kept;
struct reader {
    struct protocol p; // first: a protocol is its reader
    struct kept *memory;
    bool copy; // of a run's directory
    size_t statement_count, override_count;
    struct statement *statements;
    struct override *overrides;
    const struct override *blamed; // messages with line 0 are about this one
};

// Zeroed memory that lives as long as the protocol; NULL with failure() set.
void *protocol_keep(struct reader *r, size_t count, size_t size);
char *protocol_keep_text(struct reader *r, const char *text, size_t bytes);
// "path:line: …", or "--set key=value: …" for line 0; returns code.
__attribute__((format(printf, 4, 5))) int protocol_fail(const struct reader *r, int code, int line,
                                                        const char *format, ...);

// protocol_lex.c: p.text into statements.
int protocol_lex(struct reader *r);
const char *protocol_word_form(enum word w);

// protocol_value.c: checks a text by its rule; a number goes to *number.
int protocol_value(const struct reader *r, int line, const struct value_rule *rule,
                   const char *text, long long *number);
// Splits "key=value" (in place, kept). False where there is no key or no value.
bool protocol_split(char *word, char **key, char **value);
const struct value_rule *protocol_rule(const struct value_rule *rules, size_t count,
                                       const char *name);
int protocol_unknown(const struct reader *r, int code, int line, const char *what, const char *name,
                     const struct value_rule *rules, size_t count);

// protocol_settings.c: the points of a case.
int protocol_points(struct reader *r, size_t case_index);
const struct value_rule *protocol_settings(size_t *count); // what `sweep` and --set name
// protocol_shape.c: the whole shape of a kernel's or yardstick's point, from SHAPE and the settings
// that stand for its words; what breaks the op's contract is refused.
int protocol_shape(struct reader *r, int line, struct settings *s);
// protocol_passes.c: whether simulators and predictions are what counts; its passes.
bool protocol_simulated(const struct protocol_case *c);
int protocol_passes(struct reader *r, size_t case_index, struct protocol_case *c);
// protocol_arms.c: its arms.
int protocol_arms(struct reader *r, size_t case_index);
// The statements of a word that hold for a case: its own, else the common ones. *next from NULL on.
const struct statement *protocol_next(const struct reader *r, enum word w, size_t case_index,
                                      const struct statement *last);
