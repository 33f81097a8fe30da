// SPDX-License-Identifier: MIT
// The vocabulary from GGUF metadata. Encoding and decoding: engine/tokenizer_text.c.
#include "engine/tokenizer.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "engine/error.h"
#include "engine/tokenizer_tables.h"

#define TOKENS_MAX (INT32_MAX / 4) // slots of the index are counted in 32 bits

static uint64_t fold(uint64_t a, uint64_t b) {
    const unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

// Keyed by numbers that nobody who writes a file knows, so that no vocabulary makes its index slow.
static uint32_t hash(const struct tokenizer *t, const char *p, size_t bytes) {
    uint64_t h = t->key[0] ^ bytes;
    for (size_t i = 0; i < bytes; i += 8) {
        uint64_t word = 0;
        memcpy(&word, p + i, bytes - i < 8 ? bytes - i : 8);
        h = fold(h ^ word, t->key[1]);
    }
    return (uint32_t)fold(h, t->key[1]);
}

// The slot of a spelling: of its token, or the free one where it belongs.
static uint32_t slot_of(const struct tokenizer *t, const char *text, size_t bytes) {
    uint32_t i = hash(t, text, bytes) & t->mask;
    for (; t->slots[i] >= 0; i = (i + 1) & t->mask) {
        const struct gguf_string s = tokenizer_spelling(t, t->slots[i]);
        if (s.bytes == bytes && memcmp(s.data, text, bytes) == 0) break;
    }
    return i;
}

int32_t tokenizer_find(const struct tokenizer *t, const char *text, size_t bytes) {
    return t->slots[slot_of(t, text, bytes)];
}

// An array with one element a token, of element types that `allowed` has bits for; NULL if absent.
static int per_token(const struct tokenizer *t, const char *key, unsigned allowed,
                     const struct gguf_value **out) {
    const struct gguf_value *v = *out = gguf_value(t->gguf, key);
    if (!v) return 0;
    if (v->type != GGUF_ARRAY || !(allowed >> v->element_type & 1))
        return engine_fail(EINVAL,
                           "%s: key '%s' at offset %llu: is %s%s, which a tokenizer does not have "
                           "there",
                           gguf_path(t->gguf), key, (unsigned long long)v->offset,
                           v->type == GGUF_ARRAY ? "an array of " : "",
                           gguf_type_name(v->element_type));
    if (t->vocabulary && v->count != t->vocabulary)
        return engine_fail(EINVAL, "%s: key '%s' at offset %llu: has %llu elements for %zu tokens",
                           gguf_path(t->gguf), key, (unsigned long long)v->offset,
                           (unsigned long long)v->count, t->vocabulary);
    return 0;
}

static int read_vocabulary(struct tokenizer *t) {
    const char *key = "tokenizer.ggml.tokens";
    int rc = per_token(t, key, 1u << GGUF_STRING, &t->spellings);
    if (rc) return rc;
    if (!t->spellings) return engine_fail(EINVAL, "%s: key '%s': missing", gguf_path(t->gguf), key);
    if (t->spellings->count == 0 || t->spellings->count > TOKENS_MAX)
        return engine_fail(EINVAL, "%s: key '%s' at offset %llu: %llu tokens, must be 1 to %d",
                           gguf_path(t->gguf), key, (unsigned long long)t->spellings->offset,
                           (unsigned long long)t->spellings->count, TOKENS_MAX);
    t->vocabulary = (size_t)t->spellings->count;
    const struct gguf_value *scores, *types;
    rc = per_token(t, "tokenizer.ggml.scores", 1u << GGUF_F32, &scores);
    if (!rc)
        rc = per_token(t, "tokenizer.ggml.token_type", 1u << GGUF_I32 | 1u << GGUF_U32, &types);
    if (rc) return rc;
    if (!scores)
        return engine_fail(EINVAL, "%s: key 'tokenizer.ggml.scores': missing", gguf_path(t->gguf));
    t->scores = malloc(t->vocabulary * sizeof *t->scores);
    t->types = malloc(t->vocabulary);
    if (!t->scores || !t->types) return engine_fail(ENOMEM, "%s: no memory", gguf_path(t->gguf));
    memcpy(t->scores, scores->data, t->vocabulary * sizeof *t->scores);
    for (size_t i = 0; i < t->vocabulary; i++) {
        const double type = types ? gguf_array_number(types, i) : TOKEN_NORMAL;
        if (isnan(t->scores[i]))
            return engine_fail(EINVAL,
                               "%s: key 'tokenizer.ggml.scores' at offset %llu: token %zu has no "
                               "number",
                               gguf_path(t->gguf), (unsigned long long)scores->offset, i);
        if (type < 0 || type >= TOKEN_TYPE_COUNT)
            return engine_fail(EINVAL,
                               "%s: key 'tokenizer.ggml.token_type' at offset %llu: token %zu has "
                               "the unknown type %.0f",
                               gguf_path(t->gguf), (unsigned long long)types->offset, i, type);
        t->types[i] = (unsigned char)type;
    }
    return 0;
}

int tokenizer_byte(struct gguf_string s) {
    static const char digits[] = "0123456789ABCDEF";
    if (s.bytes != 6 || memcmp(s.data, "<0x", 3) != 0 || s.data[5] != '>') return -1;
    const char *high = memchr(digits, s.data[3], 16), *low = memchr(digits, s.data[4], 16);
    return high && low ? (int)((high - digits) * 16 + (low - digits)) : -1;
}

static int index_pieces(struct tokenizer *t) {
    uint32_t slots = 16;
    while (slots < t->vocabulary * 2) slots *= 2;
    t->slots = malloc(slots * sizeof *t->slots);
    if (!t->slots) return engine_fail(ENOMEM, "%s: no memory", gguf_path(t->gguf));
    memset(t->slots, 0xff, slots * sizeof *t->slots);
    t->mask = slots - 1;
    for (size_t i = 0; i < t->vocabulary; i++) {
        const struct gguf_string s = tokenizer_spelling(t, (int32_t)i);
        const int type = t->types[i];
        // Text never becomes a control token by accident, nor a byte token through its spelling.
        if (type == TOKEN_CONTROL || type == TOKEN_UNKNOWN || type == TOKEN_BYTE || !s.bytes)
            continue;
        t->slots[slot_of(t, s.data, s.bytes)] = (int32_t)i; // of two that are spelt alike the last
    }
    for (int b = 0; b < 256; b++) t->byte_ids[b] = -1;
    for (size_t i = 0; i < t->vocabulary; i++) {
        const struct gguf_string s = tokenizer_spelling(t, (int32_t)i);
        if (t->types[i] != TOKEN_BYTE) continue;
        const int byte = tokenizer_byte(s);
        if (byte >= 0) {
            t->byte_ids[byte] = (int32_t)i;
            continue;
        }
        return engine_fail(EINVAL,
                           "%s: key 'tokenizer.ggml.tokens' at offset %llu: byte token %zu is not "
                           "spelt <0xNN>",
                           gguf_path(t->gguf), (unsigned long long)t->spellings->offset, i);
    }
    return 0;
}

static int by_spelling(const void *a, const void *b, void *tokenizer) {
    const struct tokenizer *t = tokenizer;
    const int32_t ia = *(const int32_t *)a, ib = *(const int32_t *)b;
    const struct gguf_string x = tokenizer_spelling(t, ia), y = tokenizer_spelling(t, ib);
    const int order = memcmp(x.data, y.data, x.bytes < y.bytes ? x.bytes : y.bytes);
    if (order) return order;
    if (x.bytes != y.bytes) return x.bytes < y.bytes ? -1 : 1;
    if (t->types[ia] != t->types[ib]) return t->types[ia] == TOKEN_CONTROL ? 1 : -1;
    return (ia > ib) - (ia < ib);
}

static int index_cut(struct tokenizer *t) {
    for (size_t i = 0; i < t->vocabulary; i++)
        t->cut_count += t->types[i] == TOKEN_CONTROL || t->types[i] == TOKEN_USER_DEFINED;
    t->cut = malloc((t->cut_count + 1) * sizeof *t->cut);
    if (!t->cut) return engine_fail(ENOMEM, "%s: no memory", gguf_path(t->gguf));
    size_t n = 0;
    for (size_t i = 0; i < t->vocabulary; i++) {
        const bool cut = t->types[i] == TOKEN_CONTROL || t->types[i] == TOKEN_USER_DEFINED;
        if (cut && tokenizer_spelling(t, (int32_t)i).bytes) t->cut[n++] = (int32_t)i;
    }
    t->cut_count = n;
    qsort_r(t->cut, n, sizeof *t->cut, by_spelling, t);
    size_t at = 0;
    for (unsigned b = 0; b <= 256; b++) {
        while (at < n && (unsigned char)tokenizer_spelling(t, t->cut[at]).data[0] < b) at++;
        t->cut_first[b] = (uint32_t)at;
    }
    return 0;
}

// A token id from metadata; `fallback` where the file says nothing and the vocabulary has it.
static int special_id(const struct tokenizer *t, const char *key, int32_t fallback, int32_t *out) {
    uint64_t id;
    const int rc = gguf_u64(t->gguf, key, &id);
    *out = fallback < (int32_t)t->vocabulary ? fallback : -1;
    if (rc == -ENOENT) return 0;
    if (rc) return rc;
    if (id == UINT32_MAX)
        *out = -1; // how some converters write "none"
    else if (id < t->vocabulary)
        *out = (int32_t)id;
    else
        return engine_fail(EINVAL, "%s: key '%s' at offset %llu: token %llu, but there are %zu",
                           gguf_path(t->gguf), key,
                           (unsigned long long)gguf_value(t->gguf, key)->offset,
                           (unsigned long long)id, t->vocabulary);
    return 0;
}

static int flag(const struct tokenizer *t, const char *key, bool fallback, bool *out) {
    *out = fallback;
    const int rc = gguf_bool(t->gguf, key, out);
    return rc == -ENOENT ? 0 : rc;
}

// Defaults are those of SentencePiece models, whose files often leave these keys out.
static int read_special(struct tokenizer *t) {
    int rc = special_id(t, "tokenizer.ggml.bos_token_id", 1, &t->bos);
    if (!rc) rc = special_id(t, "tokenizer.ggml.eos_token_id", 2, &t->eos);
    if (!rc) rc = special_id(t, "tokenizer.ggml.unknown_token_id", 0, &t->unknown);
    if (!rc) rc = special_id(t, "tokenizer.ggml.eot_token_id", -1, &t->ends[1]);
    if (!rc) rc = special_id(t, "tokenizer.ggml.eom_token_id", -1, &t->ends[2]);
    if (!rc) rc = flag(t, "tokenizer.ggml.add_bos_token", true, &t->adds_bos);
    if (!rc) rc = flag(t, "tokenizer.ggml.add_space_prefix", true, &t->adds_space_prefix);
    t->ends[0] = t->eos;
    return rc;
}

int tokenizer_open(struct tokenizer **out, const struct gguf *g) {
    *out = NULL;
    struct gguf_string model;
    int rc = gguf_text(g, "tokenizer.ggml.model", &model);
    if (rc == -ENOENT) return 0;
    if (rc) return rc;
    if (model.bytes == 8 && memcmp(model.data, "no_vocab", 8) == 0) return 0;
    if (model.bytes != 5 || memcmp(model.data, "llama", 5) != 0) {
        return engine_fail(EINVAL,
                           "%s: key 'tokenizer.ggml.model' at offset %llu: tokenizer '%.*s' is not "
                           "built yet (built: 'llama', SentencePiece)",
                           gguf_path(g),
                           (unsigned long long)gguf_value(g, "tokenizer.ggml.model")->offset,
                           (int)(model.bytes < 40 ? model.bytes : 40), model.data);
    }
    struct tokenizer *t = calloc(1, sizeof *t);
    if (!t) return engine_fail(ENOMEM, "%s: no memory for a tokenizer", gguf_path(g));
    t->gguf = g;
    if (getrandom(t->key, sizeof t->key, GRND_NONBLOCK) != sizeof t->key)
        t->key[0] = (uintptr_t)t, t->key[1] = (uintptr_t)&rc; // early in a boot: where we lie
    t->key[1] = t->key[1] * 0x9e3779b97f4a7c15u | 1;
    rc = read_vocabulary(t);
    if (!rc) rc = index_pieces(t);
    if (!rc) rc = index_cut(t);
    if (!rc) rc = read_special(t);
    if (rc)
        tokenizer_close(t);
    else
        *out = t;
    return rc;
}

void tokenizer_close(struct tokenizer *t) {
    if (!t) return;
    free(t->scores);
    free(t->types);
    free(t->slots);
    free(t->cut);
    free(t);
}

size_t tokenizer_vocabulary(const struct tokenizer *t) {
    return t->vocabulary;
}
int32_t tokenizer_bos(const struct tokenizer *t) {
    return t->bos;
}
int32_t tokenizer_eos(const struct tokenizer *t) {
    return t->eos;
}
bool tokenizer_adds_bos(const struct tokenizer *t) {
    return t->adds_bos && t->bos >= 0;
}
bool tokenizer_is_end(const struct tokenizer *t, int32_t id) {
    return id >= 0 && (id == t->ends[0] || id == t->ends[1] || id == t->ends[2]);
}

struct gguf_string tokenizer_spelling(const struct tokenizer *t, int32_t id) {
    if (id < 0 || (size_t)id >= t->vocabulary) return (struct gguf_string){"", 0};
    return gguf_array_string(t->gguf, t->spellings, (uint64_t)id);
}
