// SPDX-License-Identifier: MIT
#include "engine/gguf_check.h"

#include <errno.h>
#include <string.h>

#include "engine/error.h"
#include "engine/gguf_describe.h"

// Units that are looked at together before it is asked whether one of them was bad.
#define STRETCH 4096

// Where the floats of a format lie: `together` of `bytes` every `stride` bytes, the first ones at
// byte `first` of the data. A float is finite unless all bits of its exponent are set.
struct floats {
    unsigned bytes, stride;
    uint32_t exponent, mantissa;
    uint64_t values;          // that each of them stands for
    unsigned first, together; // together > 1: of as many rows
};

static bool floats_of(enum format format, struct floats *f) {
    static const uint32_t f16_exponent = 0x7c00, f16_mantissa = 0x3ff;
    const struct format_info *info = format_info(format);
    *f = (struct floats){
        2, (unsigned)info->block_bytes, f16_exponent, f16_mantissa, (uint64_t)info->block_elems, 0,
        1};
    switch (format) {
    case FORMAT_f32:
        *f = (struct floats){4, 4, 0x7f800000, 0x7fffff, 1, 0, 1};
        return true;
    case FORMAT_bf16:
        *f = (struct floats){2, 2, 0x7f80, 0x7f, 1, 0, 1};
        return true;
    case FORMAT_f16:
    case FORMAT_q4_0: // blocks begin with their scale in f16, and all else in them is integers
    case FORMAT_q8_0:
        return true;
    case FORMAT_q4_0x16: // 16 rows' blocks together, their scales last
    case FORMAT_q8_0x16:
        f->stride *= (unsigned)layout_rows(format);
        f->together = (unsigned)layout_rows(format);
        f->first = f->stride - f->together * f->bytes;
        return true;
    case FORMAT_a8_32: // in memory only
    case FORMAT_i8:
    case FORMAT_panel_f32:
    case FORMAT_panel_bf16:
    case FORMAT_COUNT:
        break;
    }
    return false;
}

static uint32_t bits_at(const unsigned char *p, const struct floats *f) {
    uint32_t u32;
    uint16_t u16;
    if (f->bytes == 4) {
        memcpy(&u32, p, sizeof u32);
        return u32;
    }
    memcpy(&u16, p, sizeof u16);
    return u16;
}

static uint64_t offset_of(const struct floats *f, uint64_t i) {
    return f->first + i / f->together * f->stride + i % f->together * f->bytes;
}

// Index of the first one of `count` floats that is not finite, or count.
static uint64_t find_bad(const unsigned char *data, uint64_t count, const struct floats *f) {
    for (uint64_t from = 0; from < count; from += STRETCH) {
        const uint64_t to = count - from < STRETCH ? count : from + STRETCH;
        unsigned bad = 0;
        for (uint64_t i = from; i < to; i++)
            bad |= (bits_at(data + offset_of(f, i), f) & f->exponent) == f->exponent;
        for (uint64_t i = from; bad && i < to; i++)
            if ((bits_at(data + offset_of(f, i), f) & f->exponent) == f->exponent) return i;
    }
    return count;
}

static int refuse(const struct gguf *g, const struct gguf_tensor *t, uint64_t i,
                  const struct floats *f) {
    const uint64_t at = offset_of(f, i);
    const uint32_t bits = bits_at((const unsigned char *)t->data + at, f);
    const char *what = bits & f->mantissa                         ? "nan"
                       : bits & (f->exponent << 1 & ~f->exponent) ? "-inf"
                                                                  : "inf";
    const uint64_t blocks = t->dims[0] / f->values, n = i / f->together; // blocks a row; group's
    const uint64_t first =
        f->together == 1
            ? i * f->values
            : (n / blocks * f->together + i % f->together) * t->dims[0] + n % blocks * f->values;
    const unsigned long long offset = (unsigned long long)(t->offset + at);
    const unsigned long long row = (unsigned long long)(first / t->dims[0]);
    const unsigned long long column = (unsigned long long)(first % t->dims[0]);
    if (f->values == 1)
        return engine_fail(EINVAL,
                           "%s: tensor '%s' at offset %llu: value %llu (row %llu, column %llu) is "
                           "%s",
                           gguf_path(g), t->name, offset, (unsigned long long)first, row, column,
                           what);
    return engine_fail(
        EINVAL,
        "%s: tensor '%s' at offset %llu: the scale of values %llu to %llu (row %llu, "
        "from column %llu) is %s",
        gguf_path(g), t->name, offset, (unsigned long long)first,
        (unsigned long long)(first + f->values - 1), row, column, what);
}

int gguf_check_weights(const struct gguf *g, uint64_t *values) {
    const struct gguf_tensor *unread = NULL;
    *values = 0;
    for (size_t i = 0; i < gguf_tensor_count(g); i++) {
        const struct gguf_tensor *t = gguf_tensor_at(g, i);
        struct floats f;
        if (t->format < 0 || !floats_of((enum format)t->format, &f)) {
            if (!unread) unread = t;
            continue;
        }
        const uint64_t count = t->bytes / f.stride * f.together, bad = find_bad(t->data, count, &f);
        if (bad < count) return refuse(g, t, bad, &f);
        *values += count * f.values;
    }
    if (!unread) return 0;
    char format[16];
    return engine_fail(
        ENOTSUP,
        "%s: tensor '%s' at offset %llu: format %s: not built yet, so its values were "
        "not read (those that were are finite)",
        gguf_path(g), unread->name, (unsigned long long)unread->offset,
        gguf_describe_format(unread, format));
}
