// SPDX-License-Identifier: MIT
// The GGUF reader: what a good file says, and that every broken one of tests/gguf_broken.csv is
// refused with its message, without reading beyond the file and without allocating what the file
// claims.
//
// An edit is WIDTH@ANCHOR±OFFSET=VALUE: the anchor is the end of the first place where its text
// stands in the file (without text: the file's beginning); widths are u8 u32 u64 text.
// truncate@ANCHOR±OFFSET=N cuts the file N bytes behind that place (with a negative N and no
// anchor: that much off its end). Several edits are separated by `;`.
#include <errno.h>
#include <stdint.h>
#include <sys/resource.h>

#include "engine/gguf.h"
#include "engine/gguf_check.h"
#include "engine/gguf_describe.h"
#include "engine/gguf_write.h"
#include "tests/case.h"

struct bytes {
    unsigned char *data;
    size_t count;
};

static char good_path[PATH_MAX + 32], broken_path[PATH_MAX + 32];
static struct bytes good;

static void write_good(void) {
    struct gguf_writer *w;
    const int32_t i32s[3] = {-1, 0, 7};
    const struct gguf_string strings[3] = {{"one", 3}, {"", 0}, {"t\nhree", 6}};
    const uint64_t f32_dims[2] = {8, 3}, f16_dims[1] = {16}, q8_0_dims[2] = {64, 2},
                   q6_k_dims[2] = {256, 1};
    const uint64_t tail_dims[1] = {16};
    float f32[24], tail[16];
    unsigned char raw[256] = {0};
    for (int i = 0; i < 24; i++) f32[i] = (float)i / 4;
    for (int i = 0; i < 16; i++) tail[i] = (float)-i;
    if (gguf_write_open(&w, good_path, 64) != 0) exit(case_fail("%s", engine_error()));
    gguf_write_u32(w, "test.u32", 4000000000u);
    gguf_write_u64(w, "test.u64", UINT64_MAX);
    gguf_write_f32(w, "test.f32", 0.1f);
    gguf_write_bool(w, "test.yes", true);
    gguf_write_text(w, "test.text", "some text");
    gguf_write_array(w, "test.i32s", GGUF_I32, i32s, 3);
    gguf_write_strings(w, "test.strings", strings, 3);
    gguf_write_strings(w, "test.no.strings", strings, 0);
    const size_t a = gguf_write_tensor(w, "weight.f32", 0, 2, f32_dims, sizeof f32);
    const size_t b = gguf_write_tensor(w, "weight.f16", 1, 1, f16_dims, 32);
    const size_t c = gguf_write_tensor(w, "weight.q8_0", 8, 2, q8_0_dims, 4 * 34);
    const size_t d = gguf_write_tensor(w, "weight.q6_k", 14, 2, q6_k_dims, 210);
    const size_t e = gguf_write_tensor(w, "weight.tail", 0, 1, tail_dims, sizeof tail);
    int rc = gguf_write_head(w);
    if (!rc) rc = gguf_write_data(w, a, 0, f32, sizeof f32);
    if (!rc) rc = gguf_write_data(w, b, 0, raw, 32);
    if (!rc) rc = gguf_write_data(w, c, 0, raw, 4 * 34);
    if (!rc) rc = gguf_write_data(w, d, 0, raw, 210);
    if (!rc) rc = gguf_write_data(w, e, 0, tail, sizeof tail);
    rc = gguf_write_close(w, rc == 0);
    if (rc) exit(case_fail("%s", engine_error()));
    FILE *f = fopen(good_path, "rb");
    good.data = malloc(1 << 16);
    good.count = f && good.data ? fread(good.data, 1, 1 << 16, f) : 0;
    if (f) fclose(f);
}

static void write_bytes(const char *path, struct bytes b) {
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(b.data, 1, b.count, f) != b.count) exit(case_fail("cannot write %s", path));
    fclose(f);
}

static int edit(struct bytes *b, const char *text) {
    char width[16], anchor[64] = "";
    const char *at = strchr(text, '@'), *equals = strchr(text, '=');
    if (!at || !equals || (size_t)(at - text) >= sizeof width)
        return case_fail("bad edit '%s'", text);
    snprintf(width, sizeof width, "%.*s", (int)(at - text), text);
    const size_t anchor_bytes = strcspn(at + 1, "+-=");
    snprintf(anchor, sizeof anchor, "%.*s", (int)anchor_bytes, at + 1);
    const long offset = strtol(at + 1 + anchor_bytes, NULL, 10);
    size_t place = 0;
    if (*anchor) {
        const unsigned char *found = memmem(b->data, b->count, anchor, strlen(anchor));
        if (!found) return case_fail("'%s' is not in the file", anchor);
        place = (size_t)(found - b->data) + strlen(anchor);
    }
    place += (size_t)offset;
    if (strcmp(width, "truncate") == 0) {
        const long more = strtol(equals + 1, NULL, 10);
        b->count = more < 0 ? b->count - (size_t)-more : place + (size_t)more;
        return 0;
    }
    uint64_t value = strtoull(equals + 1, NULL, 10);
    const void *from = &value;
    size_t bytes = 8;
    if (strcmp(width, "u8") == 0) {
        bytes = 1;
    } else if (strcmp(width, "u32") == 0) {
        bytes = 4;
    } else if (strcmp(width, "text") == 0) {
        bytes = strlen(equals + 1);
        from = equals + 1;
    } else if (strcmp(width, "u64") != 0) {
        return case_fail("bad width '%s'", width);
    }
    if (place + bytes > b->count) return case_fail("'%s' is beyond the file", text);
    memcpy(b->data + place, from, bytes);
    return 0;
}

struct row {
    char *name, *edits, *message;
};

static int check_broken(const void *argument) {
    const struct row *row = argument;
    struct bytes b = {malloc(good.count), good.count};
    if (!b.data) return case_fail("no memory");
    memcpy(b.data, good.data, good.count);
    char *edits = strdup(row->edits), *rest = edits;
    int rc = edits ? 0 : 1;
    for (char *one; !rc && (one = strsep(&rest, ";")) != NULL;) rc = edit(&b, one);
    if (!rc) write_bytes(broken_path, b);
    free(edits);
    free(b.data);
    if (rc) return rc;
    struct gguf *g;
    rc = gguf_open(&g, broken_path);
    if (rc == 0) {
        gguf_close(g);
        return case_fail("was opened, expected '%s'", row->message);
    }
    if (g || rc != -EINVAL) return case_fail("returned %d and %p", rc, (void *)g);
    const char *message = engine_error();
    if (strncmp(message, broken_path, strlen(broken_path)) != 0 || strchr(message, '\n') ||
        !strstr(message, row->message))
        return case_fail("said '%s', expected the path and '%s'", message, row->message);
    return 0;
}

// No beginning of a good file opens, and none crashes.
static int check_every_truncation(const void *argument) {
    (void)argument;
    for (size_t n = 0; n < good.count; n++) {
        struct gguf *g;
        write_bytes(broken_path, (struct bytes){good.data, n});
        const int rc = gguf_open(&g, broken_path);
        if (rc == 0) gguf_close(g);
        if (rc == 0) return case_fail("the first %zu of %zu bytes open", n, good.count);
    }
    return 0;
}

// The same with the end of the file on the end of a page, behind which nothing is mapped: reading
// one byte too far faults. A string of `pad` bytes is put before the first key.
static int check_truncation_at_page(const void *argument) {
    (void)argument;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), header = 24;
    static const char key[] = "test.pad";
    const uint64_t key_bytes = sizeof key - 1;
    const uint32_t type = GGUF_STRING;
    unsigned char *file = calloc(1, page + good.count + 64);
    if (!file) return case_fail("no memory");
    int rc = 0;
    // The data move to the next multiple of the alignment, 64: up to that much less may do.
    const size_t least = good.count < page ? page - good.count + 64 : 0;
    for (uint64_t pad = least; pad < page - header - 28 && !rc; pad++) {
        unsigned char *p = file;
        p = (unsigned char *)mempcpy(p, good.data, header);
        file[16]++; // one key more
        p = (unsigned char *)mempcpy(p, &key_bytes, 8);
        p = (unsigned char *)mempcpy(p, key, key_bytes);
        p = (unsigned char *)mempcpy(p, &type, 4);
        p = (unsigned char *)mempcpy(p, &pad, 8);
        memset(p, 'x', pad);
        memcpy(p + pad, good.data + header, good.count - header);
        write_bytes(broken_path, (struct bytes){file, page});
        struct gguf *g;
        if (gguf_open(&g, broken_path) == 0) {
            gguf_close(g);
            rc = case_fail("opens with a pad of %llu bytes", (unsigned long long)pad);
        }
    }
    free(file);
    return rc;
}

// Every byte of the head set to 0, 0x7f and 0xff: opened or refused, and then all of it can be
// read.
static int check_every_byte(const void *argument) {
    (void)argument;
    static const unsigned char values[] = {0, 0x7f, 0xff};
    const unsigned char *last = memmem(good.data, good.count, "weight.tail", 11);
    const size_t head = (size_t)(last - good.data) + 11 + 24;
    char text[4096];
    for (size_t i = 0; i < head; i++) {
        for (size_t k = 0; k < sizeof values; k++) {
            const unsigned char was = good.data[i];
            struct gguf *g;
            good.data[i] = values[k];
            write_bytes(broken_path, good);
            good.data[i] = was;
            if (gguf_open(&g, broken_path) != 0) continue;
            for (size_t v = 0; v < gguf_value_count(g); v++)
                gguf_describe_value(g, gguf_value_at(g, v), text, sizeof text);
            unsigned sum = 0;
            for (size_t t = 0; t < gguf_tensor_count(g); t++) {
                const struct gguf_tensor *tensor = gguf_tensor_at(g, t);
                const unsigned char *p = tensor->data;
                for (uint64_t byte = 0; byte < tensor->bytes; byte++) sum += p[byte];
            }
            *text = (char)sum; // so that the reads are not optimized away
            gguf_close(g);
        }
    }
    return 0;
}

static bool described(const struct gguf *g, const char *key, const char *expected) {
    char text[256] = "";
    const struct gguf_value *v = gguf_value(g, key);
    if (v) gguf_describe_value(g, v, text, sizeof text);
    return strcmp(text, expected) == 0 ||
           case_fail("%s is %s, expected %s", key, text, expected) == 0;
}

static int check_good(const void *version) {
    struct gguf *g;
    uint64_t u64;
    double f64;
    bool yes = false;
    struct gguf_string s;
    struct bytes b = {malloc(good.count), good.count};
    if (!b.data) return case_fail("no memory");
    memcpy(b.data, good.data, good.count);
    memcpy(b.data + 4, version, 4);
    write_bytes(broken_path, b);
    free(b.data);
    EXPECT(gguf_open(&g, broken_path) == 0);
    EXPECT(gguf_version(g) == *(const uint32_t *)version && gguf_value_count(g) == 9);
    EXPECT(gguf_u64(g, "test.u32", &u64) == 0 && u64 == 4000000000u);
    EXPECT(gguf_u64(g, "test.u64", &u64) == 0 && u64 == UINT64_MAX);
    EXPECT(gguf_f64(g, "test.f32", &f64) == 0 && f64 == (double)0.1f);
    EXPECT(gguf_f64(g, "test.u32", &f64) == 0 && f64 == 4e9);
    EXPECT(gguf_bool(g, "test.yes", &yes) == 0 && yes);
    EXPECT(gguf_text(g, "test.text", &s) == 0 && s.bytes == 9 &&
           memcmp(s.data, "some text", 9) == 0);
    EXPECT(gguf_u64(g, "test.absent", &u64) == -ENOENT && gguf_value(g, "test") == NULL);
    EXPECT(gguf_u64(g, "test.text", &u64) == -EINVAL &&
           strstr(engine_error(), "is string, not an integer"));
    EXPECT(gguf_bool(g, "test.u32", &yes) == -EINVAL && gguf_text(g, "test.i32s", &s) == -EINVAL);
    EXPECT(strstr(engine_error(), "is an array of i32, not a string"));
    EXPECT(described(g, "test.u32", "4000000000") &&
           described(g, "test.u64", "18446744073709551615"));
    EXPECT(described(g, "test.f32", "0.1") && described(g, "test.yes", "true"));
    EXPECT(described(g, "test.text", "\"some text\"") && described(g, "test.i32s", "[-1, 0, 7]"));
    EXPECT(described(g, "test.strings", "[\"one\", \"\", \"t\\x0ahree\"]"));
    EXPECT(described(g, "test.no.strings", "[]"));
    const struct gguf_tensor *t = gguf_tensor(g, "weight.f32");
    char shape[64], format[16];
    EXPECT(t && t->format == FORMAT_f32 && t->dims[0] == 8 && t->dims[1] == 3 && t->dims[2] == 1);
    EXPECT(t->bytes == 96 && t->offset % 64 == 0 && ((const float *)t->data)[23] == 23.0f / 4);
    gguf_describe_shape(t, shape, sizeof shape);
    EXPECT(strcmp(shape, "3x8") == 0);
    t = gguf_tensor(g, "weight.tail");
    EXPECT(t && ((const float *)t->data)[15] == -15.0f && gguf_tensor(g, "weight") == NULL);
    t = gguf_tensor(g, "weight.q8_0");
    EXPECT(t && t->format == FORMAT_q8_0 && t->bytes == 136 && gguf_tensor_count(g) == 5);
    t = gguf_tensor(g, "weight.q6_k");
    EXPECT(t && t->format == -1 && t->bytes == 0 &&
           strcmp(gguf_describe_format(t, format), "q6_k") == 0);
    // What cannot be read is not called clean.
    EXPECT(gguf_check_weights(g, &u64) == -ENOTSUP);
    EXPECT(strstr(engine_error(), "tensor 'weight.q6_k' at offset ") &&
           strstr(engine_error(), "format q6_k: not built yet, so its values were not read"));
    gguf_close(g);
    return 0;
}

// All types of scalars and arrays, through a file whose values were copied from another.
static int check_types(const void *argument) {
    (void)argument;
    static const struct {
        enum gguf_type type;
        unsigned char raw[8];
        double expected;
    } rows[] = {
        {GGUF_U8, {200}, 200},
        {GGUF_I8, {0x80}, -128},
        {GGUF_U16, {0x34, 0x12}, 4660},
        {GGUF_I16, {0xff, 0xff}, -1},
        {GGUF_U32, {0, 0, 0, 0x80}, 2147483648.0},
        {GGUF_I32, {0, 0, 0, 0x80}, -2147483648.0},
        {GGUF_F32, {0, 0, 0xc0, 0x3f}, 1.5},
        {GGUF_BOOL, {1}, 1},
        {GGUF_U64, {0, 0, 0, 0, 1}, 4294967296.0},
        {GGUF_I64, {0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, -2},
        {GGUF_F64, {0, 0, 0, 0, 0, 0, 0x04, 0xc0}, -2.5},
    };
    struct gguf_writer *w;
    struct gguf *g, *copy;
    EXPECT(gguf_write_open(&w, broken_path, 32) == 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        gguf_write_array(w, gguf_type_name(rows[i].type), rows[i].type, rows[i].raw, 1);
    gguf_write_text(w, "text", "some text");
    EXPECT(gguf_write_head(w) == 0 && gguf_write_close(w, true) == 0);
    EXPECT(gguf_open(&g, broken_path) == 0);
    EXPECT(gguf_write_open(&w, good_path, 32) == 0);
    for (size_t i = 0; i < gguf_value_count(g); i++) gguf_write_copy(w, g, gguf_value_at(g, i));
    for (size_t i = 0; i < gguf_value_count(g); i++) { // the same as scalars
        char key[16];
        struct gguf_value scalar = *gguf_value_at(g, i);
        if (scalar.type != GGUF_ARRAY) continue;
        snprintf(key, sizeof key, "one.%s", gguf_type_name(scalar.element_type));
        scalar.key = (struct gguf_string){key, strlen(key)};
        scalar.type = scalar.element_type;
        gguf_write_copy(w, g, &scalar);
    }
    EXPECT(gguf_write_head(w) == 0 && gguf_write_close(w, true) == 0);
    gguf_close(g);
    EXPECT(gguf_open(&copy, good_path) == 0);
    EXPECT(described(copy, "text", "\"some text\""));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char key[16];
        double number;
        const struct gguf_value *v = gguf_value(copy, gguf_type_name(rows[i].type));
        EXPECT(v && v->type == GGUF_ARRAY && v->element_type == rows[i].type && v->count == 1);
        EXPECT(gguf_array_number(v, 0) == rows[i].expected);
        snprintf(key, sizeof key, "one.%s", gguf_type_name(rows[i].type));
        if (rows[i].type == GGUF_BOOL) continue;
        EXPECT(gguf_f64(copy, key, &number) == 0 && number == rows[i].expected);
    }
    uint64_t u64;
    EXPECT(gguf_u64(copy, "one.i8", &u64) == -EINVAL &&
           strstr(engine_error(), "must not be negative"));
    EXPECT(gguf_u64(copy, "one.u16", &u64) == 0 && u64 == 4660);
    gguf_close(copy);
    return 0;
}

static int check_no_file(const void *argument) {
    struct gguf *g;
    EXPECT(gguf_open(&g, "/nonexistent/model.gguf") == -ENOENT && !g);
    EXPECT(strstr(engine_error(), "/nonexistent/model.gguf: cannot open"));
    EXPECT(gguf_open(&g, case_directory) == -EINVAL &&
           strstr(engine_error(), "not a regular file"));
    return argument != NULL;
}

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

int main(int argc, char **argv) {
    static const uint32_t versions[] = {2, 3};
    struct test_case cases[128] = {
        {"good_v2", check_good, &versions[0]},
        {"good_v3", check_good, &versions[1]},
        {"types", check_types, NULL},
        {"no_file", check_no_file, NULL},
        {"every_truncation", check_every_truncation, NULL},
        {"every_byte", check_every_byte, NULL},
        {"truncation_at_page", check_truncation_at_page, NULL},
    };
    static struct row rows[128];
    size_t count = 7, row_count = 0;
    const char *directory = case_make_directory();
    snprintf(good_path, sizeof good_path, "%s/good.gguf", directory);
    snprintf(broken_path, sizeof broken_path, "%s/broken.gguf", directory);
#ifndef __SANITIZE_ADDRESS__ // a lying count that is allocated for fails here
    const struct rlimit limit = {256u << 20, 256u << 20};
    setrlimit(RLIMIT_AS, &limit);
#endif
    write_good();
    char *path = case_tree_path("tests/gguf_broken.csv"), *table = case_read_text(path),
         *rest = table;
    (void)strsep(&rest, "\n"); // the header
    for (char *line; (line = strsep(&rest, "\n")) != NULL && *line && count < 128;) {
        struct row *row = &rows[row_count++];
        row->name = strsep(&line, ",");
        row->edits = strsep(&line, ",");
        row->message = line; // the rest of the line, commas too
        if (!row->edits || !row->message) return case_fail("%s: bad row '%s'", path, row->name);
        cases[count++] = (struct test_case){row->name, check_broken, row};
    }
    const int rc = case_main(argc, argv, cases, count);
    free(path);
    free(table);
    free(good.data);
    return rc;
}
