// SPDX-License-Identifier: MIT
// Finds the one block fenced ```protocol and splits it into statements of known words.
#include "experiments/protocol_parts.h"

#include <string.h>

#include "experiments/closest.h"

#define WORDS_MAX 4096 // of a line

enum place { PLACE_common, PLACE_both, PLACE_later };
static const struct {
    const char *name;
    enum place place;
    bool many;
    size_t least, most;
    const char *form;
} words[] = {
#define WORD(name, place, many, least, most, form) {#name, PLACE_##place, many, least, most, form},
#define SETTING(...)
#define FACTOR(...)
#define DESIGN(...)
#include "experiments/words.def"
#undef WORD
#undef SETTING
#undef FACTOR
#undef DESIGN
};

const char *protocol_word_form(enum word w) {
    return words[w].form;
}

struct fence { // of a code block; count 0: none
    char mark;
    size_t count;
    const char *info;
    size_t info_bytes;
};

// CommonMark: up to three spaces, three marks or more, an info string.
static struct fence fence_of(const char *line, size_t bytes) {
    struct fence f = {0};
    size_t i = 0;
    while (i < bytes && line[i] == ' ') i++;
    if (i > 3 || i == bytes || (line[i] != '`' && line[i] != '~')) return f;
    f.mark = line[i];
    while (i < bytes && line[i] == f.mark) i++, f.count++;
    while (i < bytes && (line[i] == ' ' || line[i] == '\t')) i++;
    f.info = line + i;
    f.info_bytes = bytes - i;
    while (f.info_bytes > 0 && strchr(" \t\r", f.info[f.info_bytes - 1]) != NULL) f.info_bytes--;
    if (f.count < 3) f.count = 0;
    return f;
}

// The words of a line; double quotes keep spaces together; `#` starts a comment.
static int split_line(struct reader *r, int number, char *line, char **out, size_t *count) {
    *count = 0;
    for (char *at = line;;) {
        at += strspn(at, " \t\r");
        if (*at == '\0' || *at == '#') return 0;
        if (*count == WORDS_MAX)
            return protocol_fail(r, BAD_PROTOCOL, number, "more than %d words in a line",
                                 WORDS_MAX);
        char *to = at;
        bool quoted = false;
        out[(*count)++] = at;
        for (; *at != '\0' && (quoted || strchr(" \t\r#", *at) == NULL); at++) {
            if (*at == '"')
                quoted = !quoted;
            else
                *to++ = *at;
        }
        if (quoted) return protocol_fail(r, BAD_PROTOCOL, number, "a double quote does not end");
        bool comment = *at == '#', last = *at == '\0' || comment;
        *to = '\0';
        if (last) return 0;
        at++;
    }
}

static int unknown_word(const struct reader *r, int number, const char *name) {
    const char *best = NULL;
    char all[512] = "";
    for (size_t i = 0; i < WORD_COUNT; i++) {
        closest_offer(&best, name, words[i].name);
        strcat(strcat(all, i == 0 ? "" : " "), words[i].name);
    }
    if (best != NULL)
        return protocol_fail(r, BAD_PROTOCOL, number, "unknown word '%s'; did you mean '%s'?", name,
                             best);
    return protocol_fail(r, BAD_PROTOCOL, number,
                         "unknown word '%s'; a statement begins with one of: %s", name, all);
}

static int add_statement(struct reader *r, int number, int case_index, char **args, size_t count) {
    size_t w = 0;
    while (w < WORD_COUNT && strcmp(words[w].name, args[0]) != 0) w++;
    if (w == WORD_COUNT) return unknown_word(r, number, args[0]);
    if (words[w].place == PLACE_later)
        return protocol_fail(r, NOT_BUILT, number, "`%s` is not built yet: remove the statement",
                             args[0]);
    if (case_index >= 0 && words[w].place == PLACE_common)
        return protocol_fail(r, BAD_PROTOCOL, number, "`%s` belongs above the first case", args[0]);
    if (count - 1 < words[w].least || count - 1 > words[w].most)
        return protocol_fail(r, BAD_PROTOCOL, number,
                             "`%s` has %zu words behind it; its form is: %s", args[0], count - 1,
                             words[w].form);
    for (size_t i = 0; i < r->statement_count && !words[w].many; i++)
        if (r->statements[i].word == (enum word)w && r->statements[i].case_index == case_index)
            return protocol_fail(r, BAD_PROTOCOL, number,
                                 "`%s` stands already in line %d: remove one", args[0],
                                 r->statements[i].line);
    struct statement *s = &r->statements[r->statement_count++];
    *s = (struct statement){
        .line = number, .word = (enum word)w, .case_index = case_index, .count = count - 1};
    if ((s->args = protocol_keep(r, count, sizeof *s->args)) == NULL) return EXIT_FAILED;
    memcpy(s->args, args + 1, (count - 1) * sizeof *s->args);
    return 0;
}

// One line of the block.
static int read_statement(struct reader *r, int number, const char *line, size_t bytes,
                          int *case_index) {
    char *args[WORDS_MAX];
    size_t count = 0;
    char *copy = protocol_keep_text(r, line, bytes);
    if (copy == NULL) return EXIT_FAILED;
    int status = split_line(r, number, copy, args, &count);
    if (status != 0 || count == 0) return status;
    if (strcmp(args[0], "case") == 0) ++*case_index;
    return add_statement(r, number, *case_index, args, count);
}

int protocol_lex(struct reader *r) {
    struct fence open = {0};
    int number = 0, first_line = 0, case_index = -1, open_line = 0, status = 0;
    bool ours = false;
    size_t lines = 1;
    for (const char *c = r->p.text; *c != '\0'; c++) lines += *c == '\n';
    r->statements = protocol_keep(r, lines, sizeof *r->statements);
    if (r->statements == NULL) return EXIT_FAILED;
    for (const char *at = r->p.text; status == 0 && *at != '\0';) {
        size_t bytes = strcspn(at, "\n");
        struct fence f = fence_of(at, bytes);
        number++;
        if (open.count == 0 && f.count > 0) {
            open = f, open_line = number;
            ours = f.info_bytes == 8 && memcmp(f.info, "protocol", 8) == 0;
            if (ours && first_line != 0)
                status = protocol_fail(
                    r, BAD_PROTOCOL, number,
                    "a second ```protocol block (the first begins in line %d): a protocol has one",
                    first_line);
            if (ours) first_line = number;
        } else if (open.count > 0 && f.mark == open.mark && f.count >= open.count &&
                   f.info_bytes == 0) {
            open.count = 0;
            ours = false;
        } else if (open.count > 0 && ours) {
            status = read_statement(r, number, at, bytes, &case_index);
        }
        at += bytes + (at[bytes] == '\n');
    }
    if (status != 0) return status;
    if (first_line == 0)
        return protocol_fail(r, BAD_PROTOCOL, number > 0 ? number : 1,
                             "no block fenced ```protocol: that is what the driver reads");
    if (open.count > 0 && ours)
        return protocol_fail(r, BAD_PROTOCOL, open_line, "the ```protocol block does not end");
    r->p.case_count = (size_t)(case_index + 1);
    return 0;
}
