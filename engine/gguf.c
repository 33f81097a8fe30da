// SPDX-License-Identifier: MIT
#include "engine/gguf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/error.h"
#include "engine/gguf_file.h"

#define HEADER_BYTES 24

// Names come from the file: at most 80 bytes of them are shown, and control bytes as \xNN, so that
// a message stays one line.
static void printable(char *out, size_t size, struct gguf_string s) {
    size_t n = 0;
    for (size_t i = 0; i < s.bytes && n + 5 < size; i++) {
        const unsigned char c = (unsigned char)s.data[i];
        if (i == 80) {
            n += (size_t)snprintf(out + n, size - n, "...");
            break;
        }
        if (c < 0x20 || c == 0x7f)
            n += (size_t)snprintf(out + n, size - n, "\\x%02x", c);
        else
            out[n++] = (char)c;
    }
    out[n < size ? n : size - 1] = '\0';
}

int gguf_refuse(const struct gguf *g, const char *what, struct gguf_string name, uint64_t offset,
                const char *format, ...) {
    char text[512], shown[128];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    printable(shown, sizeof shown, name);
    const char *quote = name.bytes ? "'" : "";
    return engine_fail(EINVAL, "%s: %s%s%s%s%s at offset %llu: %s", g->path, what,
                       name.bytes ? " " : "", quote, shown, quote, (unsigned long long)offset,
                       text);
}

int gguf_grow(const struct gguf *g, void **table, size_t *capacity, size_t count,
              size_t element_bytes) {
    if (count < *capacity) return 0;
    const size_t wanted = *capacity ? *capacity * 2 : 64;
    void *grown = reallocarray(*table, wanted, element_bytes);
    if (!grown) return engine_fail(ENOMEM, "%s: no memory for %zu table entries", g->path, wanted);
    *table = grown;
    *capacity = wanted;
    return 0;
}

static int compare(struct gguf_string a, struct gguf_string b) {
    const int order = memcmp(a.data, b.data, a.bytes < b.bytes ? a.bytes : b.bytes);
    return order ? order : (a.bytes > b.bytes) - (a.bytes < b.bytes);
}

size_t gguf_names_find(const struct gguf *g, const struct gguf_names *names, gguf_name_at *name_at,
                       struct gguf_string name) {
    size_t low = 0, high = names->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = compare(name_at(g, names->sorted[middle]), name);
        if (order == 0) return names->sorted[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return SIZE_MAX;
}

struct sorting {
    const struct gguf *g;
    gguf_name_at *name_at;
};

static int by_name(const void *a, const void *b, void *sorting) {
    const struct sorting *s = sorting;
    const uint32_t ia = *(const uint32_t *)a, ib = *(const uint32_t *)b;
    const int order = compare(s->name_at(s->g, ia), s->name_at(s->g, ib));
    return order ? order : (ia > ib) - (ia < ib);
}

int gguf_names_build(const struct gguf *g, struct gguf_names *names, gguf_name_at *name_at,
                     size_t count, size_t *twice) {
    struct sorting sorting = {g, name_at};
    names->sorted = malloc((count + 1) * sizeof *names->sorted);
    if (!names->sorted) return engine_fail(ENOMEM, "%s: no memory for %zu names", g->path, count);
    names->count = count;
    for (size_t i = 0; i < count; i++) names->sorted[i] = (uint32_t)i;
    qsort_r(names->sorted, count, sizeof *names->sorted, by_name, &sorting);
    size_t first = SIZE_MAX;
    for (size_t i = 1; i < count; i++) {
        const uint32_t a = names->sorted[i - 1], b = names->sorted[i];
        if (b < first && compare(name_at(g, a), name_at(g, b)) == 0) first = b;
    }
    if (first == SIZE_MAX) return 0;
    *twice = first;
    return -EEXIST;
}

static int read_header(struct gguf *g) {
    const struct gguf_string none = {"", 0};
    uint64_t tensor_count = 0, value_count = 0;
    if (g->file_bytes < HEADER_BYTES || memcmp(g->base, "GGUF", 4) != 0)
        return engine_fail(EINVAL,
                           "%s: not a GGUF file (%llu bytes, no 'GGUF' at offset 0 before a header "
                           "of %d)",
                           g->path, (unsigned long long)g->file_bytes, HEADER_BYTES);
    g->at = 4;
    gguf_take_u32(g, &g->version);
    gguf_take_u64(g, &tensor_count);
    gguf_take_u64(g, &value_count);
    if ((g->version & 0xffffu) == 0 && g->version != 0)
        return gguf_refuse(g, "version", none, 4,
                           "a big-endian file; this build reads little-endian ones");
    if (g->version != 2 && g->version != 3)
        return gguf_refuse(g, "version", none, 4, "%u; this build reads 2 and 3", g->version);
    int rc = gguf_metadata_parse(g, value_count);
    return rc ? rc : gguf_tensors_parse(g, tensor_count);
}

static int map_file(struct gguf *g) {
    struct stat st;
    const int fd = open(g->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return engine_fail(errno, "%s: cannot open: %s", g->path, strerror(errno));
    int rc = 0;
    if (fstat(fd, &st) != 0) {
        rc = engine_fail(errno, "%s: cannot stat: %s", g->path, strerror(errno));
    } else if (!S_ISREG(st.st_mode)) {
        rc = engine_fail(EINVAL, "%s: not a regular file", g->path);
    } else if (st.st_size == 0) {
        rc = engine_fail(EINVAL, "%s: not a GGUF file: it is empty", g->path);
    } else {
        g->file_bytes = (uint64_t)st.st_size;
        void *p = mmap(NULL, (size_t)g->file_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p == MAP_FAILED)
            rc = engine_fail(errno, "%s: cannot map %llu bytes: %s", g->path,
                             (unsigned long long)g->file_bytes, strerror(errno));
        else
            g->base = p;
    }
    close(fd);
    return rc;
}

int gguf_open(struct gguf **out, const char *path) {
    *out = NULL;
    struct gguf *g = calloc(1, sizeof *g);
    if (!g || !(g->path = strdup(path))) {
        free(g);
        return engine_fail(ENOMEM, "%s: no memory to open it", path);
    }
    int rc = map_file(g);
    if (!rc) rc = read_header(g);
    if (rc)
        gguf_close(g);
    else
        *out = g;
    return rc;
}

void gguf_close(struct gguf *g) {
    if (!g) return;
    if (g->base) munmap((void *)(uintptr_t)g->base, (size_t)g->file_bytes);
    for (size_t i = 0; g->string_offsets && i < g->value_count; i++) free(g->string_offsets[i]);
    for (size_t i = 0; i < g->tensor_count; i++) free(g->tensors[i].name);
    free(g->string_offsets);
    free(g->values);
    free(g->tensors);
    free(g->value_names.sorted);
    free(g->tensor_names.sorted);
    free(g->path);
    free(g);
}

const char *gguf_path(const struct gguf *g) {
    return g->path;
}
uint32_t gguf_version(const struct gguf *g) {
    return g->version;
}
uint64_t gguf_file_bytes(const struct gguf *g) {
    return g->file_bytes;
}
const void *gguf_mapping(const struct gguf *g) {
    return g->base;
}
uint64_t gguf_data_offset(const struct gguf *g) {
    return g->data_offset;
}
size_t gguf_value_count(const struct gguf *g) {
    return g->value_count;
}
const struct gguf_value *gguf_value_at(const struct gguf *g, size_t i) {
    return &g->values[i];
}
size_t gguf_tensor_count(const struct gguf *g) {
    return g->tensor_count;
}
const struct gguf_tensor *gguf_tensor_at(const struct gguf *g, size_t i) {
    return &g->tensors[i];
}

struct gguf_string gguf_value_name(const struct gguf *g, size_t i) {
    return g->values[i].key;
}
struct gguf_string gguf_tensor_name(const struct gguf *g, size_t i) {
    return (struct gguf_string){g->tensors[i].name, strlen(g->tensors[i].name)};
}

const struct gguf_value *gguf_value(const struct gguf *g, const char *key) {
    const struct gguf_string name = {key, strlen(key)};
    const size_t i = gguf_names_find(g, &g->value_names, gguf_value_name, name);
    return i == SIZE_MAX ? NULL : &g->values[i];
}

const struct gguf_tensor *gguf_tensor(const struct gguf *g, const char *name) {
    const struct gguf_string wanted = {name, strlen(name)};
    const size_t i = gguf_names_find(g, &g->tensor_names, gguf_tensor_name, wanted);
    return i == SIZE_MAX ? NULL : &g->tensors[i];
}
