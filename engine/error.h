// SPDX-License-Identifier: MIT
// One message a thread: what failed, naming the file, the tensor or field, the offset.
#pragma once

// Stores the message and returns -errno_value.
__attribute__((format(printf, 2, 3))) int engine_fail(int errno_value, const char *format, ...);
// The last message of this thread; "" if none.
const char *engine_error(void);
