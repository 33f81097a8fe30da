// SPDX-License-Identifier: MIT
// Text to ids and back. A text is cut at tokens that are never merged (user-defined ones; control
// ones on request); SentencePiece puts a space before every stretch that begins the text or follows
// such a token, and decoding takes it away again.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/error.h"
#include "engine/tokenizer_tables.h"

static const char space[3] = {'\xe2', '\x96', '\x81'}; // U+2581

int tokenizer_append(struct token_list *list, int32_t id) {
    if (list->count == list->capacity) {
        const size_t wanted = list->capacity ? list->capacity * 2 : 64;
        int32_t *grown = reallocarray(list->ids, wanted, sizeof *grown);
        if (!grown) return engine_fail(ENOMEM, "no memory for %zu tokens", wanted);
        list->ids = grown;
        list->capacity = wanted;
    }
    list->ids[list->count++] = id;
    return 0;
}

// Byte k of a cut token, -1 behind its end.
static int cut_byte(const struct tokenizer *t, uint32_t i, size_t k) {
    const struct gguf_string s = tokenizer_spelling(t, t->cut[i]);
    return k < s.bytes ? (unsigned char)s.data[k] : -1;
}

// The first of the cut tokens from..to whose byte k is at least `byte`; they are alike before it.
static uint32_t cut_from(const struct tokenizer *t, uint32_t from, uint32_t to, size_t k,
                         int byte) {
    while (from < to) {
        const uint32_t middle = from + (to - from) / 2;
        if (cut_byte(t, middle, k) < byte)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

// The longest cut token that the text at p begins with, or -1. However many there are, a byte of
// text costs two searches.
static int32_t cut_at(const struct tokenizer *t, const char *p, size_t left, bool special) {
    const unsigned char b = (unsigned char)*p;
    uint32_t from = t->cut_first[b], to = t->cut_first[b + 1];
    int32_t best = -1;
    for (size_t k = 1; from < to; k++) { // those are left that begin with k bytes of the text
        if (cut_byte(t, from, k) < 0 && (special || t->types[t->cut[from]] != TOKEN_CONTROL))
            best = t->cut[from];
        if (k == left) break;
        const int byte = (unsigned char)p[k];
        from = cut_from(t, from, to, k, byte);
        to = cut_from(t, from, to, k, byte + 1);
    }
    return best;
}

static int encode_stretch(const struct tokenizer *t, const char *text, size_t bytes,
                          struct token_list *list) {
    if (bytes == 0) return 0;
    if (bytes > SIZE_MAX / 4) return engine_fail(EFBIG, "a text of %zu bytes is too long", bytes);
    char *escaped = malloc((bytes + 1) * sizeof space);
    if (!escaped) return engine_fail(ENOMEM, "no memory to tokenize %zu bytes", bytes);
    size_t n = 0;
    if (t->adds_space_prefix) {
        memcpy(escaped, space, sizeof space);
        n = sizeof space;
    }
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] != ' ') {
            escaped[n++] = text[i];
        } else {
            memcpy(escaped + n, space, sizeof space);
            n += sizeof space;
        }
    }
    const int rc = tokenizer_spm_encode(t, escaped, n, list);
    free(escaped);
    return rc;
}

int tokenizer_encode(const struct tokenizer *t, const char *text, size_t bytes, bool bos,
                     bool special, int32_t **ids, size_t *count) {
    struct token_list list = {0};
    *ids = NULL;
    *count = 0;
    int rc = bos && t->bos >= 0 ? tokenizer_append(&list, t->bos) : 0;
    size_t from = 0, at = 0;
    while (at < bytes && !rc) {
        const int32_t id = cut_at(t, text + at, bytes - at, special);
        if (id < 0) {
            at++;
            continue;
        }
        rc = encode_stretch(t, text + from, at - from, &list);
        if (!rc) rc = tokenizer_append(&list, id);
        from = at += tokenizer_spelling(t, id).bytes;
    }
    if (!rc) rc = encode_stretch(t, text + from, bytes - from, &list);
    if (rc) {
        free(list.ids);
        return rc;
    }
    *ids = list.ids;
    *count = list.count;
    return 0;
}

// Bytes that a token stands for; out may be NULL to count them.
static size_t piece(const struct tokenizer *t, int32_t id, char *out) {
    const struct gguf_string s = tokenizer_spelling(t, id);
    size_t n = 0;
    switch ((enum token_type)t->types[id]) {
    case TOKEN_CONTROL:
    case TOKEN_UNKNOWN:
        return 0;
    case TOKEN_BYTE:
        if (out) out[0] = (char)tokenizer_byte(s);
        return 1;
    case TOKEN_USER_DEFINED:
        if (out) memcpy(out, s.data, s.bytes);
        return s.bytes;
    default:
        break;
    }
    for (size_t i = 0; i < s.bytes; n++) {
        const bool is_space =
            s.bytes - i >= sizeof space && memcmp(s.data + i, space, sizeof space) == 0;
        if (out) out[n] = is_space ? ' ' : s.data[i];
        i += is_space ? sizeof space : 1;
    }
    return n;
}

static bool in_range(const struct tokenizer *t, int32_t id) {
    return id >= 0 && (size_t)id < t->vocabulary;
}

static int out_of_range(const struct tokenizer *t, int32_t id) {
    return engine_fail(EINVAL, "%s: token %d is out of range (0 to %zu)", gguf_path(t->gguf), id,
                       t->vocabulary - 1);
}

int tokenizer_piece(const struct tokenizer *t, int32_t id, char *out, size_t size) {
    if (!in_range(t, id)) return out_of_range(t, id);
    const size_t bytes = piece(t, id, NULL);
    if (bytes <= size) return (int)piece(t, id, out);
    char *whole = malloc(bytes);
    if (!whole) return engine_fail(ENOMEM, "no memory for a piece of %zu bytes", bytes);
    (void)piece(t, id, whole);
    memcpy(out, whole, size);
    free(whole);
    return (int)size;
}

int tokenizer_decode(const struct tokenizer *t, const int32_t *ids, size_t count, char **text,
                     size_t *bytes) {
    size_t n = 0;
    *text = NULL;
    *bytes = 0;
    for (size_t i = 0; i < count; i++) {
        if (!in_range(t, ids[i])) return out_of_range(t, ids[i]);
        n += piece(t, ids[i], NULL);
    }
    char *out = malloc(n + 1);
    if (!out) return engine_fail(ENOMEM, "no memory for a text of %zu bytes", n);
    n = 0;
    bool after_cut = true;
    for (size_t i = 0; i < count; i++) {
        const int type = t->types[ids[i]];
        size_t added = piece(t, ids[i], out + n);
        if (after_cut && t->adds_space_prefix && type == TOKEN_NORMAL && added && out[n] == ' ')
            memmove(out + n, out + n + 1, --added);
        after_cut = type == TOKEN_CONTROL || type == TOKEN_USER_DEFINED;
        n += added;
    }
    out[n] = '\0';
    *text = out;
    *bytes = n;
    return 0;
}
