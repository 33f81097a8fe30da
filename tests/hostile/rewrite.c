// SPDX-License-Identifier: MIT
// A GGUF file written again with edits.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/error.h"
#include "engine/gguf_write.h"
#include "tests/hostile/hostile.h"

#define EDITS_MAX 8

struct edit {
    char *name, *value; // name: of a key or tensor
    char kind;          // '=', '[', '@', '/'
    unsigned long at;   // element, or offset
    bool used;
};

struct rewrite {
    struct gguf *from;
    struct gguf_writer *w;
    struct edit edits[EDITS_MAX];
    size_t edit_count;
};

__attribute__((format(printf, 1, 2))) static int wrong(const char *format, ...) {
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return 1;
}

static int parse(struct rewrite *r, char *text) {
    for (char *one; (one = strsep(&text, ";")) != NULL && *one;) {
        if (r->edit_count == EDITS_MAX) return wrong("more than %d edits", EDITS_MAX);
        struct edit *e = &r->edits[r->edit_count++];
        e->name = one;
        char *sign = one + strcspn(one, "=[@/");
        e->kind = *sign;
        if (!e->kind) return wrong("'%s' is no edit", one);
        *sign++ = '\0';
        e->value = sign;
        if (e->kind == '[' || e->kind == '@') {
            e->at = strtoul(sign, &e->value, 10);
            e->value = strchr(e->value, '=');
            if (!e->value++) return wrong("'%s': no '='", e->name);
        }
    }
    return 0;
}

static struct edit *find(struct rewrite *r, const char *name, size_t bytes, const char *kinds) {
    for (size_t i = 0; i < r->edit_count; i++)
        if (strchr(kinds, r->edits[i].kind) && strlen(r->edits[i].name) == bytes &&
            memcmp(r->edits[i].name, name, bytes) == 0)
            return &r->edits[i];
    return NULL;
}

// One number as the file holds it.
static void encode(enum gguf_type type, const char *text, unsigned char raw[8]) {
    const float f32 = strtof(text, NULL);
    const double f64 = strtod(text, NULL);
    const uint64_t integer =
        *text == '-' ? (uint64_t)strtoll(text, NULL, 0) : strtoull(text, NULL, 0);
    memcpy(raw, &integer, 8); // the low bytes, of whatever width
    if (type == GGUF_F32) memcpy(raw, &f32, sizeof f32);
    if (type == GGUF_F64) memcpy(raw, &f64, sizeof f64);
}

static int type_of(const char *text, size_t bytes) {
    for (int t = 0; t < GGUF_TYPE_COUNT; t++) {
        const char *name = gguf_type_name((enum gguf_type)t);
        if (strlen(name) == bytes && memcmp(name, text, bytes) == 0) return t;
    }
    return -1;
}

// TYPE:VALUE or TYPE[N]:VALUE.
static int put_value(struct rewrite *r, const struct edit *e) {
    const int type = type_of(e->value, strcspn(e->value, ":["));
    const char *bracket = strchr(e->value, '['), *text = strchr(e->value, ':');
    const bool array = bracket && text && bracket < text;
    unsigned char raw[8];
    if (type < 0 || !text++) return wrong("'%s' is no TYPE:VALUE", e->value);
    const size_t count = array ? strtoul(bracket + 1, NULL, 10) : 1,
                 bytes = gguf_type_bytes((enum gguf_type)type);
    if (type == GGUF_STRING) {
        const struct gguf_string one = {text, strlen(text)};
        struct gguf_string *all = calloc(count + 1, sizeof *all);
        for (size_t i = 0; all && i < count; i++) all[i] = one;
        if (all && array) gguf_write_strings(r->w, e->name, all, count);
        if (!array) gguf_write_text(r->w, e->name, text);
        free(all);
        return all == NULL;
    }
    unsigned char *all = malloc(count * bytes + 1);
    if (!all) return wrong("no memory");
    encode((enum gguf_type)type, text, raw);
    for (size_t i = 0; i < count; i++) memcpy(all + i * bytes, raw, bytes);
    const struct gguf_value v = {.key = {e->name, strlen(e->name)},
                                 .type = array ? GGUF_ARRAY : (enum gguf_type)type,
                                 .element_type = (enum gguf_type)type,
                                 .count = count,
                                 .data = all};
    gguf_write_copy(r->w, r->from, &v);
    free(all);
    return 0;
}

// KEY[N]=VALUE
static int put_element(struct rewrite *r, const struct edit *e, const struct gguf_value *v) {
    if (v->type != GGUF_ARRAY || e->at >= v->count) return wrong("no %s[%lu]", e->name, e->at);
    const size_t bytes = gguf_type_bytes(v->element_type);
    if (v->element_type == GGUF_STRING) {
        struct gguf_string *all = calloc(v->count, sizeof *all);
        if (!all) return wrong("no memory");
        for (uint64_t i = 0; i < v->count; i++) all[i] = gguf_array_string(r->from, v, i);
        all[e->at] = (struct gguf_string){e->value, strlen(e->value)};
        gguf_write_strings(r->w, e->name, all, v->count);
        free(all);
        return 0;
    }
    unsigned char raw[8], *all = malloc(v->count * bytes);
    if (!all) return wrong("no memory");
    memcpy(all, v->data, v->count * bytes);
    encode(v->element_type, e->value, raw);
    memcpy(all + e->at * bytes, raw, bytes);
    gguf_write_array(r->w, e->name, v->element_type, all, v->count);
    free(all);
    return 0;
}

static int put_values(struct rewrite *r) {
    int rc = 0;
    for (size_t i = 0; i < gguf_value_count(r->from) && !rc; i++) {
        const struct gguf_value *v = gguf_value_at(r->from, i);
        if (v->key.bytes == 17 && memcmp(v->key.data, "general.alignment", 17) == 0)
            continue; // the writer's own
        struct edit *e = find(r, v->key.data, v->key.bytes, "=[");
        if (e) e->used = true;
        if (!e)
            gguf_write_copy(r->w, r->from, v);
        else if (e->kind == '[')
            rc = put_element(r, e, v);
        else if (*e->value)
            rc = put_value(r, e);
    }
    for (size_t i = 0; i < r->edit_count && !rc; i++) {
        struct edit *e = &r->edits[i];
        if (e->used || e->kind != '=' || !*e->value) continue;
        rc = put_value(r, e);
        e->used = true;
    }
    return rc;
}

struct written { // a tensor of the new file
    const struct gguf_tensor *t;
    uint64_t bytes;
};

static void put_tensor(struct rewrite *r, const struct gguf_tensor *t, struct written *out) {
    uint64_t dims[4], bytes = t->bytes;
    int dim_count = t->dim_count;
    memcpy(dims, t->dims, sizeof dims);
    struct edit *e = find(r, t->name, strlen(t->name), "/");
    *out = (struct written){0};
    if (e) e->used = true;
    if (e && !*e->value) return;
    if (e) {
        dims[0] = strtoull(e->value, &e->value, 10);
        dims[1] = *e->value == 'x' ? strtoull(e->value + 1, NULL, 10) : 1;
        dim_count = *e->value == 'x' ? 2 : 1;
        bytes = dims[1] * format_row_bytes((enum format)t->format, (ptrdiff_t)dims[0]);
    }
    gguf_write_tensor(r->w, t->name, t->gguf_type, dim_count, dims, bytes);
    *out = (struct written){t, bytes};
}

static int put_data(struct rewrite *r, size_t number, const struct written *one) {
    unsigned char *data = malloc(one->bytes + 1);
    int rc = data ? 0 : wrong("no memory");
    for (uint64_t at = 0; at < one->bytes && !rc;) {
        uint64_t n = one->bytes - at < one->t->bytes ? one->bytes - at : one->t->bytes;
        memcpy(data + at, one->t->data, n);
        at += n;
    }
    for (size_t i = 0; i < r->edit_count && !rc; i++) {
        struct edit *e = &r->edits[i];
        if (e->kind != '@' || strcmp(e->name, one->t->name) != 0) continue;
        e->used = true;
        for (size_t k = 0; e->value[2 * k] && !rc; k++) {
            unsigned byte;
            if (e->at + k >= one->bytes || sscanf(e->value + 2 * k, "%2x", &byte) != 1)
                rc = wrong("%s@%lu=%s does not fit", e->name, e->at, e->value);
            else
                data[e->at + k] = (unsigned char)byte;
        }
    }
    if (!rc) rc = gguf_write_data(r->w, number, 0, data, one->bytes) != 0;
    free(data);
    return rc;
}

int hostile_rewrite(const char *to, const char *from, const char *edits) {
    struct rewrite r = {0};
    char *text = strdup(edits);
    struct written *all = NULL;
    int rc = 1;
    if (!text || gguf_open(&r.from, from) || gguf_write_open(&r.w, to, 32)) {
        wrong("%s", engine_error());
        goto out;
    }
    const size_t count = gguf_tensor_count(r.from);
    size_t kept = 0;
    all = calloc(count + 1, sizeof *all);
    rc = all ? parse(&r, text) : wrong("no memory");
    if (!rc) rc = put_values(&r);
    for (size_t i = 0; i < count && !rc; i++) {
        put_tensor(&r, gguf_tensor_at(r.from, i), &all[kept]);
        kept += all[kept].t != NULL;
    }
    if (!rc) rc = gguf_write_head(r.w) != 0;
    for (size_t i = 0; i < kept && !rc; i++) rc = put_data(&r, i, &all[i]);
    for (size_t i = 0; i < r.edit_count && !rc; i++)
        if (!r.edits[i].used) rc = wrong("%s: nothing to edit", r.edits[i].name);
    if (gguf_write_close(r.w, rc == 0) && !rc) rc = wrong("%s", engine_error());
out:
    gguf_close(r.from);
    free(all);
    free(text);
    return rc;
}
