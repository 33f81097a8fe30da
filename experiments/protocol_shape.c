// SPDX-License-Identifier: MIT
#include "experiments/protocol_parts.h"

#include <stdio.h>
#include <string.h>

#include "kernels/kernels.h"

#define STREAM_BYTES ((long long)512 << 20) // of a yardstick that moves memory: beyond all caches
#define SMALLEST_BYTES 1024

static const struct {
    const char *word, *setting;
    int index; // of settings.words; -1: tokens
} words[] = {{"ROWS", "rows", SHAPE_rows},    {"COLS", "cols", SHAPE_cols},
             {"RUN", "run", SHAPE_run},       {"KVHEADS", "kvheads", SHAPE_kvheads},
             {"GROUP", "group", SHAPE_group}, {"HEADS", "heads", SHAPE_heads},
             {"DIM", "dim", SHAPE_dim},       {"TOKENS", "tokens", -1}};
#define WORDS (sizeof words / sizeof *words)

static long long said(const struct settings *s, size_t i) {
    return words[i].index < 0 ? s->tokens : s->words[words[i].index];
}

static bool is_word(size_t i, const char *word, size_t bytes) {
    return strlen(words[i].word) == bytes && memcmp(words[i].word, word, bytes) == 0;
}

// The next word of "ROWSxCOLS[xTOKENS]"; NULL behind the last.
static const char *next_word(const char **rest, size_t *bytes) {
    const char *word = *rest + strspn(*rest, "x[]");
    *bytes = strcspn(word, "x[]");
    *rest = word + *bytes;
    return *bytes > 0 ? word : NULL;
}

static int check_words(const struct reader *r, int line, const struct settings *s,
                       const char *shape_words) {
    for (size_t i = 0; i < WORDS; i++) {
        const char *rest = shape_words, *word;
        size_t bytes;
        while ((word = next_word(&rest, &bytes)) != NULL && !is_word(i, word, bytes)) continue;
        if (said(s, i) > 0 && word == NULL)
            return protocol_fail(r, EXIT_USAGE, line, "the shape of %s has no '%s': %s", s->op,
                                 words[i].setting, shape_words);
    }
    return 0;
}

// text: SHAPE with what settings say for its words. What neither says is left out, and what SHAPE
// has wrong stays, so that it is refused as it was written.
static void replace_words(const struct settings *s, const char *shape_words, char *text,
                          size_t size) {
    const char *rest = shape_words, *word, *shape = s->shape != NULL ? s->shape : "";
    size_t bytes, n = 0;
    text[0] = '\0';
    while ((word = next_word(&rest, &bytes)) != NULL && n < size) {
        size_t digits = strcspn(shape, "x");
        long long value = 0;
        for (size_t i = 0; i < WORDS; i++)
            if (is_word(i, word, bytes)) value = said(s, i);
        const char *between = n > 0 ? "x" : "";
        if (value > 0)
            n += (size_t)snprintf(text + n, size - n, "%s%lld", between, value);
        else if (digits > 0)
            n += (size_t)snprintf(text + n, size - n, "%s%.*s", between, (int)digits, shape);
        shape += digits;
        shape += *shape == 'x' && shape[1] != '\0';
    }
    if (*shape != '\0' && n < size) snprintf(text + n, size - n, "x%s", shape);
}

int protocol_shape(struct reader *r, int line, struct settings *s) {
    const enum op op = (enum op)op_find(s->op);
    const struct op_info *info = op_info(op);
    struct shape shape;
    char text[256], message[256];
    if (s->phase == PHASE_yardstick) {
        const struct shape one = {.rows = SMALLEST_BYTES, .cols = 1, .tokens = 1};
        long long bytes = info->bytes(&one) > 0 ? STREAM_BYTES : SMALLEST_BYTES;
        if (s->words[SHAPE_bytes] > 0) bytes = s->words[SHAPE_bytes];
        snprintf(text, sizeof text, "%lldx1", bytes);
    } else {
        int status = check_words(r, line, s, info->shape_words);
        if (status != 0) return status;
        replace_words(s, info->shape_words, text, sizeof text);
    }
    if (shape_parse(op, text, &shape, message, sizeof message) != 0)
        return protocol_fail(r, EXIT_USAGE, line, "%s", message);
    s->shape = protocol_keep_text(r, text, strlen(text));
    return s->shape != NULL ? 0 : EXIT_FAILED;
}
