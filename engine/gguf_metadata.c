// SPDX-License-Identifier: MIT
// Keys and values of a GGUF file, and the typed reads of them.
#include <errno.h>
#include <stdlib.h>

#include "engine/error.h"
#include "engine/gguf_file.h"

// The smallest pair that a file can hold: key length, one byte of key, type, one byte of value.
#define PAIR_MIN_BYTES (8 + 1 + 4 + 1)
#define KEY_MAX_BYTES 65535

static const struct {
    const char *name;
    unsigned bytes; // of one element; 0: not fixed
} types[GGUF_TYPE_COUNT] = {
    [GGUF_U8] = {"u8", 1},       [GGUF_I8] = {"i8", 1},     [GGUF_U16] = {"u16", 2},
    [GGUF_I16] = {"i16", 2},     [GGUF_U32] = {"u32", 4},   [GGUF_I32] = {"i32", 4},
    [GGUF_F32] = {"f32", 4},     [GGUF_BOOL] = {"bool", 1}, [GGUF_STRING] = {"string", 0},
    [GGUF_ARRAY] = {"array", 0}, [GGUF_U64] = {"u64", 8},   [GGUF_I64] = {"i64", 8},
    [GGUF_F64] = {"f64", 8},
};

const char *gguf_type_name(enum gguf_type type) {
    return (unsigned)type < GGUF_TYPE_COUNT ? types[type].name : "?";
}

size_t gguf_type_bytes(enum gguf_type type) {
    return (unsigned)type < GGUF_TYPE_COUNT ? types[type].bytes : 0;
}

static int read_bools(struct gguf *g, const struct gguf_value *v, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        if (v->data[i] > 1)
            return gguf_refuse(g, "key", v->key, v->offset, "a bool of value %u", v->data[i]);
    }
    return 0;
}

static int read_strings(struct gguf *g, const struct gguf_value *v, uint64_t **offsets) {
    if (v->count > gguf_left(g) / 8)
        return gguf_refuse(g, "key", v->key, v->offset,
                           "claims %llu strings, but %llu bytes are left",
                           (unsigned long long)v->count, (unsigned long long)gguf_left(g));
    *offsets = malloc((size_t)(v->count ? v->count : 1) * sizeof **offsets);
    if (!*offsets) return engine_fail(ENOMEM, "%s: no memory for an array of strings", g->path);
    for (uint64_t i = 0; i < v->count; i++) {
        struct gguf_string s;
        (*offsets)[i] = g->at;
        if (!gguf_take_string(g, &s))
            return gguf_refuse(g, "key", v->key, g->at,
                               "string %llu of %llu runs past the end of the file",
                               (unsigned long long)i, (unsigned long long)v->count);
    }
    return 0;
}

static int read_array(struct gguf *g, struct gguf_value *v, uint64_t **offsets) {
    uint32_t type;
    if (!gguf_take_u32(g, &type) || !gguf_take_u64(g, &v->count))
        return gguf_refuse(g, "key", v->key, g->at, "the file ends in the head of the array");
    if (type >= GGUF_TYPE_COUNT)
        return gguf_refuse(g, "key", v->key, v->offset, "unknown type %u of array elements", type);
    if (type == GGUF_ARRAY)
        return gguf_refuse(g, "key", v->key, v->offset, "an array of arrays is not supported");
    v->element_type = (enum gguf_type)type;
    v->data = g->base + g->at;
    if (type == GGUF_STRING) return read_strings(g, v, offsets);
    if (v->count > gguf_left(g) / types[type].bytes)
        return gguf_refuse(
            g, "key", v->key, v->offset, "claims %llu elements of %u bytes, but %llu are left",
            (unsigned long long)v->count, types[type].bytes, (unsigned long long)gguf_left(g));
    gguf_take(g, v->count * types[type].bytes);
    return type == GGUF_BOOL ? read_bools(g, v, v->count) : 0;
}

static int read_pair(struct gguf *g, uint64_t i, uint64_t count, struct gguf_value *v,
                     uint64_t **offsets) {
    const struct gguf_string none = {"", 0};
    const uint64_t start = g->at;
    uint32_t type;
    if (!gguf_take_string(g, &v->key))
        return gguf_refuse(g, "key", none, start, "key %llu of %llu runs past the end of the file",
                           (unsigned long long)i, (unsigned long long)count);
    if (v->key.bytes == 0 || v->key.bytes > KEY_MAX_BYTES)
        return gguf_refuse(
            g, "key", none, start, "key %llu of %llu is %zu bytes long (1 to %d are allowed)",
            (unsigned long long)i, (unsigned long long)count, v->key.bytes, KEY_MAX_BYTES);
    if (!gguf_take_u32(g, &type))
        return gguf_refuse(g, "key", v->key, g->at, "the file ends before its type");
    if (type >= GGUF_TYPE_COUNT)
        return gguf_refuse(g, "key", v->key, g->at - 4, "unknown type %u", type);
    v->type = v->element_type = (enum gguf_type)type;
    v->count = 1;
    v->offset = g->at;
    v->data = g->base + g->at;
    if (type == GGUF_ARRAY) return read_array(g, v, offsets);
    struct gguf_string s;
    const bool whole =
        type == GGUF_STRING ? gguf_take_string(g, &s) : gguf_take(g, types[type].bytes) != NULL;
    if (!whole)
        return gguf_refuse(g, "key", v->key, v->offset, "its value runs past the end of the file");
    return type == GGUF_BOOL ? read_bools(g, v, 1) : 0;
}

int gguf_metadata_parse(struct gguf *g, uint64_t count) {
    const struct gguf_string none = {"", 0};
    if (count > gguf_left(g) / PAIR_MIN_BYTES || count > INT32_MAX)
        return gguf_refuse(g, "key count", none, 16, "claims %llu keys, but %llu bytes are left",
                           (unsigned long long)count, (unsigned long long)gguf_left(g));
    size_t offsets_capacity = 0;
    for (uint64_t i = 0; i < count; i++) {
        int rc = gguf_grow(g, (void **)&g->values, &g->value_capacity, g->value_count,
                           sizeof *g->values);
        if (!rc)
            rc = gguf_grow(g, (void **)&g->string_offsets, &offsets_capacity, g->value_count,
                           sizeof *g->string_offsets);
        if (rc) return rc;
        struct gguf_value *v = &g->values[g->value_count];
        uint64_t **offsets = &g->string_offsets[g->value_count++];
        *v = (struct gguf_value){.key = none};
        *offsets = NULL;
        rc = read_pair(g, i, count, v, offsets);
        if (rc) return rc;
    }
    size_t twice = 0;
    const int rc = gguf_names_build(g, &g->value_names, gguf_value_name, g->value_count, &twice);
    if (rc == -EEXIST)
        return gguf_refuse(g, "key", g->values[twice].key, g->values[twice].offset,
                           "appears twice");
    return rc;
}

// ---- typed reads

#define LOAD(ctype, p)                                                                             \
    (__extension__({                                                                               \
        ctype loaded_;                                                                             \
        memcpy(&loaded_, (p), sizeof loaded_);                                                     \
        loaded_;                                                                                   \
    }))

// Element i as double; exact for everything but 64-bit integers beyond 2^53. false for strings.
static bool number_at(const struct gguf_value *v, uint64_t i, double *out) {
    const unsigned char *p = v->data + i * types[v->element_type].bytes;
    switch (v->element_type) {
    case GGUF_U8:
        *out = *p;
        return true;
    case GGUF_I8:
        *out = LOAD(int8_t, p);
        return true;
    case GGUF_U16:
        *out = LOAD(uint16_t, p);
        return true;
    case GGUF_I16:
        *out = LOAD(int16_t, p);
        return true;
    case GGUF_U32:
        *out = LOAD(uint32_t, p);
        return true;
    case GGUF_I32:
        *out = LOAD(int32_t, p);
        return true;
    case GGUF_F32:
        *out = (double)LOAD(float, p);
        return true;
    case GGUF_BOOL:
        *out = *p;
        return true;
    case GGUF_U64:
        *out = (double)LOAD(uint64_t, p);
        return true;
    case GGUF_I64:
        *out = (double)LOAD(int64_t, p);
        return true;
    case GGUF_F64:
        *out = LOAD(double, p);
        return true;
    default:
        return false;
    }
}

double gguf_array_number(const struct gguf_value *v, uint64_t i) {
    double number = 0;
    (void)number_at(v, i, &number);
    return number;
}

static int wrong_type(const struct gguf *g, const struct gguf_value *v, const char *wanted) {
    const bool array = v->type == GGUF_ARRAY;
    return gguf_refuse(g, "key", v->key, v->offset, "is %s%s, not %s", array ? "an array of " : "",
                       types[array ? v->element_type : v->type].name, wanted);
}

int gguf_u64(const struct gguf *g, const char *key, uint64_t *out) {
    const struct gguf_value *v = gguf_value(g, key);
    if (!v) return -ENOENT;
    int64_t number;
    switch (v->type) {
    case GGUF_U8:
        *out = *v->data;
        return 0;
    case GGUF_U16:
        *out = LOAD(uint16_t, v->data);
        return 0;
    case GGUF_U32:
        *out = LOAD(uint32_t, v->data);
        return 0;
    case GGUF_U64:
        *out = LOAD(uint64_t, v->data);
        return 0;
    case GGUF_I8:
        number = LOAD(int8_t, v->data);
        break;
    case GGUF_I16:
        number = LOAD(int16_t, v->data);
        break;
    case GGUF_I32:
        number = LOAD(int32_t, v->data);
        break;
    case GGUF_I64:
        number = LOAD(int64_t, v->data);
        break;
    default:
        return wrong_type(g, v, "an integer");
    }
    if (number < 0)
        return gguf_refuse(g, "key", v->key, v->offset, "is %lld, but must not be negative",
                           (long long)number);
    *out = (uint64_t)number;
    return 0;
}

int gguf_f64(const struct gguf *g, const char *key, double *out) {
    const struct gguf_value *v = gguf_value(g, key);
    if (!v) return -ENOENT;
    if (v->type == GGUF_ARRAY || v->type == GGUF_BOOL || !number_at(v, 0, out))
        return wrong_type(g, v, "a number");
    return 0;
}

int gguf_bool(const struct gguf *g, const char *key, bool *out) {
    const struct gguf_value *v = gguf_value(g, key);
    if (!v) return -ENOENT;
    if (v->type != GGUF_BOOL) return wrong_type(g, v, "a bool");
    *out = *v->data != 0;
    return 0;
}

static struct gguf_string string_at(const unsigned char *p) {
    return (struct gguf_string){(const char *)p + 8, (size_t)LOAD(uint64_t, p)};
}

int gguf_text(const struct gguf *g, const char *key, struct gguf_string *out) {
    const struct gguf_value *v = gguf_value(g, key);
    if (!v) return -ENOENT;
    if (v->type != GGUF_STRING) return wrong_type(g, v, "a string");
    *out = string_at(v->data);
    return 0;
}

struct gguf_string gguf_array_string(const struct gguf *g, const struct gguf_value *v, uint64_t i) {
    const uint64_t *offsets = g->string_offsets[v - g->values];
    if (!offsets || i >= v->count) return (struct gguf_string){"", 0};
    return string_at(g->base + offsets[i]);
}
