// SPDX-License-Identifier: MIT
// Inside of the GGUF reader: the open file, a cursor that cannot leave it, and the two tables that
// it fills. Only engine/gguf*.c include this.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "engine/gguf.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "GGUF files are read in place");

// Indexes of a table's entries, sorted by name: no choice of names makes it slow to build or
// search.
struct gguf_names {
    uint32_t *sorted; // [count]
    size_t count;
};

struct gguf {
    char *path;
    const unsigned char *base; // the mapping
    uint64_t file_bytes;
    uint64_t at; // cursor of the parser
    uint32_t version;
    uint64_t alignment, data_offset;
    size_t value_count, value_capacity;
    struct gguf_value *values;
    uint64_t **string_offsets; // [value_count]; of an array of strings [count], else NULL
    size_t tensor_count, tensor_capacity;
    struct gguf_tensor *tensors;
    struct gguf_names value_names, tensor_names;
};

// "PATH: WHAT 'NAME' at offset N: …" (name may be empty: then without it); returns -EINVAL.
__attribute__((format(printf, 5, 6))) int gguf_refuse(const struct gguf *g, const char *what,
                                                      struct gguf_string name, uint64_t offset,
                                                      const char *format, ...);

static inline uint64_t gguf_left(const struct gguf *g) {
    return g->file_bytes - g->at;
}
// The next `bytes` bytes, or NULL when the file ends before them (the cursor stays).
static inline const unsigned char *gguf_take(struct gguf *g, uint64_t bytes) {
    if (gguf_left(g) < bytes) return NULL;
    const unsigned char *p = g->base + g->at;
    g->at += bytes;
    return p;
}
static inline bool gguf_take_u32(struct gguf *g, uint32_t *out) {
    const unsigned char *p = gguf_take(g, sizeof *out);
    if (p) memcpy(out, p, sizeof *out);
    return p != NULL;
}
static inline bool gguf_take_u64(struct gguf *g, uint64_t *out) {
    const unsigned char *p = gguf_take(g, sizeof *out);
    if (p) memcpy(out, p, sizeof *out);
    return p != NULL;
}
static inline bool gguf_take_string(struct gguf *g, struct gguf_string *out) {
    const uint64_t start = g->at;
    uint64_t bytes;
    if (!gguf_take_u64(g, &bytes)) return false;
    const unsigned char *p = gguf_take(g, bytes);
    if (!p) {
        g->at = start;
        return false;
    }
    out->data = (const char *)p;
    out->bytes = (size_t)bytes;
    return true;
}

// Room for one more element of a table that grows by what was really read, never by what is
// claimed. 0 or -ENOMEM with a message.
int gguf_grow(const struct gguf *g, void **table, size_t *capacity, size_t count,
              size_t element_bytes);

// The index of a name among the entries of a table, found through name_at; SIZE_MAX if absent.
typedef struct gguf_string gguf_name_at(const struct gguf *g, size_t i);
size_t gguf_names_find(const struct gguf *g, const struct gguf_names *names, gguf_name_at *name_at,
                       struct gguf_string name);
// 0; -ENOMEM with a message; -EEXIST without: *twice is the index of the first name that another
// one had before.
int gguf_names_build(const struct gguf *g, struct gguf_names *names, gguf_name_at *name_at,
                     size_t count, size_t *twice);
gguf_name_at gguf_value_name, gguf_tensor_name;

int gguf_metadata_parse(struct gguf *g, uint64_t count); // engine/gguf_metadata.c
int gguf_tensors_parse(struct gguf *g, uint64_t count);  // engine/gguf_tensors.c
