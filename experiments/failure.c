// SPDX-License-Identifier: MIT
#include "experiments/failure.h"

#include <stdarg.h>
#include <stdio.h>

static _Thread_local char message[2048];

int fail(int exit_code, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    // Files and arguments put texts into messages: they stay one line, and move no cursor.
    for (char *c = message; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = '?';
    return exit_code;
}

const char *failure(void) {
    return message;
}
