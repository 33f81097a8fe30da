// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/error.h"
#include "engine/synth_parts.h"

#define SPACE "\xe2\x96\x81" // U+2581
#define PIECE_BYTES 16       // room for one spelling
enum { NORMAL = 1, UNKNOWN = 2, CONTROL = 3, BYTE = 6 };
#define FIRST_PIECE 259 // behind <unk> <s> </s> and the bytes

// Frequent English words; each comes with all its beginnings, which merges need on the way.
static const char *const words[] = {
    "the",     "of",    "and",     "to",      "in",     "that",    "is",     "was",    "for",
    "it",      "with",  "as",      "his",     "on",     "be",      "at",     "by",     "he",
    "this",    "had",   "not",     "are",     "but",    "from",    "or",     "have",   "an",
    "they",    "which", "one",     "you",     "were",   "her",     "all",    "she",    "there",
    "would",   "their", "we",      "him",     "been",   "has",     "when",   "who",    "will",
    "more",    "no",    "if",      "out",     "so",     "said",    "what",   "up",     "its",
    "about",   "into",  "than",    "them",    "can",    "only",    "other",  "new",    "some",
    "could",   "time",  "these",   "two",     "may",    "then",    "do",     "first",  "any",
    "my",      "now",   "such",    "like",    "our",    "over",    "man",    "me",     "even",
    "most",    "made",  "after",   "also",    "did",    "many",    "before", "must",   "through",
    "back",    "years", "where",   "much",    "your",   "way",     "well",   "down",   "should",
    "because", "each",  "just",    "those",   "people", "how",     "too",    "little", "state",
    "good",    "very",  "make",    "world",   "still",  "own",     "see",    "men",    "work",
    "long",    "get",   "here",    "between", "both",   "life",    "being",  "under",  "never",
    "day",     "same",  "another", "know",    "while",  "last",    "might",  "us",     "great",
    "old",     "year",  "off",     "come",    "since",  "against", "go",     "came",   "right",
    "used",    "take",  "three",   "The",     "He",     "It",      "In",     "And",    "But",
    "This",
};

struct vocabulary {
    size_t wanted, count;
    char (*spellings)[PIECE_BYTES];
    uint32_t *slots; // of a hash set of spellings; index + 1, 0 is free
    uint32_t mask;
};

static bool full(const struct vocabulary *v) {
    return v->count == v->wanted;
}

// Adds a spelling unless it is there already or the vocabulary is full.
static void add(struct vocabulary *v, const char *spelling) {
    if (full(v)) return;
    uint32_t hash = 2166136261u;
    for (const char *p = spelling; *p; p++) hash = (hash ^ (unsigned char)*p) * 16777619u;
    uint32_t i = (hash ^ hash >> 15) & v->mask;
    for (; v->slots[i]; i = (i + 1) & v->mask) {
        if (strcmp(v->spellings[v->slots[i] - 1], spelling) == 0) return;
    }
    snprintf(v->spellings[v->count], PIECE_BYTES, "%s", spelling);
    v->slots[i] = (uint32_t)++v->count;
}

// All combinations of `letters` letters in alphabetic order, behind a prefix; the first one capital
// or not.
static void add_combinations(struct vocabulary *v, const char *prefix, unsigned letters,
                             bool capital) {
    uint64_t combinations = 1;
    for (unsigned i = 0; i < letters; i++) combinations *= 26;
    for (uint64_t n = 0; n < combinations && !full(v); n++) {
        char spelling[PIECE_BYTES] = "";
        const size_t at = strlen(prefix);
        memcpy(spelling, prefix, at);
        uint64_t rest = n;
        for (unsigned i = letters; i-- > 0; rest /= 26) spelling[at + i] = (char)('a' + rest % 26);
        if (capital) spelling[at] = (char)(spelling[at] - 'a' + 'A');
        add(v, spelling);
    }
}

static void make_spellings(struct vocabulary *v) {
    char spelling[PIECE_BYTES];
    add(v, "<unk>");
    add(v, "<s>");
    add(v, "</s>");
    for (unsigned b = 0; b < 256; b++) {
        snprintf(spelling, sizeof spelling, "<0x%02X>", b);
        add(v, spelling);
    }
    add(v, SPACE);
    for (int c = 0x21; c < 0x7f; c++) {
        snprintf(spelling, sizeof spelling, "%c", c);
        add(v, spelling);
    }
    for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
        for (int bytes = 1; bytes <= (int)strlen(words[w]); bytes++) {
            snprintf(spelling, sizeof spelling, SPACE "%.*s", bytes, words[w]);
            add(v, spelling);
        }
    }
    for (unsigned letters = 1; !full(v); letters++) {
        add_combinations(v, SPACE, letters, false);
        if (letters <= 3) add_combinations(v, SPACE, letters, true);
        if (letters >= 2) add_combinations(v, "", letters, false);
    }
}

int synth_vocabulary_write(struct gguf_writer *w, ptrdiff_t tokens) {
    if (tokens < FIRST_PIECE + 95 || tokens > INT32_MAX / 4)
        return engine_fail(EINVAL, "a vocabulary of %td tokens: from %d on it can be made", tokens,
                           FIRST_PIECE + 95);
    struct vocabulary v = {.wanted = (size_t)tokens};
    uint32_t slots = 1024;
    while (slots < v.wanted * 2) slots *= 2;
    v.mask = slots - 1;
    v.slots = calloc(slots, sizeof *v.slots);
    v.spellings = calloc(v.wanted, sizeof *v.spellings);
    struct gguf_string *strings = calloc(v.wanted, sizeof *strings);
    float *scores = calloc(v.wanted, sizeof *scores);
    int32_t *types = calloc(v.wanted, sizeof *types);
    int rc = 0;
    if (!v.slots || !v.spellings || !strings || !scores || !types) {
        rc = engine_fail(ENOMEM, "no memory for a vocabulary of %td tokens", tokens);
        goto out;
    }
    make_spellings(&v);
    for (size_t i = 0; i < v.count; i++) {
        strings[i] = (struct gguf_string){v.spellings[i], strlen(v.spellings[i])};
        types[i] = i == 0 ? UNKNOWN : i < 3 ? CONTROL : i < FIRST_PIECE ? BYTE : NORMAL;
        scores[i] =
            i < FIRST_PIECE ? 0 : -(float)(i - FIRST_PIECE); // earlier pieces are merged first
    }
    gguf_write_text(w, "tokenizer.ggml.model", "llama");
    gguf_write_text(w, "tokenizer.ggml.pre", "default");
    gguf_write_strings(w, "tokenizer.ggml.tokens", strings, v.count);
    gguf_write_array(w, "tokenizer.ggml.scores", GGUF_F32, scores, v.count);
    gguf_write_array(w, "tokenizer.ggml.token_type", GGUF_I32, types, v.count);
    gguf_write_u32(w, "tokenizer.ggml.bos_token_id", 1);
    gguf_write_u32(w, "tokenizer.ggml.eos_token_id", 2);
    gguf_write_u32(w, "tokenizer.ggml.unknown_token_id", 0);
    gguf_write_bool(w, "tokenizer.ggml.add_bos_token", true);
    gguf_write_bool(w, "tokenizer.ggml.add_eos_token", false);
    gguf_write_bool(w, "tokenizer.ggml.add_space_prefix", true);
out:
    free(v.slots);
    free(v.spellings);
    free(strings);
    free(scores);
    free(types);
    return rc;
}
