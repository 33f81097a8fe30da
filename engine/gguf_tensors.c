// SPDX-License-Identifier: MIT
// The tensor table of a GGUF file: shapes, formats, and where in the file they lie.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/error.h"
#include "engine/gguf_file.h"

// The smallest entry: name length, one byte of name, dimension count, type, offset.
#define ENTRY_MIN_BYTES (8 + 1 + 4 + 4 + 8)
#define NAME_MAX_BYTES 255
#define ALIGNMENT_DEFAULT 32
#define TYPE_I8 24 // of GGUF: what packed tensors are stored as

static int read_alignment(struct gguf *g) {
    const char *key = "general.alignment";
    g->alignment = ALIGNMENT_DEFAULT;
    const int rc = gguf_u64(g, key, &g->alignment);
    if (rc == -ENOENT) return 0;
    if (rc) return rc;
    if (g->alignment == 0 || (g->alignment & (g->alignment - 1)) || g->alignment > (1u << 30)) {
        const struct gguf_value *v = gguf_value(g, key);
        return gguf_refuse(g, "key", v->key, v->offset, "%llu is no power of two from 1 to 2^30",
                           (unsigned long long)g->alignment);
    }
    return 0;
}

// A tensor of type I8 whose layout the metadata names (kernels/layouts.def): its columns are bytes
// in the file, and become those of the packed format. Without that key it is only listed.
static int read_layout(const struct gguf *g, struct gguf_tensor *t, struct gguf_string name,
                       uint64_t at) {
    char key[sizeof GGUF_LAYOUT_PREFIX + NAME_MAX_BYTES], text[32];
    struct gguf_string layout;
    snprintf(key, sizeof key, GGUF_LAYOUT_PREFIX "%s", t->name);
    int rc = gguf_text(g, key, &layout);
    if (rc == -ENOENT) return 0;
    if (rc) return rc;
    const struct gguf_value *v = gguf_value(g, key);
    if (t->gguf_type != TYPE_I8)
        return gguf_refuse(g, "tensor", name, at, "has a packed layout, but its type is %u, not I8",
                           t->gguf_type);
    snprintf(text, sizeof text, "%.*s", (int)(layout.bytes < 31 ? layout.bytes : 31), layout.data);
    const int f = format_find(text);
    if (f < 0 || layout.bytes > 31 || layout_plain((enum format)f) == (enum format)f)
        return gguf_refuse(g, "key", v->key, v->offset, "'%s' is no packed layout", text);
    const struct format_info *info = format_info((enum format)f);
    const uint64_t rows = (uint64_t)layout_rows((enum format)f);
    if (t->dims[0] % (uint64_t)info->block_bytes || t->dims[1] % rows || t->dims[2] != 1 ||
        t->dims[3] != 1)
        return gguf_refuse(g, "tensor", name, at,
                           "%s needs rows of whole blocks of %td bytes and a multiple of %llu rows",
                           info->name, info->block_bytes, (unsigned long long)rows);
    t->dims[0] = t->dims[0] / (uint64_t)info->block_bytes * (uint64_t)info->block_elems;
    t->format = f;
    return 0;
}

// Layouts of tensors that are not there: the file is not what it says.
static int check_layouts(const struct gguf *g) {
    const size_t prefix = strlen(GGUF_LAYOUT_PREFIX);
    for (size_t i = 0; i < gguf_value_count(g); i++) {
        const struct gguf_value *v = gguf_value_at(g, i);
        if (v->key.bytes < prefix || memcmp(v->key.data, GGUF_LAYOUT_PREFIX, prefix) != 0) continue;
        const struct gguf_string name = {v->key.data + prefix, v->key.bytes - prefix};
        if (gguf_names_find(g, &g->tensor_names, gguf_tensor_name, name) == SIZE_MAX)
            return gguf_refuse(g, "key", v->key, v->offset, "there is no such tensor");
    }
    return 0;
}

// Bytes of the tensor's data in t->bytes. Formats that this build does not know have 0: only
// listed.
static int size_of(const struct gguf *g, struct gguf_tensor *t, struct gguf_string name,
                   uint64_t at) {
    uint64_t elements = 1;
    for (int d = 0; d < 4; d++) {
        if (__builtin_mul_overflow(elements, t->dims[d], &elements) || elements > INT64_MAX)
            return gguf_refuse(g, "tensor", name, at, "its dimensions multiply to more than 2^63");
    }
    t->format = format_of_gguf_type(t->gguf_type);
    t->bytes = 0;
    const uint64_t file_cols = t->dims[0];
    int rc = read_layout(g, t, name, at);
    if (rc) return rc;
    elements = elements / file_cols * t->dims[0]; // at most 32 / 18 times as many
    if (t->format < 0) return 0;
    const struct format_info *f = format_info((enum format)t->format);
    if (t->dims[0] % (uint64_t)f->block_elems)
        return gguf_refuse(g, "tensor", name, at,
                           "%llu columns are no multiple of %td, the block of %s",
                           (unsigned long long)t->dims[0], f->block_elems, f->name);
    if (__builtin_mul_overflow(elements / (uint64_t)f->block_elems, (uint64_t)f->block_bytes,
                               &t->bytes) ||
        t->bytes > INT64_MAX)
        return gguf_refuse(g, "tensor", name, at, "is larger than 2^63 bytes");
    return 0;
}

// Names are printed and compared as C strings.
static bool has_control_bytes(struct gguf_string s) {
    for (size_t i = 0; i < s.bytes; i++) {
        if ((unsigned char)s.data[i] < 0x20 || s.data[i] == 0x7f) return true;
    }
    return false;
}

static int read_entry(struct gguf *g, uint64_t i, uint64_t count, struct gguf_tensor *t) {
    const struct gguf_string none = {"", 0};
    const uint64_t start = g->at;
    struct gguf_string name;
    uint32_t dims;
    if (!gguf_take_string(g, &name))
        return gguf_refuse(g, "tensor", none, start,
                           "the name of tensor %llu of %llu runs past the end of "
                           "the file",
                           (unsigned long long)i, (unsigned long long)count);
    if (name.bytes == 0 || name.bytes > NAME_MAX_BYTES)
        return gguf_refuse(g, "tensor", none, start,
                           "the name of tensor %llu of %llu has %zu bytes (1 to %d are allowed)",
                           (unsigned long long)i, (unsigned long long)count, name.bytes,
                           NAME_MAX_BYTES);
    if (has_control_bytes(name))
        return gguf_refuse(g, "tensor", name, start, "its name holds control bytes");
    t->name = strndup(name.data, name.bytes);
    if (!t->name) return engine_fail(ENOMEM, "%s: no memory for a tensor's name", g->path);
    if (!gguf_take_u32(g, &dims))
        return gguf_refuse(g, "tensor", name, g->at, "the file ends before its dimensions");
    if (dims > 4)
        return gguf_refuse(g, "tensor", name, g->at - 4, "%u dimensions (at most 4)", dims);
    t->dim_count = (int)dims;
    for (uint32_t d = 0; d < 4; d++) {
        t->dims[d] = 1;
        if (d < dims && !gguf_take_u64(g, &t->dims[d]))
            return gguf_refuse(g, "tensor", name, g->at, "the file ends in its dimensions");
        if (t->dims[d] == 0)
            return gguf_refuse(g, "tensor", name, g->at - 8, "dimension %u is zero", d);
    }
    if (!gguf_take_u32(g, &t->gguf_type) || !gguf_take_u64(g, &t->offset))
        return gguf_refuse(g, "tensor", name, g->at, "the file ends before its type and offset");
    return size_of(g, t, name, start);
}

// Turns offsets within the data into offsets within the file, once it is known where the data
// begin.
static int place(struct gguf *g, struct gguf_tensor *t) {
    const struct gguf_string name = {t->name, strlen(t->name)};
    const uint64_t left = g->file_bytes - g->data_offset;
    const uint64_t offset = t->offset;
    if (offset % g->alignment)
        return gguf_refuse(g, "tensor", name, g->data_offset,
                           "its data offset %llu is no multiple of the "
                           "alignment %llu",
                           (unsigned long long)offset, (unsigned long long)g->alignment);
    if (offset > left || t->bytes > left - offset || (t->format < 0 && offset == left))
        return gguf_refuse(g, "tensor", name, g->data_offset,
                           "its %llu bytes at data offset %llu end beyond "
                           "the file, which has %llu bytes of data",
                           (unsigned long long)t->bytes, (unsigned long long)offset,
                           (unsigned long long)left);
    t->offset = g->data_offset + offset;
    // Kernels read f32 as such, and the f16 scales of blocks.
    const uint64_t natural = t->format == FORMAT_f32 ? 4 : 2;
    if (t->format >= 0 && t->offset % natural)
        return gguf_refuse(g, "tensor", name, t->offset, "%s data must begin at a multiple of %llu",
                           format_info((enum format)t->format)->name, (unsigned long long)natural);
    t->data = g->base + t->offset;
    return 0;
}

static int by_offset(const void *a, const void *b) {
    const struct gguf_tensor *const *ta = a, *const *tb = b;
    return ((*ta)->offset > (*tb)->offset) - ((*ta)->offset < (*tb)->offset);
}

static int check_overlap(const struct gguf *g) {
    const struct gguf_tensor **sorted = malloc((g->tensor_count + 1) * sizeof *sorted);
    if (!sorted)
        return engine_fail(ENOMEM, "%s: no memory for %zu tensors", g->path, g->tensor_count);
    int rc = 0;
    for (size_t i = 0; i < g->tensor_count; i++) sorted[i] = &g->tensors[i];
    qsort(sorted, g->tensor_count, sizeof *sorted, by_offset);
    for (size_t i = 1; i < g->tensor_count && !rc; i++) {
        const struct gguf_tensor *a = sorted[i - 1], *b = sorted[i];
        const uint64_t bytes = a->bytes ? a->bytes : 1; // of an unknown format: one at least
        if (b->offset - a->offset >= bytes) continue;
        rc = gguf_refuse(g, "tensor", (struct gguf_string){b->name, strlen(b->name)}, b->offset,
                         "overlaps tensor '%s' (%llu bytes at %llu)", a->name,
                         (unsigned long long)bytes, (unsigned long long)a->offset);
    }
    free(sorted);
    return rc;
}

int gguf_tensors_parse(struct gguf *g, uint64_t count) {
    const struct gguf_string none = {"", 0};
    int rc = read_alignment(g);
    if (rc) return rc;
    if (count > gguf_left(g) / ENTRY_MIN_BYTES || count > INT32_MAX)
        return gguf_refuse(g, "tensor count", none, 8,
                           "claims %llu tensors, but %llu bytes are left",
                           (unsigned long long)count, (unsigned long long)gguf_left(g));
    for (uint64_t i = 0; i < count; i++) {
        rc = gguf_grow(g, (void **)&g->tensors, &g->tensor_capacity, g->tensor_count,
                       sizeof *g->tensors);
        if (rc) return rc;
        struct gguf_tensor *t = &g->tensors[g->tensor_count++];
        *t = (struct gguf_tensor){.format = -1};
        rc = read_entry(g, i, count, t);
        if (rc) return rc;
    }
    g->data_offset = (g->at + g->alignment - 1) & ~(g->alignment - 1); // both far below 2^64
    if (g->data_offset > g->file_bytes) {
        if (count)
            return gguf_refuse(g, "tensor data", none, g->data_offset,
                               "the file has only %llu bytes", (unsigned long long)g->file_bytes);
        g->data_offset = g->file_bytes; // metadata only
    }
    size_t twice = 0;
    rc = gguf_names_build(g, &g->tensor_names, gguf_tensor_name, g->tensor_count, &twice);
    if (rc == -EEXIST)
        return gguf_refuse(g, "tensor", gguf_tensor_name(g, twice), g->at, "appears twice");
    for (size_t i = 0; i < g->tensor_count && !rc; i++) rc = place(g, &g->tensors[i]);
    if (!rc) rc = check_layouts(g);
    return rc ? rc : check_overlap(g);
}
