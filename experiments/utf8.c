// SPDX-License-Identifier: MIT
#include "experiments/utf8.h"

// Well-formed sequences only (Unicode, table 3-7): no overlong forms, no surrogates, at most
// U+10FFFF.
int utf8_character(const unsigned char *p, size_t bytes) {
    if (bytes == 0) return -1;
    const unsigned char first = p[0];
    if (first < 0x80) return 1;
    if (first < 0xC2 || first > 0xF4) return 0;
    const int length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    unsigned char low = 0x80, high = 0xBF; // of the second byte
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
    for (int i = 1; i < length; i++) {
        if ((size_t)i == bytes) return -1;
        if (p[i] < low || p[i] > high) return 0;
        low = 0x80, high = 0xBF;
    }
    return length;
}

void utf8_write(struct utf8_stream *s, const char *text, size_t bytes, FILE *out) {
    for (size_t i = 0; i < bytes; i++) {
        s->held[s->held_bytes++] = (unsigned char)text[i];
        const int length = utf8_character(s->held, s->held_bytes);
        if (length > 0) {
            fwrite(s->held, 1, s->held_bytes, out);
            s->held_bytes = 0;
        } else if (length == 0) {
            fputs(UTF8_REPLACEMENT, out);
            if (s->held_bytes > 1) i--; // the byte that broke it may begin another character
            s->held_bytes = 0;
        }
    }
}

void utf8_end(struct utf8_stream *s, FILE *out) {
    if (s->held_bytes) fputs(UTF8_REPLACEMENT, out);
    s->held_bytes = 0;
}
