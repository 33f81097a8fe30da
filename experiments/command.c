// SPDX-License-Identifier: MIT
#include "experiments/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/failure.h"
#include "experiments/closest.h"

enum verb_index {
#define VERB(name, ...) VERB_##name,
#include "experiments/verbs.def"
#undef VERB
    VERB_COUNT
};

static const char PRESET_WORDS[] =
#define PRESET(name, ...) name " "
#define PRESET_LATER(name, architecture) "!" name " "
#include "engine/presets.def"
    ;

static const struct verb verbs[] = {
#define VERB(name, state, handler, low, high, words, form, summary, example)                       \
    {#name, state, low, high, words, form, summary, example},
#include "experiments/verbs.def"
#undef VERB
};

#define ON(verb) (1u << VERB_##verb)
static const struct flag flags[] = {
#define FLAG(on, name, value, state, words, meaning) {on, name, value, state, words, meaning},
#include "experiments/flags.def"
#undef FLAG
};
#undef ON
_Static_assert(VERB_COUNT <= 32, "a verb is a bit of struct flag's verbs");

size_t command_verb_count(void) {
    return VERB_COUNT;
}
const struct verb *command_verb_at(size_t i) {
    return &verbs[i];
}
const struct verb *command_verb(const char *name) {
    for (size_t i = 0; i < VERB_COUNT; i++)
        if (strcmp(verbs[i].name, name) == 0) return &verbs[i];
    return NULL;
}
size_t command_flag_count(void) {
    return sizeof flags / sizeof *flags;
}
const struct flag *command_flag_at(size_t i) {
    return &flags[i];
}
bool command_takes(const struct verb *v, const struct flag *f) {
    return f->verbs >> (v - verbs) & 1;
}

// Walks a list of words; *word is copied without its "!".
static bool next_word(const char **rest, char word[64], bool *later) {
    const char *p = *rest + strspn(*rest, " ");
    if (!*p) return false;
    *later = *p == '!';
    p += *later;
    const size_t bytes = strcspn(p, " ");
    snprintf(word, 64, "%.*s", (int)bytes, p);
    *rest = p + bytes;
    return true;
}

int command_word(const char *what, const char *word, const char *words) {
    char known[64], built[512] = "", close[64] = "";
    const char *best = NULL;
    bool later, asked_later = false;
    size_t used = 0;
    for (const char *rest = words; next_word(&rest, known, &later);) {
        if (strcmp(known, word) == 0) {
            if (!later) return 0;
            asked_later = true;
        }
        if (!later && used < sizeof built)
            used += (size_t)snprintf(built + used, sizeof built - used, "%s%s", used ? ", " : "",
                                     known);
        const char *kept = best;
        closest_offer(&best, word, known);
        if (best != kept) {
            strcpy(close, known);
            best = close;
        }
    }
    if (asked_later)
        return fail(EXIT_USAGE, "%s %s is not built yet%s%s", what, word, used ? "; there is " : "",
                    built);
    return fail(EXIT_USAGE, "%s %s: no such word%s%s; there is %s", what, word,
                best ? ", did you mean " : "", best ? best : "", built);
}

static int wrong_verb(const char *name) {
    const char *best = NULL;
    for (size_t i = 0; i < VERB_COUNT; i++)
        if (verbs[i].state != INTERNAL) closest_offer(&best, name, verbs[i].name);
    return fail(EXIT_USAGE, "no verb %s%s%s; inferometer --help lists them", name,
                best ? ", did you mean " : "", best ? best : "");
}

static int wrong_flag(const struct verb *v, const char *name) {
    const char *best = NULL;
    for (size_t i = 0; i < command_flag_count(); i++)
        if (command_takes(v, &flags[i])) closest_offer(&best, name, flags[i].name);
    return fail(EXIT_USAGE, "%s: no flag %s%s%s; inferometer %s --help lists them", v->name, name,
                best ? ", did you mean " : "", best ? best : "", v->name);
}

static const struct flag *find_flag(const struct verb *v, const char *name) {
    for (size_t i = 0; i < command_flag_count(); i++)
        if (command_takes(v, &flags[i]) && strcmp(flags[i].name, name) == 0) return &flags[i];
    return NULL;
}

// One flag at argv[i]; *used: the arguments that it took.
static int parse_flag(struct command *c, const struct verb *v, int left, char **argv, int *used) {
    char name[64], what[96];
    const char *equals = strncmp(argv[0], "--", 2) == 0 ? strchr(argv[0], '=') : NULL;
    const size_t bytes = equals ? (size_t)(equals - argv[0]) : strlen(argv[0]);
    snprintf(name, sizeof name, "%.*s", (int)bytes, argv[0]);
    const struct flag *f = find_flag(v, name);
    *used = 1;
    if (!f) return wrong_flag(v, name);
    const char *value = "";
    if (*f->value) {
        if (!equals && left < 2)
            return fail(EXIT_USAGE, "%s: %s needs a value: %s %s", v->name, name, name, f->value);
        value = equals ? equals + 1 : argv[1];
        *used = equals ? 1 : 2;
    } else if (equals) {
        return fail(EXIT_USAGE, "%s: %s takes no value", v->name, name);
    }
    if (f->state == LATER) return fail(EXIT_USAGE, "%s: %s is not built yet", v->name, name);
    snprintf(what, sizeof what, "%s: %s", v->name, name);
    const int rc = *f->words ? command_word(what, value, f->words) : 0;
    if (rc) return rc;
    if (c->flag_count == FLAG_VALUES_MAX)
        return fail(EXIT_USAGE, "%s: more than %d flags", v->name, FLAG_VALUES_MAX);
    c->flags[c->flag_count].flag = f->name;
    c->flags[c->flag_count++].value = value;
    return 0;
}

static int parse_positional(struct command *c, const struct verb *v, const char *text) {
    if (c->positional_count == v->positional_max || c->positional_count == FLAG_VALUES_MAX)
        return fail(EXIT_USAGE, "%s: %s is one argument too many; usage: inferometer %s %s",
                    v->name, text, v->name, v->form);
    if (c->positional_count == 0 && *v->words) {
        const int rc = command_word(v->name, text, v->words);
        if (rc) return rc;
    }
    c->positional[c->positional_count++] = text;
    return 0;
}

static int check_complete(const struct command *c, const struct verb *v) {
    if (c->positional_count < v->positional_min)
        return fail(EXIT_USAGE, "%s: something is missing; usage: inferometer %s %s", v->name,
                    v->name, v->form);
    for (size_t i = 0; i < command_flag_count(); i++) {
        const struct flag *f = &flags[i];
        if (f->state == NEEDED && command_takes(v, f) && !command_has(c, f->name))
            return fail(EXIT_USAGE, "%s: needs %s %s (%s)", v->name, f->name, f->value, f->meaning);
    }
    return 0;
}

int command_parse(struct command *c, int argc, char **argv) {
    memset(c, 0, sizeof *c);
    c->argv = argv;
    const struct verb *v = command_verb(argv[1]);
    if (!v) return wrong_verb(argv[1]);
    c->verb = v->name;
    int first = v->state == LATER ? fail(EXIT_USAGE, "%s is not built yet", v->name) : 0;
    bool only_positional = false;
    for (int i = 2, used; i < argc; i += used) {
        used = 1;
        if (!only_positional && (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))) {
            c->help = true;
            return 0;
        }
        if (first) continue; // only --help matters now
        if (!only_positional && strcmp(argv[i], "--") == 0)
            only_positional = true;
        else if (!only_positional && argv[i][0] == '-' && argv[i][1])
            first = parse_flag(c, v, argc - i, argv + i, &used);
        else
            first = parse_positional(c, v, argv[i]);
    }
    return first ? first : check_complete(c, v);
}

const char *command_value(const struct command *c, const char *flag, const char *fallback) {
    for (size_t i = c->flag_count; i-- > 0;)
        if (strcmp(c->flags[i].flag, flag) == 0) return c->flags[i].value;
    return fallback;
}

bool command_has(const struct command *c, const char *flag) {
    return command_value(c, flag, NULL) != NULL;
}

int command_number(const struct command *c, const char *flag, long low, long high, long fallback,
                   long *out) {
    size_t count;
    *out = fallback;
    return command_numbers(c, flag, low, high, out, 1, &count);
}

int command_numbers(const struct command *c, const char *flag, long low, long high, long *out,
                    size_t max, size_t *count) {
    *count = 0;
    const char *text = command_value(c, flag, NULL);
    for (const char *p = text; p; p++) { // p: at the number behind a comma
        char *end;
        errno = 0;
        const long n = strtol(p, &end, 10);
        const bool digits = end != p && *p != ' ' && *p != '+' && (*end == 0 || *end == ',');
        if (!digits || errno || n < low || n > high)
            return fail(EXIT_USAGE, "%s: %s %s: must be %s from %ld to %ld", c->verb, flag, text,
                        max > 1 ? "numbers" : "a number", low, high);
        if (*count == max)
            return fail(EXIT_USAGE, "%s: %s %s: %zu number%s at most", c->verb, flag, text, max,
                        max > 1 ? "s" : "");
        out[(*count)++] = n;
        p = end;
        if (!*p) break;
    }
    return 0;
}
