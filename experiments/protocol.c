// SPDX-License-Identifier: MIT
// Reading a protocol: the file, its fenced block (protocol_lex.c), the common statements, then each
// case's points (protocol_settings.c) and arms (protocol_arms.c).
#include "experiments/protocol_parts.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/error.h"
#include "engine/model.h"
#include "experiments/sha256.h"

#define FILE_BYTES_MAX ((size_t)4 << 20)
#define LOWER "abcdefghijklmnopqrstuvwxyz0123456789_"

enum design {
#define WORD(...)
#define SETTING(...)
#define FACTOR(...)
#define DESIGN(name, ...) DESIGN_##name,
#include "experiments/words.def"
#undef DESIGN
    DESIGN_COUNT
};
static const struct value_rule designs[] = {
#define DESIGN(name, low, high) {#name, VALUE_number, low, high, ""},
#include "experiments/words.def"
#undef DESIGN
#undef WORD
#undef SETTING
#undef FACTOR
};

struct kept {
    struct kept *next;
    max_align_t data[];
};

void *protocol_keep(struct reader *r, size_t count, size_t size) {
    struct kept *k =
        count > (SIZE_MAX - sizeof *k) / size ? NULL : calloc(1, sizeof *k + count * size);
    if (k == NULL) {
        fail(EXIT_FAILED, "%s: out of memory", r->p.path);
        return NULL;
    }
    k->next = r->memory;
    r->memory = k;
    return k->data;
}

char *protocol_keep_text(struct reader *r, const char *text, size_t bytes) {
    char *copy = protocol_keep(r, bytes + 1, 1);
    if (copy != NULL) memcpy(copy, text, bytes);
    return copy;
}

int protocol_fail(const struct reader *r, int code, int line, const char *format, ...) {
    char what[1600];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    // What --set says is the command line's, not the file's.
    if (line == 0)
        return fail(code == EXIT_FAILED ? EXIT_USAGE : code, "--set %s: %s", r->blamed->text, what);
    return fail(code, "%s:%d: %s", r->p.path, line, what);
}

const struct statement *protocol_next(const struct reader *r, enum word w, size_t case_index,
                                      const struct statement *last) {
    int owner = -1;
    for (size_t i = 0; i < r->statement_count; i++)
        if (r->statements[i].word == w && r->statements[i].case_index == (int)case_index)
            owner = (int)case_index;
    for (size_t i = last == NULL ? 0 : (size_t)(last - r->statements) + 1; i < r->statement_count;
         i++)
        if (r->statements[i].word == w && r->statements[i].case_index == owner)
            return &r->statements[i];
    return NULL;
}

static const struct statement *common(const struct reader *r, enum word w) {
    for (size_t i = 0; i < r->statement_count; i++)
        if (r->statements[i].word == w && r->statements[i].case_index < 0) return &r->statements[i];
    return NULL;
}

static void set_design(struct protocol *p, enum design which, long long number) {
    switch (which) {
    case DESIGN_blocks:
        p->blocks = (int)number;
        break;
    case DESIGN_seed:
        p->seed = (uint64_t)number;
        break;
    case DESIGN_layout_seed:
        p->layout_seed = (uint64_t)number;
        break;
    case DESIGN_warmup:
        p->warmup = (int)number;
        break;
    case DESIGN_cool:
        p->cool_seconds = (int)number;
        break;
    case DESIGN_COUNT:
        break;
    }
}

static int read_design(struct reader *r) {
    unsigned stated = 0;
    const struct statement *s = common(r, WORD_design);
    for (size_t i = 0; s != NULL && i < s->count; i++) {
        char *word = protocol_keep_text(r, s->args[i], strlen(s->args[i])), *key = word,
             *value = NULL;
        long long number = 0;
        if (word == NULL) return EXIT_FAILED;
        // `cool SECONDS` is written with a space in some protocols.
        if (strcmp(word, "cool") == 0 && i + 1 < s->count)
            value = s->args[++i];
        else if (!protocol_split(word, &key, &value))
            return protocol_fail(r, BAD_PROTOCOL, s->line,
                                 "'%s' is not NAME=VALUE; the form is: %s", s->args[i],
                                 protocol_word_form(WORD_design));
        const struct value_rule *rule = protocol_rule(designs, DESIGN_COUNT, key);
        if (rule == NULL)
            return protocol_unknown(r, BAD_PROTOCOL, s->line, "part of a design", key, designs,
                                    DESIGN_COUNT);
        int status = protocol_value(r, s->line, rule, value, &number);
        if (status != 0) return status;
        if ((stated >> (rule - designs) & 1) != 0)
            return protocol_fail(r, BAD_PROTOCOL, s->line, "'%s' stands twice", key);
        stated |= 1u << (rule - designs);
        set_design(&r->p, (enum design)(rule - designs), number);
    }
    for (size_t i = 0; i < r->statement_count; i++)
        if (r->statements[i].word == WORD_design && r->statements[i].case_index >= 0)
            return protocol_fail(
                r, NOT_BUILT, r->statements[i].line,
                "a `design` of one case is not built yet: state it above the first case");
    return 0;
}

static int read_hypotheses(struct reader *r) {
    const struct statement *s = common(r, WORD_hypothesis);
    size_t room = 1, n = 0;
    for (size_t i = 0; s != NULL && i < s->count; i++) {
        const char *h = s->args[i];
        if (h[0] != 'H' || h[1] == '\0' || h[1 + strspn(h + 1, "0123456789")] != '\0')
            return protocol_fail(r, BAD_PROTOCOL, s->line,
                                 "'%s' is no hypothesis: they are called H1, H2 …", h);
        room += strlen(h) + 1;
    }
    char *all = protocol_keep(r, room, 1);
    if (all == NULL) return EXIT_FAILED;
    for (size_t i = 0; s != NULL && i < s->count; i++)
        n += (size_t)snprintf(all + n, room - n, "%s%s", i > 0 ? " " : "", s->args[i]);
    r->p.hypotheses = all;
    return 0;
}

static int read_conditions(struct reader *r) {
    static const struct value_rule require = {"condition", VALUE_word, 0, 0, "pin=strict"};
    static const struct value_rule fallback = {"fallback", VALUE_word, 0, 0, "soft sim !static"};
    const struct statement *s = common(r, WORD_require);
    int status = s != NULL ? protocol_value(r, s->line, &require, s->args[0], NULL) : 0;
    r->p.require_pin = s != NULL;
    if (status != 0 || (s = common(r, WORD_fallback)) == NULL) return status;
    r->p.fallback = s->args[0];
    return protocol_value(r, s->line, &fallback, s->args[0], NULL);
}

// The stem that a path should have: its name without directories and .md.
static const char *file_stem(const char *path, size_t *bytes) {
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    *bytes = strlen(name);
    if (*bytes > 3 && strcmp(name + *bytes - 3, ".md") == 0) *bytes -= 3;
    return name;
}

static int read_name(struct reader *r) {
    static const struct value_rule rule = {"version", VALUE_number, 1, 1000000, ""};
    const struct statement *s = common(r, WORD_protocol), *v = common(r, WORD_version);
    long long number = 0;
    int line = r->statement_count > 0 ? r->statements[0].line : 1;
    if (s == NULL)
        return protocol_fail(r, BAD_PROTOCOL, line,
                             "no statement `protocol STEM` above the first case");
    if (v == NULL)
        return protocol_fail(r, BAD_PROTOCOL, line,
                             "no statement `version N` above the first case");
    r->p.stem = s->args[0];
    if (s->args[0][0] == '\0' || s->args[0][strspn(s->args[0], LOWER)] != '\0')
        return protocol_fail(r, BAD_PROTOCOL, s->line,
                             "'%s' is no stem: it is made of a-z, 0-9 and _", s->args[0]);
    size_t bytes;
    const char *stem = file_stem(r->p.path, &bytes);
    if (!r->copy && (strlen(s->args[0]) != bytes || memcmp(stem, s->args[0], bytes) != 0))
        return protocol_fail(
            r, BAD_PROTOCOL, s->line,
            "the protocol is called '%s', but its file '%.*s.md': one stem names both", s->args[0],
            (int)bytes, stem);
    int status = protocol_value(r, v->line, &rule, v->args[0], &number);
    r->p.version = (int)number;
    return status;
}

static int unknown_key(const struct reader *r, const char *key) {
    struct value_rule known[64];
    size_t count;
    const struct value_rule *settings = protocol_settings(&count);
    memcpy(known, designs, sizeof designs);
    memcpy(known + DESIGN_COUNT, settings, count * sizeof *settings);
    return protocol_unknown(r, EXIT_USAGE, 0, "key", key, known, DESIGN_COUNT + count);
}

static int read_override_design(struct reader *r) {
    size_t count;
    const struct value_rule *settings = protocol_settings(&count);
    for (size_t i = 0; i < r->override_count; i++) {
        struct override *o = &r->overrides[i];
        const struct value_rule *rule = protocol_rule(designs, DESIGN_COUNT, o->key);
        long long number = 0;
        r->blamed = o;
        if (rule == NULL && protocol_rule(settings, count, o->key) == NULL)
            return unknown_key(r, o->key);
        if (rule == NULL) continue;
        int status = protocol_value(r, 0, rule, o->value, &number);
        if (status != 0) return status;
        set_design(&r->p, (enum design)(rule - designs), number);
        o->used = true;
    }
    return 0;
}

static int split_overrides(struct reader *r, const char *const *overrides, size_t count) {
    r->override_count = count;
    if ((r->overrides = protocol_keep(r, count + 1, sizeof *r->overrides)) == NULL)
        return EXIT_FAILED;
    for (size_t i = 0; i < count; i++) {
        char *copy = protocol_keep_text(r, overrides[i], strlen(overrides[i])), *key, *value;
        if (copy == NULL) return EXIT_FAILED;
        if (!protocol_split(copy, &key, &value))
            return fail(EXIT_USAGE, "--set %s: not KEY=VALUE, such as blocks=2 or depth=0,512",
                        overrides[i]);
        for (size_t j = 0; j < i; j++)
            if (strcmp(r->overrides[j].key, key) == 0)
                return fail(EXIT_USAGE, "--set %s: '%s' is set twice (several values: %s=A,B)",
                            overrides[i], key, key);
        r->overrides[i] = (struct override){overrides[i], key, value, false};
    }
    return 0;
}

static int read_cases(struct reader *r) {
    struct protocol *p = &r->p;
    if (p->case_count == 0)
        return protocol_fail(r, BAD_PROTOCOL, r->statements[r->statement_count - 1].line,
                             "no case: a protocol needs one, `case NAME`");
    if ((p->cases = protocol_keep(r, p->case_count, sizeof *p->cases)) == NULL) return EXIT_FAILED;
    int status = 0;
    for (size_t i = 0; status == 0 && i < p->case_count; i++) {
        struct protocol_case *c = &p->cases[i];
        const struct statement *s = protocol_next(r, WORD_case, i, NULL);
        c->name = s->args[0];
        c->line = s->line;
        if (c->name[0] == '\0' ||
            c->name[strspn(c->name, LOWER "-.ABCDEFGHIJKLMNOPQRSTUVWXYZ")] != '\0')
            return protocol_fail(r, BAD_PROTOCOL, c->line,
                                 "'%s' is no name of a case: letters, digits, '_', '-', '.'",
                                 c->name);
        for (size_t j = 0; j < i; j++)
            if (strcmp(p->cases[j].name, c->name) == 0)
                return protocol_fail(r, BAD_PROTOCOL, c->line,
                                     "a case '%s' stands already in line %d", c->name,
                                     p->cases[j].line);
        status = protocol_points(r, i);
        if (status == 0) status = protocol_arms(r, i);
    }
    for (size_t i = 0; status == 0 && i < r->override_count; i++) {
        r->blamed = &r->overrides[i];
        if (!r->overrides[i].used)
            status = protocol_fail(r, EXIT_USAGE, 0, "no case of %s takes '%s'", p->stem,
                                   r->overrides[i].key);
    }
    return status;
}

static int load(struct reader *r) {
    FILE *f = fopen(r->p.path, "rbe");
    struct stat st;
    if (f == NULL) return fail(EXIT_FAILED, "%s: %s", r->p.path, strerror(errno));
    // A pipe has no size; what is larger than the limit is not read to its end.
    size_t room = FILE_BYTES_MAX;
    if (fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode) && st.st_size < (off_t)FILE_BYTES_MAX)
        room = (size_t)st.st_size;
    char *text = protocol_keep(r, room + 1, 1);
    int status = text == NULL ? EXIT_FAILED : 0;
    if (status == 0) r->p.text_bytes = fread(text, 1, room, f);
    if (status == 0 && ferror(f)) status = fail(EXIT_FAILED, "%s: %s", r->p.path, strerror(errno));
    fclose(f);
    if (status != 0) return status;
    r->p.text = text;
    if (r->p.text_bytes == FILE_BYTES_MAX)
        return fail(EXIT_FAILED, "%s: larger than 4 MiB: is it a protocol?", r->p.path);
    if (memchr(text, '\0', r->p.text_bytes) != NULL)
        return fail(EXIT_FAILED, "%s: not a text file: it has a zero byte", r->p.path);
    sha256_of(text, r->p.text_bytes, r->p.sha256);
    return 0;
}

static int read_all(struct reader *r, const char *const *overrides, size_t override_count) {
    r->p.blocks = 10;
    r->p.seed = 1;
    r->p.warmup = 1;
    int status = load(r);
    if (status == 0) status = protocol_lex(r);
    if (status == 0 && r->statement_count == 0)
        status = fail(EXIT_FAILED, "%s: the ```protocol block is empty", r->p.path);
    if (status == 0) status = split_overrides(r, overrides, override_count);
    if (status == 0) status = read_name(r);
    if (status == 0) status = read_hypotheses(r);
    if (status == 0) status = read_design(r);
    if (status == 0) status = read_conditions(r);
    if (status == 0) status = read_override_design(r);
    return status != 0 ? status : read_cases(r);
}

static int read_path(struct protocol **out, const char *path, bool copy,
                     const char *const *overrides, size_t count) {
    struct reader *r = calloc(1, sizeof *r);
    *out = NULL;
    if (r == NULL || (r->p.path = strdup(path)) == NULL) {
        free(r);
        return fail(EXIT_FAILED, "%s: out of memory", path);
    }
    r->copy = copy;
    int status = read_all(r, overrides, count);
    if (status == 0)
        *out = &r->p;
    else
        protocol_free(&r->p);
    return status;
}

// Where a stem is not found: which one was meant.
static int no_protocol(const char *stem, const char *path) {
    return fail(EXIT_FAILED, "no protocol '%s': %s: %s (`inferometer list protocols` names them)",
                stem, path, strerror(errno));
}

// The file behind a name; *path is malloc'ed.
static int protocol_path(char **path, const char *name) {
    char *directory = NULL;
    size_t bytes = strlen(name);
    *path = NULL;
    if (strchr(name, '/') != NULL || (bytes > 3 && strcmp(name + bytes - 3, ".md") == 0)) {
        *path = strdup(name);
        return *path != NULL ? 0 : fail(EXIT_FAILED, "%s: out of memory", name);
    }
    if (source_data_dir(&directory) != 0) return fail(EXIT_FAILED, "%s", engine_error());
    int n = asprintf(path, "%s/protocols/%s.md", directory, name);
    free(directory);
    if (n < 0) {
        *path = NULL;
        return fail(EXIT_FAILED, "%s: out of memory", name);
    }
    FILE *f = fopen(*path, "rbe");
    if (f != NULL) {
        fclose(f);
        return 0;
    }
    int status = no_protocol(name, *path);
    free(*path);
    *path = NULL;
    return status;
}

int protocol_read(struct protocol **out, const char *name, const char *const *overrides,
                  size_t override_count) {
    char *path;
    *out = NULL;
    int status = protocol_path(&path, name);
    if (status == 0) status = read_path(out, path, false, overrides, override_count);
    free(path);
    return status;
}

int protocol_read_copy(struct protocol **out, const char *path, const char *const *overrides,
                       size_t override_count) {
    return read_path(out, path, true, overrides, override_count);
}

void protocol_free(struct protocol *p) {
    if (p == NULL) return;
    struct reader *r = (struct reader *)p;
    for (struct kept *k = r->memory, *next; k != NULL; k = next) {
        next = k->next;
        free(k);
    }
    free(p->path);
    free(r);
}
