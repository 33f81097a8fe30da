// SPDX-License-Identifier: MIT
// The buffer of the yardstick pointer_chase: one random cycle through all 64-byte lines.
#pragma once
#include <stddef.h>
#include <stdint.h>

#define CHASE_LINE_BYTES 64

// Makes the first 8 bytes of each line the address of another, so that from any line bytes / 64
// steps visit every line once and end where they began. The order is Sattolo's shuffle by `seed`.
// buffer: 64-byte aligned, at least two lines, not moved afterwards; the rest of a line is left as
// it is.
void chase_fill(void *buffer, size_t bytes, uint64_t seed);
