// SPDX-License-Identifier: MIT
#include "engine/error.h"

#include <stdarg.h>
#include <stdio.h>

static _Thread_local char message[1024];

int engine_fail(int errno_value, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    // Files put names and texts into messages: they stay one line, and move no cursor.
    for (char *c = message; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = '?';
    return -errno_value;
}

const char *engine_error(void) {
    return message;
}
