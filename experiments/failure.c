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
    return exit_code;
}

const char *failure(void) {
    return message;
}
