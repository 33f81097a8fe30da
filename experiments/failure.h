// SPDX-License-Identifier: MIT
// As engine/error.h, for experiments/ and analysis/: one message a thread, and a code for exit().
#pragma once

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_CANNOT = 77 };

// Stores the message and returns exit_code (one of the above, not 0).
__attribute__((format(printf, 2, 3))) int fail(int exit_code, const char *format, ...);
const char *failure(void);
