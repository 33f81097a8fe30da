// SPDX-License-Identifier: MIT
// ops.def as C: cost, tolerance, and the words of a shape.
#include "kernels/kernels.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The formulas mix signed, unsigned and double as people write them; their values stay below 2^53.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#define OP(name, op_class, words, weights, activations, bytes, ops, tolerance, reason)             \
    static double name##_bytes(const struct shape *s) {                                            \
        (void)s;                                                                                   \
        return (double)(bytes);                                                                    \
    }                                                                                              \
    static double name##_ops(const struct shape *s) {                                              \
        (void)s;                                                                                   \
        return (double)(ops);                                                                      \
    }                                                                                              \
    static double name##_tolerance(const struct shape *s) {                                        \
        (void)s;                                                                                   \
        return (double)(tolerance);                                                                \
    }
#include "kernels/ops.def"
#undef OP
#pragma GCC diagnostic pop

static const struct op_info ops[OP_COUNT] = {
#define OP(name, op_class, words, weights, activations, bytes, ops, tolerance, reason)             \
    {#name,                                                                                        \
     words,                                                                                        \
     reason,                                                                                       \
     CLASS_##op_class,                                                                             \
     FORMAT_##weights,                                                                             \
     FORMAT_##activations,                                                                         \
     name##_bytes,                                                                                 \
     name##_ops,                                                                                   \
     name##_tolerance},
#include "kernels/ops.def"
#undef OP
};

const struct op_info *op_info(enum op op) {
    return &ops[op];
}

int op_find(const char *name) {
    for (int op = 0; op < OP_COUNT; op++)
        if (!strcmp(ops[op].name, name)) return op;
    return -1;
}

int op_of(enum op_class c, enum format weights, enum format activations) {
    for (int op = 0; op < OP_COUNT; op++)
        if (ops[op].op_class == c && ops[op].weights == weights &&
            ops[op].activations == activations)
            return op;
    return -1;
}

double shape_visible(const struct shape *s) {
    double tokens = (double)(s->tokens < s->run ? s->tokens : s->run);
    return tokens * (double)s->run - tokens * (tokens - 1) / 2;
}

static ptrdiff_t *shape_word(struct shape *s, const char *word, size_t length) {
    const struct {
        const char *word;
        ptrdiff_t *value;
    } words[] = {
        {"ROWS", &s->rows},       {"COLS", &s->cols},        {"TOKENS", &s->tokens},
        {"RUN", &s->run},         {"KVHEADS", &s->kv_heads}, {"HEADS", &s->kv_heads},
        {"GROUP", &s->group},     {"DIM", &s->dim},          {"BYTES", &s->rows},
        {"ITERATIONS", &s->cols},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i].word) == length && !memcmp(words[i].word, word, length))
            return words[i].value;
    return NULL;
}

static int shape_check(const struct op_info *info, const struct shape *s, char *message,
                       size_t message_size) {
    ptrdiff_t multiple = format_info(info->weights)->block_elems;
    if (format_info(info->activations)->block_elems > multiple)
        multiple = format_info(info->activations)->block_elems;
    if (info->op_class == CLASS_yardstick) {
        if (s->rows % 1024 == 0) return 0;
        snprintf(message, message_size, "%s: BYTES must be a multiple of 1024, is %td", info->name,
                 s->rows);
        return -1;
    }
    if (info->op_class == CLASS_attention && s->tokens > s->run) {
        snprintf(message, message_size, "%s: the %td TOKENS are the last of the RUN of %td keys",
                 info->name, s->tokens, s->run);
        return -1;
    }
    bool padded = info->op_class == CLASS_attention || info->op_class == CLASS_kv_store;
    if (padded || s->cols % multiple == 0) return 0;
    snprintf(message, message_size, "%s: COLS must be a multiple of %td, is %td", info->name,
             multiple, s->cols);
    return -1;
}

int shape_parse(enum op op, const char *text, struct shape *s, char *message, size_t message_size) {
    const struct op_info *info = &ops[op];
    const char *words = info->shape_words, *rest = text;
    *s = (struct shape){1, 1, 1, 1, 1, 1, 1};
    for (;;) { // one word and one number a turn; a word behind '[' may be missing, and is the last
        int optional = *words == '[';
        if (optional && !*rest) break;
        if (optional) words++;
        if (*words == 'x') {
            if (*rest != 'x') goto wrong;
            words++, rest++;
        }
        size_t length = strcspn(words, "x[]");
        ptrdiff_t *value = shape_word(s, words, length);
        char *end;
        errno = 0;
        if (!value || *rest < '1' || *rest > '9') goto wrong;
        long long number = strtoll(rest, &end, 10);
        if (errno || number > (1LL << 40)) goto wrong;
        *value = (ptrdiff_t)number;
        rest = end;
        words += length;
        if (!*words || *words == ']') break;
    }
    if (*rest) goto wrong;
    return shape_check(info, s, message, message_size);
wrong:
    snprintf(message, message_size, "%s: shape '%s' is not %s (numbers from 1)", info->name, text,
             info->shape_words);
    return -1;
}

double shape_elements(enum op op, const struct shape *s) {
    switch (op_info(op)->op_class) {
    case CLASS_matmul:
    case CLASS_panel:
        return (double)s->rows * (double)s->cols * (double)s->tokens;
    case CLASS_attention:
        return (double)s->kv_heads * (double)s->group * (double)s->dim * shape_visible(s) * 2;
    case CLASS_state:
        return (double)s->dim * (double)s->kv_heads * (double)s->tokens;
    default:
        return (double)s->cols * (double)s->tokens;
    }
}
