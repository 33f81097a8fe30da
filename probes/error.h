// SPDX-License-Identifier: MIT
// One message a thread: what failed, naming the event, the file or the field, and what to do about
// it.
#pragma once

// Stores the message and returns -errno_value.
__attribute__((format(printf, 2, 3))) int probes_fail(int errno_value, const char *format, ...);
// The last message of this thread; "" if none.
const char *probes_error(void);
