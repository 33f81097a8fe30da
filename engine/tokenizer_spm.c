// SPDX-License-Identifier: MIT
// SentencePiece BPE: the text starts as one symbol a character; the pair of neighbours whose joined
// spelling has the best score is merged (the leftmost of equals) until no pair is a piece. What is
// no piece then falls back to byte tokens. A heap and a linked list: n log n.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/error.h"
#include "engine/tokenizer_tables.h"

struct symbol {
    int32_t prev, next; // -1 at the ends
    uint32_t at, bytes; // bytes 0: merged away
};
struct pair {
    float score;
    int32_t left, right;
    uint32_t bytes; // of both when it was found; differs from now: outdated
};
struct merger {
    const struct tokenizer *t;
    const char *text;
    struct symbol *symbols;
    struct pair *heap;
    size_t heap_count, heap_capacity;
};

// Bytes of the character at p: of well-formed UTF-8, else 1 (bytes that are no text become byte
// tokens).
static uint32_t character_bytes(const unsigned char *p, size_t left) {
    static const unsigned char lead_min[5] = {0, 0, 0xc2, 0xe0, 0xf0},
                               lead_max[5] = {0, 0, 0xdf, 0xef, 0xf4};
    for (uint32_t n = 2; n <= 4 && n <= left; n++) {
        if (p[0] < lead_min[n] || p[0] > lead_max[n]) continue;
        for (uint32_t i = 1; i < n; i++) {
            if ((p[i] & 0xc0) != 0x80) return 1;
        }
        const bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
        const bool surrogate = p[0] == 0xed && p[1] >= 0xa0;
        const bool beyond = p[0] == 0xf4 && p[1] >= 0x90;
        return overlong || surrogate || beyond ? 1 : n;
    }
    return 1;
}

static bool before(const struct pair *a, const struct pair *b) {
    return a->score > b->score || (a->score == b->score && a->left < b->left);
}

static int push(struct merger *m, struct pair p) {
    if (m->heap_count == m->heap_capacity) {
        const size_t wanted = m->heap_capacity ? m->heap_capacity * 2 : 256;
        struct pair *grown = reallocarray(m->heap, wanted, sizeof *grown);
        if (!grown) return engine_fail(ENOMEM, "no memory to tokenize this text");
        m->heap = grown;
        m->heap_capacity = wanted;
    }
    size_t i = m->heap_count++;
    for (; i && before(&p, &m->heap[(i - 1) / 2]); i = (i - 1) / 2)
        m->heap[i] = m->heap[(i - 1) / 2];
    m->heap[i] = p;
    return 0;
}

static struct pair pop(struct merger *m) {
    const struct pair best = m->heap[0], last = m->heap[--m->heap_count];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= m->heap_count) break;
        if (child + 1 < m->heap_count && before(&m->heap[child + 1], &m->heap[child])) child++;
        if (!before(&m->heap[child], &last)) break;
        m->heap[i] = m->heap[child];
        i = child;
    }
    m->heap[i] = last;
    return best;
}

// Notes the pair if it spells a piece.
static int consider(struct merger *m, int32_t left, int32_t right) {
    if (left < 0 || right < 0) return 0;
    const struct symbol *l = &m->symbols[left], *r = &m->symbols[right];
    const uint32_t bytes = l->bytes + r->bytes;
    const int32_t id = tokenizer_find(m->t, m->text + l->at, bytes);
    return id < 0 ? 0 : push(m, (struct pair){m->t->scores[id], left, right, bytes});
}

static int emit(const struct tokenizer *t, const char *p, uint32_t bytes, struct token_list *list) {
    const int32_t id = tokenizer_find(t, p, bytes);
    if (id >= 0) return tokenizer_append(list, id);
    bool all = true;
    for (uint32_t i = 0; i < bytes; i++) all = all && t->byte_ids[(unsigned char)p[i]] >= 0;
    if (!all) return t->unknown < 0 ? 0 : tokenizer_append(list, t->unknown);
    int rc = 0;
    for (uint32_t i = 0; i < bytes && !rc; i++)
        rc = tokenizer_append(list, t->byte_ids[(unsigned char)p[i]]);
    return rc;
}

int tokenizer_spm_encode(const struct tokenizer *t, const char *text, size_t bytes,
                         struct token_list *list) {
    if (bytes == 0) return 0;
    if (bytes > INT32_MAX)
        return engine_fail(EFBIG, "a text of %zu bytes is too long to tokenize", bytes);
    struct merger m = {.t = t, .text = text};
    m.symbols = malloc(bytes * sizeof *m.symbols);
    if (!m.symbols) return engine_fail(ENOMEM, "no memory to tokenize %zu bytes", bytes);
    int32_t count = 0;
    for (size_t at = 0; at < bytes; count++) {
        const uint32_t n = character_bytes((const unsigned char *)text + at, bytes - at);
        m.symbols[count] = (struct symbol){count - 1, count + 1, (uint32_t)at, n};
        at += n;
    }
    m.symbols[count - 1].next = -1;
    int rc = 0;
    for (int32_t i = 1; i < count && !rc; i++) rc = consider(&m, i - 1, i);
    while (m.heap_count && !rc) {
        const struct pair p = pop(&m);
        struct symbol *l = &m.symbols[p.left], *r = &m.symbols[p.right];
        if (!l->bytes || !r->bytes || l->bytes + r->bytes != p.bytes) continue;
        l->bytes += r->bytes;
        r->bytes = 0;
        l->next = r->next;
        if (r->next >= 0) m.symbols[r->next].prev = p.left;
        rc = consider(&m, l->prev, p.left);
        if (!rc) rc = consider(&m, p.left, l->next);
    }
    for (int32_t i = 0; i >= 0 && !rc; i = m.symbols[i].next)
        rc = emit(t, text + m.symbols[i].at, m.symbols[i].bytes, list);
    free(m.symbols);
    free(m.heap);
    return rc;
}
