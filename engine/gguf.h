// SPDX-License-Identifier: MIT
// GGUF v2/v3, read through a private read-only mapping: tensors point into it and are never copied.
// Everything that the file claims is checked against its size before it is believed.
// Hazard of every mapping: who cuts the file short while it is open makes reads behind its new end
// fault. Format: ggml's docs/gguf.md. A struct gguf is constant after gguf_open and may be shared
// by threads.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

enum gguf_type { // of metadata values, numbered as in the file
    GGUF_U8,
    GGUF_I8,
    GGUF_U16,
    GGUF_I16,
    GGUF_U32,
    GGUF_I32,
    GGUF_F32,
    GGUF_BOOL,
    GGUF_STRING,
    GGUF_ARRAY,
    GGUF_U64,
    GGUF_I64,
    GGUF_F64,
    GGUF_TYPE_COUNT
};

struct gguf_string { // not NUL-terminated, inside the mapping
    const char *data;
    size_t bytes;
};

struct gguf_value {
    struct gguf_string key;
    enum gguf_type type;
    enum gguf_type element_type; // of an array
    uint64_t count;              // of an array, else 1
    const unsigned char *data;   // raw little-endian bytes; of an array its first element
    uint64_t offset;             // in the file, for messages
};

// Packed tensors (kernels/layouts.def) have the type I8 and this key, a string: the layout's
// format.
#define GGUF_LAYOUT_PREFIX "inferometer.layout."

struct gguf_tensor {
    char *name;
    uint32_t gguf_type;
    int format; // enum format (also a packed layout), or -1: not known to this build (only listed)
    int dim_count;
    uint64_t dims[4]; // dims[0] = columns (contiguous), dims[1] = rows; unused ones are 1
    const void *data;
    uint64_t offset, bytes; // in the file
};

struct gguf;

// 0, or a negative errno with a message that names file, field and offset; *out is NULL then.
int gguf_open(struct gguf **out, const char *path);
void gguf_close(struct gguf *g);
const char *gguf_path(const struct gguf *g);
uint32_t gguf_version(const struct gguf *g);
uint64_t gguf_file_bytes(const struct gguf *g);
const void *gguf_mapping(const struct gguf *g); // the whole file
uint64_t gguf_data_offset(const struct gguf *g);

size_t gguf_value_count(const struct gguf *g);
const struct gguf_value *gguf_value_at(const struct gguf *g, size_t i);
const struct gguf_value *gguf_value(const struct gguf *g, const char *key); // NULL if absent
// Typed reads, any integer width: 0; -ENOENT if absent (no message); -EINVAL with a message that
// names file, key and type.
int gguf_u64(const struct gguf *g, const char *key, uint64_t *out);
int gguf_f64(const struct gguf *g, const char *key, double *out);
int gguf_bool(const struct gguf *g, const char *key, bool *out);
int gguf_text(const struct gguf *g, const char *key, struct gguf_string *out);
// String i of an array of strings (the reader keeps an index, so this is O(1)).
struct gguf_string gguf_array_string(const struct gguf *g, const struct gguf_value *v, uint64_t i);
// Element i (< count) of an array of numbers or bools; 0 for other types.
double gguf_array_number(const struct gguf_value *v, uint64_t i);
const char *gguf_type_name(enum gguf_type type); // "u32", "string" …
size_t gguf_type_bytes(enum gguf_type type);     // of one element; 0 of strings and arrays

size_t gguf_tensor_count(const struct gguf *g);
const struct gguf_tensor *gguf_tensor_at(const struct gguf *g, size_t i);
const struct gguf_tensor *gguf_tensor(const struct gguf *g, const char *name); // NULL if absent
