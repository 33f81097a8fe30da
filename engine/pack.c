// SPDX-License-Identifier: MIT
#include "engine/pack.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/error.h"
#include "engine/gguf.h"
#include "engine/gguf_write.h"

#define TYPE_I8 24
#define ALIGNMENT 64 // panels and packed blocks are read by whole cache lines
#define CHUNK_BYTES (4u << 20)

struct packing {
    const struct gguf *in;
    struct gguf_writer *out;
    int *layouts; // [tensors] the packed format, or -1: copied
    struct pack_summary *summary;
    void (*progress)(double done);
    uint64_t done_bytes;
};

static int layout_of_tensor(const struct gguf_tensor *t, unsigned isas) {
    if (t->format < 0 || t->dim_count != 2 || !strcmp(t->name, "token_embd.weight")) return -1;
    const int packed = layout_for((enum format)t->format, isas);
    if (packed < 0 || t->dims[1] % (uint64_t)layout_rows((enum format)packed)) return -1;
    return packed;
}

static int choose(struct packing *p, unsigned isas) {
    for (size_t i = 0; i < p->summary->tensors; i++) {
        const struct gguf_tensor *t = gguf_tensor_at(p->in, i);
        if (t->format < 0)
            return engine_fail(ENOTSUP,
                               "%s: tensor '%s' at offset %llu: its format is not built yet",
                               gguf_path(p->in), t->name, (unsigned long long)t->offset);
        if (layout_plain((enum format)t->format) != (enum format)t->format)
            return engine_fail(EINVAL, "%s: tensor '%s' at offset %llu: is packed already (%s)",
                               gguf_path(p->in), t->name, (unsigned long long)t->offset,
                               format_info((enum format)t->format)->name);
        p->layouts[i] = layout_of_tensor(t, isas);
        p->summary->bytes += t->bytes;
        if (p->layouts[i] < 0) continue;
        p->summary->packed++;
        p->summary->packed_bytes += t->bytes;
    }
    if (p->summary->packed) return 0;
    return engine_fail(
        EINVAL,
        "%s: no matrix has a format and a number of rows for which there is a packed "
        "layout",
        gguf_path(p->in));
}

static void declare(struct packing *p) {
    for (size_t i = 0; i < gguf_value_count(p->in); i++) {
        const struct gguf_value *v = gguf_value_at(p->in, i);
        const bool alignment =
            v->key.bytes == 17 && memcmp(v->key.data, "general.alignment", 17) == 0;
        if (!alignment) gguf_write_copy(p->out, p->in, v); // the writer states its own
    }
    for (size_t i = 0; i < p->summary->tensors; i++) {
        char key[sizeof GGUF_LAYOUT_PREFIX + 256];
        if (p->layouts[i] < 0) continue;
        snprintf(key, sizeof key, GGUF_LAYOUT_PREFIX "%s", gguf_tensor_at(p->in, i)->name);
        gguf_write_text(p->out, key, format_info((enum format)p->layouts[i])->name);
    }
    for (size_t i = 0; i < p->summary->tensors; i++) {
        const struct gguf_tensor *t = gguf_tensor_at(p->in, i);
        const uint64_t packed_dims[2] = {t->bytes / t->dims[1], t->dims[1]};
        if (p->layouts[i] < 0)
            gguf_write_tensor(p->out, t->name, t->gguf_type, t->dim_count, t->dims, t->bytes);
        else
            gguf_write_tensor(p->out, t->name, TYPE_I8, 2, packed_dims, t->bytes);
    }
}

static void advance(struct packing *p, uint64_t bytes) {
    p->done_bytes += bytes;
    if (p->progress) p->progress((double)p->done_bytes / (double)p->summary->bytes);
}

// Chunk by chunk of rows through `buffer`, which holds CHUNK_BYTES or one group of rows.
static int write_packed(struct packing *p, size_t i, void *buffer) {
    const struct gguf_tensor *t = gguf_tensor_at(p->in, i);
    const enum format packed = (enum format)p->layouts[i];
    const ptrdiff_t cols = (ptrdiff_t)t->dims[0], rows = (ptrdiff_t)t->dims[1];
    const ptrdiff_t row_bytes = (ptrdiff_t)format_row_bytes(packed, cols);
    const ptrdiff_t together = layout_rows(packed), group_bytes = together * row_bytes;
    ptrdiff_t step = (ptrdiff_t)CHUNK_BYTES / group_bytes * together;
    if (step < together) step = together;
    int rc = 0;
    for (ptrdiff_t r = 0; r < rows && !rc; r += step) {
        const ptrdiff_t n = rows - r < step ? rows - r : step;
        layout_pack(packed, buffer, (const char *)t->data + r * row_bytes, n, cols);
        rc = gguf_write_data(p->out, i, (uint64_t)(r * row_bytes), buffer, (size_t)(n * row_bytes));
        advance(p, (uint64_t)(n * row_bytes));
    }
    return rc;
}

static int write_tensors(struct packing *p) {
    size_t buffer_bytes = CHUNK_BYTES;
    for (size_t i = 0; i < p->summary->tensors; i++) {
        const struct gguf_tensor *t = gguf_tensor_at(p->in, i);
        const size_t rows = p->layouts[i] < 0 ? 0 : (size_t)layout_rows((enum format)p->layouts[i]);
        const size_t group_bytes = rows * (size_t)(t->bytes / t->dims[1]);
        if (group_bytes > buffer_bytes) buffer_bytes = group_bytes;
    }
    void *buffer = malloc(buffer_bytes);
    if (!buffer) return engine_fail(ENOMEM, "%s: no memory to pack it", gguf_path(p->in));
    int rc = gguf_write_head(p->out);
    for (size_t i = 0; i < p->summary->tensors && !rc; i++) {
        const struct gguf_tensor *t = gguf_tensor_at(p->in, i);
        if (p->layouts[i] >= 0) {
            rc = write_packed(p, i, buffer);
        } else {
            rc = gguf_write_data(p->out, i, 0, t->data, (size_t)t->bytes);
            advance(p, t->bytes);
        }
    }
    free(buffer);
    return rc;
}

int pack_write(const char *in, const char *out, unsigned isas, struct pack_summary *summary,
               void (*progress)(double done)) {
    struct gguf *g = NULL;
    *summary = (struct pack_summary){0};
    int rc = gguf_open(&g, in);
    if (rc) return rc;
    struct packing p = {.in = g, .summary = summary, .progress = progress};
    summary->tensors = gguf_tensor_count(g);
    p.layouts = calloc(summary->tensors + 1, sizeof *p.layouts);
    if (!p.layouts) rc = engine_fail(ENOMEM, "%s: no memory to pack it", in);
    if (!rc) rc = choose(&p, isas);
    if (!rc) rc = gguf_write_open(&p.out, out, ALIGNMENT);
    if (!rc) {
        declare(&p);
        const int failed = write_tensors(&p);
        rc = gguf_write_close(p.out, !failed);
        if (failed) rc = failed;
    }
    free(p.layouts);
    gguf_close(g);
    return rc;
}
