// SPDX-License-Identifier: MIT
#include "engine/gguf_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/error.h"

struct declared {
    uint64_t offset, bytes; // within the data
};
struct buffer {
    unsigned char *data;
    size_t bytes, capacity;
};
struct gguf_writer {
    char *path, *temporary;
    int fd;
    bool nameless; // the temporary has no name yet
    uint64_t alignment, value_count, data_offset, data_bytes;
    struct buffer values, infos;
    struct declared *tensors;
    size_t tensor_count, tensor_capacity;
    _Atomic int failed; // 0 or the negative errno of the first failure
    char message[512];  // its text; written by whoever set `failed`
};

static int fail(struct gguf_writer *w, int errno_value, const char *what) {
    int none = 0;
    if (atomic_compare_exchange_strong(&w->failed, &none, -errno_value))
        snprintf(w->message, sizeof w->message, "%s: %s: %s", w->path, what,
                 errno_value == ENOSPC ? "the disk is full" : strerror(errno_value));
    return engine_fail(errno_value, "%s: %s: %s", w->path, what,
                       errno_value == ENOSPC ? "the disk is full" : strerror(errno_value));
}

static void put(struct gguf_writer *w, struct buffer *b, const void *data, size_t bytes) {
    if (w->failed || bytes == 0) return;
    if (b->capacity - b->bytes < bytes) {
        size_t wanted = b->capacity ? b->capacity * 2 : 65536;
        while (wanted - b->bytes < bytes) wanted *= 2;
        unsigned char *grown = realloc(b->data, wanted);
        if (!grown) {
            fail(w, ENOMEM, "no memory for its metadata");
            return;
        }
        b->data = grown;
        b->capacity = wanted;
    }
    memcpy(b->data + b->bytes, data, bytes);
    b->bytes += bytes;
}

static void put_u32(struct gguf_writer *w, struct buffer *b, uint32_t value) {
    put(w, b, &value, sizeof value);
}
static void put_u64(struct gguf_writer *w, struct buffer *b, uint64_t value) {
    put(w, b, &value, sizeof value);
}
static void put_string(struct gguf_writer *w, struct buffer *b, struct gguf_string s) {
    put_u64(w, b, s.bytes);
    put(w, b, s.data, s.bytes);
}
static void put_text(struct gguf_writer *w, struct buffer *b, const char *text) {
    put_string(w, b, (struct gguf_string){text, strlen(text)});
}

// A file without a name where the file system has such: then even a killed process leaves nothing.
static int open_temporary(struct gguf_writer *w) {
    const char *slash = strrchr(w->path, '/');
    char *directory = slash ? strndup(w->path, (size_t)(slash - w->path) + 1) : strdup(".");
    int fd = -1;
    if (directory) fd = open(directory, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    free(directory);
    w->nameless = fd >= 0;
    if (fd < 0) fd = open(w->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return fd;
}

// Gives the complete file its name; an older file of this name is replaced at once.
static void publish(struct gguf_writer *w) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", w->fd);
    if (w->nameless && linkat(AT_FDCWD, link, AT_FDCWD, w->temporary, AT_SYMLINK_FOLLOW) != 0)
        fail(w, errno, "cannot give it a name");
    else if (rename(w->temporary, w->path) != 0)
        fail(w, errno, "cannot rename to it");
    else
        return;
    unlink(w->temporary);
}

int gguf_write_open(struct gguf_writer **out, const char *path, uint32_t alignment) {
    *out = NULL;
    struct gguf_writer *w = calloc(1, sizeof *w);
    if (!w) return engine_fail(ENOMEM, "%s: no memory to write it", path);
    w->fd = -1;
    w->alignment = alignment;
    w->path = strdup(path);
    if (!w->path || asprintf(&w->temporary, "%s.%ld.tmp", path, (long)getpid()) < 0) {
        w->temporary = NULL;
        gguf_write_close(w, false);
        return engine_fail(ENOMEM, "%s: no memory to write it", path);
    }
    w->fd = open_temporary(w);
    if (w->fd < 0) {
        const int why = errno;
        gguf_write_close(w, false);
        return engine_fail(why, "%s: cannot create a temporary beside it: %s", path, strerror(why));
    }
    if (alignment != 32) gguf_write_u32(w, "general.alignment", alignment);
    *out = w;
    return 0;
}

static void put_key(struct gguf_writer *w, const char *key, enum gguf_type type) {
    put_text(w, &w->values, key);
    put_u32(w, &w->values, (uint32_t)type);
    w->value_count++;
}

void gguf_write_u32(struct gguf_writer *w, const char *key, uint32_t value) {
    put_key(w, key, GGUF_U32);
    put_u32(w, &w->values, value);
}
void gguf_write_u64(struct gguf_writer *w, const char *key, uint64_t value) {
    put_key(w, key, GGUF_U64);
    put_u64(w, &w->values, value);
}
void gguf_write_f32(struct gguf_writer *w, const char *key, float value) {
    put_key(w, key, GGUF_F32);
    put(w, &w->values, &value, sizeof value);
}
void gguf_write_bool(struct gguf_writer *w, const char *key, bool value) {
    const unsigned char byte = value;
    put_key(w, key, GGUF_BOOL);
    put(w, &w->values, &byte, 1);
}
void gguf_write_text(struct gguf_writer *w, const char *key, const char *value) {
    put_key(w, key, GGUF_STRING);
    put_text(w, &w->values, value);
}
void gguf_write_array(struct gguf_writer *w, const char *key, enum gguf_type element_type,
                      const void *elements, uint64_t count) {
    put_key(w, key, GGUF_ARRAY);
    put_u32(w, &w->values, (uint32_t)element_type);
    put_u64(w, &w->values, count);
    put(w, &w->values, elements, (size_t)count * gguf_type_bytes(element_type));
}
void gguf_write_strings(struct gguf_writer *w, const char *key, const struct gguf_string *strings,
                        uint64_t count) {
    put_key(w, key, GGUF_ARRAY);
    put_u32(w, &w->values, GGUF_STRING);
    put_u64(w, &w->values, count);
    for (uint64_t i = 0; i < count; i++) put_string(w, &w->values, strings[i]);
}

void gguf_write_copy(struct gguf_writer *w, const struct gguf *from,
                     const struct gguf_value *value) {
    put_string(w, &w->values, value->key);
    put_u32(w, &w->values, (uint32_t)value->type);
    w->value_count++;
    if (value->type == GGUF_ARRAY) {
        put_u32(w, &w->values, (uint32_t)value->element_type);
        put_u64(w, &w->values, value->count);
    }
    if (value->type == GGUF_STRING) {
        uint64_t bytes; // of the text, in front of it
        memcpy(&bytes, value->data, sizeof bytes);
        put(w, &w->values, value->data, sizeof bytes + (size_t)bytes);
    } else if (value->element_type != GGUF_STRING) {
        put(w, &w->values, value->data,
            (size_t)value->count * gguf_type_bytes(value->element_type));
    } else {
        for (uint64_t i = 0; i < value->count; i++)
            put_string(w, &w->values, gguf_array_string(from, value, i));
    }
}

static uint64_t aligned(const struct gguf_writer *w, uint64_t bytes) {
    return (bytes + w->alignment - 1) / w->alignment * w->alignment;
}

size_t gguf_write_tensor(struct gguf_writer *w, const char *name, uint32_t gguf_type, int dim_count,
                         const uint64_t *dims, uint64_t bytes) {
    if (w->tensor_count == w->tensor_capacity) {
        const size_t wanted = w->tensor_capacity ? w->tensor_capacity * 2 : 64;
        struct declared *grown = reallocarray(w->tensors, wanted, sizeof *grown);
        if (!grown) {
            fail(w, ENOMEM, "no memory for its tensor table");
            return 0;
        }
        w->tensors = grown;
        w->tensor_capacity = wanted;
    }
    w->tensors[w->tensor_count] = (struct declared){w->data_bytes, bytes};
    put_text(w, &w->infos, name);
    put_u32(w, &w->infos, (uint32_t)dim_count);
    for (int d = 0; d < dim_count; d++) put_u64(w, &w->infos, dims[d]);
    put_u32(w, &w->infos, gguf_type);
    put_u64(w, &w->infos, w->data_bytes);
    w->data_bytes += aligned(w, bytes);
    return w->tensor_count++;
}

static int write_at(struct gguf_writer *w, const void *data, size_t bytes, uint64_t at) {
    for (const char *p = data; bytes;) {
        const ssize_t n = pwrite(w->fd, p, bytes, (off_t)at);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return fail(w, n < 0 ? errno : ENOSPC, "cannot write");
        p += n;
        bytes -= (size_t)n;
        at += (uint64_t)n;
    }
    return 0;
}

int gguf_write_head(struct gguf_writer *w) {
    struct buffer head = {0};
    put(w, &head, "GGUF", 4);
    put_u32(w, &head, 3);
    put_u64(w, &head, w->tensor_count);
    put_u64(w, &head, w->value_count);
    put(w, &head, w->values.data, w->values.bytes);
    put(w, &head, w->infos.data, w->infos.bytes);
    int rc = w->failed;
    w->data_offset = aligned(w, head.bytes);
    const off_t total = (off_t)(w->data_offset + w->data_bytes);
    // Not every file system can reserve; then a full disk shows while writing.
    if (!rc && total && fallocate(w->fd, 0, 0, total) != 0 &&
        (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
        rc = fail(w, errno, "cannot reserve the room for it");
    // Sets the length and leaves the gaps between tensors zero.
    if (!rc && ftruncate(w->fd, total) != 0) rc = fail(w, errno, "cannot set its length");
    if (!rc) rc = write_at(w, head.data, head.bytes, 0);
    free(head.data);
    return rc;
}

int gguf_write_data(struct gguf_writer *w, size_t tensor, uint64_t offset, const void *data,
                    size_t bytes) {
    if (w->failed) return w->failed;
    const struct declared *d = &w->tensors[tensor];
    if (offset > d->bytes || bytes > d->bytes - offset)
        return fail(w, EINVAL, "data beyond their tensor");
    return write_at(w, data, bytes, w->data_offset + d->offset + offset);
}

int gguf_write_close(struct gguf_writer *w, bool keep) {
    if (!w) return 0;
    if (keep && !w->failed && fsync(w->fd) != 0) fail(w, errno, "cannot flush it to the disk");
    if (keep && !w->failed) publish(w);
    const int rc = w->failed;
    if ((!keep || rc) && w->fd >= 0 && !w->nameless) unlink(w->temporary);
    if (w->fd >= 0) close(w->fd); // flushed above: nothing can fail here that matters
    if (rc) engine_fail(-rc, "%s", w->message);
    free(w->values.data);
    free(w->infos.data);
    free(w->tensors);
    free(w->temporary);
    free(w->path);
    free(w);
    return rc;
}
