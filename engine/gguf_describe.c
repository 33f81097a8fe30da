// SPDX-License-Identifier: MIT
#include "engine/gguf_describe.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STRING_SHOWN_BYTES 120
#define ELEMENTS_SHOWN 6

// Names of tensor types by number, for files that hold more than this build computes with.
static const char *const type_names[] = {
    [0] = "f32",     [1] = "f16",      [2] = "q4_0",   [3] = "q4_1",    [6] = "q5_0",
    [7] = "q5_1",    [8] = "q8_0",     [9] = "q8_1",   [10] = "q2_k",   [11] = "q3_k",
    [12] = "q4_k",   [13] = "q5_k",    [14] = "q6_k",  [15] = "q8_k",   [16] = "iq2_xxs",
    [17] = "iq2_xs", [18] = "iq3_xxs", [19] = "iq1_s", [20] = "iq4_nl", [21] = "iq3_s",
    [22] = "iq2_s",  [23] = "iq4_xs",  [24] = "i8",    [25] = "i16",    [26] = "i32",
    [27] = "i64",    [28] = "f64",     [29] = "iq1_m", [30] = "bf16",   [34] = "tq1_0",
    [35] = "tq2_0",  [39] = "mxfp4",
};

struct text { // of limited room; what does not fit is left out
    char *out;
    size_t size, used;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *format, ...) {
    if (t->used + 1 >= t->size) return;
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(t->out + t->used, t->size - t->used, format, args);
    va_end(args);
    if (n > 0) t->used += (size_t)n;
    if (t->used >= t->size) t->used = t->size - 1;
}

// The fewest digits that read back to the same number of its type.
static void add_float(struct text *t, double value, int is_single) {
    char digits[40];
    for (int precision = 1; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        const double back = strtod(digits, NULL);
        if (is_single ? (float)back == (float)value : back == value) break;
    }
    add(t, "%s", digits);
}

static void add_string(struct text *t, struct gguf_string s) {
    size_t shown = s.bytes < STRING_SHOWN_BYTES ? s.bytes : STRING_SHOWN_BYTES;
    while (shown && shown < s.bytes && ((unsigned char)s.data[shown] & 0xc0) == 0x80)
        shown--; // whole characters
    add(t, "\"");
    for (size_t i = 0; i < shown; i++) {
        const unsigned char c = (unsigned char)s.data[i];
        if (c < 0x20 || c == 0x7f)
            add(t, "\\x%02x", c);
        else
            add(t, "%c", c);
    }
    add(t, shown < s.bytes ? "…\" (%zu bytes)" : "\"", s.bytes);
}

static void add_element(struct text *t, const struct gguf *g, const struct gguf_value *v,
                        uint64_t i) {
    const unsigned char *p = v->data + i * gguf_type_bytes(v->element_type);
    struct gguf_string s = {"", 0};
    int64_t integer;
    switch (v->element_type) {
    case GGUF_STRING:
        if (v->type == GGUF_ARRAY) {
            s = gguf_array_string(g, v, i);
        } else { // a length and the bytes, checked by gguf_open
            uint64_t bytes;
            memcpy(&bytes, v->data, sizeof bytes);
            s = (struct gguf_string){(const char *)v->data + 8, (size_t)bytes};
        }
        add_string(t, s);
        break;
    case GGUF_BOOL:
        add(t, "%s", *p ? "true" : "false");
        break;
    case GGUF_F32:
        add_float(t, gguf_array_number(v, i), 1);
        break;
    case GGUF_F64:
        add_float(t, gguf_array_number(v, i), 0);
        break;
    case GGUF_U64:
    case GGUF_I64:
        memcpy(&integer, p, sizeof integer);
        if (v->element_type == GGUF_I64)
            add(t, "%lld", (long long)integer);
        else
            add(t, "%llu", (unsigned long long)integer);
        break;
    default:
        add(t, "%.0f", gguf_array_number(v, i));
        break;
    }
}

void gguf_describe_value(const struct gguf *g, const struct gguf_value *v, char *out, size_t size) {
    struct text t = {out, size, 0};
    if (size == 0) return;
    *out = '\0';
    if (v->type != GGUF_ARRAY) {
        add_element(&t, g, v, 0);
        return;
    }
    add(&t, "[");
    for (uint64_t i = 0; i < v->count && i < ELEMENTS_SHOWN; i++) {
        if (i) add(&t, ", ");
        add_element(&t, g, v, i);
    }
    add(&t, v->count > ELEMENTS_SHOWN ? ", …]" : "]");
}

void gguf_describe_type(const struct gguf_value *v, char *out, size_t size) {
    if (v->type == GGUF_ARRAY)
        snprintf(out, size, "%s[%llu]", gguf_type_name(v->element_type),
                 (unsigned long long)v->count);
    else
        snprintf(out, size, "%s", gguf_type_name(v->type));
}

const char *gguf_describe_format(const struct gguf_tensor *t, char text[16]) {
    if (t->format >= 0) return format_info((enum format)t->format)->name; // also packed layouts
    if (t->gguf_type < sizeof type_names / sizeof *type_names && type_names[t->gguf_type])
        return type_names[t->gguf_type];
    snprintf(text, 16, "type %u", t->gguf_type);
    return text;
}

void gguf_describe_shape(const struct gguf_tensor *t, char *out, size_t size) {
    struct text s = {out, size, 0};
    if (size) *out = '\0';
    for (int d = t->dim_count > 1 ? t->dim_count - 1 : 0; d >= 0; d--)
        add(&s, "%llu%s", (unsigned long long)t->dims[d], d ? "x" : "");
}
