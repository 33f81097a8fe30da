// SPDX-License-Identifier: MIT
#include "analysis/literal.h"

enum { REPLACEMENT = 0xfffd };

// One code point, or -1 and one byte skipped. Overlong forms, surrogates and what lies beyond
// U+10FFFF are no UTF-8.
static int32_t decode(const unsigned char **at) {
    const unsigned char *p = *at;
    static const int32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    int length = p[0] < 0x80             ? 1
                 : (p[0] & 0xe0) == 0xc0 ? 2
                 : (p[0] & 0xf0) == 0xe0 ? 3
                 : (p[0] & 0xf8) == 0xf0 ? 4
                                         : 0;
    int32_t code = length < 2 ? p[0] : p[0] & (0x7f >> length);
    *at = p + 1;
    if (length == 0) return -1;
    for (int i = 1; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80) return -1;
        code = code << 6 | (p[i] & 0x3f);
    }
    if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return -1;
    *at = p + length;
    return code;
}

uint32_t literal_next(const char **text) {
    const unsigned char *p = (const unsigned char *)*text;
    if (*p == '\0') return 0;
    int32_t code = decode(&p);
    *text = (const char *)p;
    if (code < 0) return REPLACEMENT;
    if (code < 0x20 && code != '\t' && code != '\n') return 0x2400 + (uint32_t)code;
    if (code == 0x7f) return 0x2421;
    if (code >= 0x80 && code < 0xa0) return REPLACEMENT;
    if (code == 0x200e || code == 0x200f || code == 0x061c) return REPLACEMENT;
    if ((code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069))
        return REPLACEMENT;
    if ((code & 0xfffe) == 0xfffe || (code >= 0xfdd0 && code <= 0xfdef)) return REPLACEMENT;
    if (code >= 0xe000 && code <= 0xf8ff)
        return REPLACEMENT; // private use: tables.c has marks there
    return (uint32_t)code;
}

void literal_put(FILE *f, uint32_t c) {
    if (c < 0x80) {
        fputc((int)c, f);
        return;
    }
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const unsigned first[4] = {0, 0xc0, 0xe0, 0xf0};
    fputc((int)(first[more] | c >> (6 * more)), f);
    while (more-- > 0) fputc((int)(0x80 | (c >> (6 * more) & 0x3f)), f);
}
