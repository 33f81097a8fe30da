// SPDX-License-Identifier: MIT
// Whole characters out of bytes that come in pieces.
#pragma once
#include <stddef.h>
#include <stdio.h>

#define UTF8_REPLACEMENT "\xEF\xBF\xBD" // U+FFFD
// The bytes of the character at p: 1 to 4; 0 if none can begin there; -1 if it is cut off at the
// end.
int utf8_character(const unsigned char *p, size_t bytes);

struct utf8_stream { // zero it first
    unsigned char held[4];
    size_t held_bytes;
};
// Writes whole characters and keeps what is cut off; bytes that cannot be UTF-8 become U+FFFD.
void utf8_write(struct utf8_stream *s, const char *text, size_t bytes, FILE *out);
void utf8_end(struct utf8_stream *s, FILE *out); // what is still cut off becomes U+FFFD
