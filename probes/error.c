// SPDX-License-Identifier: MIT
#include "probes/error.h"

#include <stdarg.h>
#include <stdio.h>

static _Thread_local char message[1024];

int probes_fail(int errno_value, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return -errno_value;
}

const char *probes_error(void) {
    return message;
}
