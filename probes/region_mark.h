// SPDX-License-Identifier: MIT
// Marks that a simulator sees and hardware does not: architectural no-ops whose immediate carries a
// region's number and whether it begins or ends.
//   x86-64   nop dword ptr [rax + MAGIC | END | id], 7 bytes (compilers' nops have small offsets)
//   AArch64  movz xzr, #(END | id)
// What runs between the two marks is the region; marks themselves are not counted.
#pragma once
#include <stddef.h>
#include <stdint.h>

#define REGION_MARK_MAGIC 0x1fe70000u // of the x86-64 displacement's upper half
#define REGION_MARK_END 0x8000u
#define REGION_MARK_IDS 1024u // 0 … 1023; the stubs below are a table of so many
// Instructions that region_call adds to what it calls: the call.
#define REGION_CALL_INSTRUCTIONS 1u
// What the marks of a step add (region_begin, region_end): the return of the one, the call of the
// other and what computes its address. Measured by an empty region, not assumed (experiments/).

typedef void region_function(const void *a, const void *b);

// fn(a, b) between the marks of region 0.
void region_call(region_function *fn, const void *a, const void *b);
// Marks by number, for regions that C code opens and closes; id < REGION_MARK_IDS.
void region_begin(unsigned id);
void region_end(unsigned id);

// ---- for simulators
enum region_mark_kind { REGION_MARK_NONE, REGION_MARK_BEGIN, REGION_MARK_ENDING };
static inline enum region_mark_kind region_mark_of(unsigned value, unsigned *id) {
    *id = value & (REGION_MARK_END - 1);
    return *id >= REGION_MARK_IDS    ? REGION_MARK_NONE
           : value & REGION_MARK_END ? REGION_MARK_ENDING
                                     : REGION_MARK_BEGIN;
}
static inline enum region_mark_kind region_mark_x86_64(const uint8_t *bytes, size_t size,
                                                       unsigned *id) {
    if (size != 7 || bytes[0] != 0x0f || bytes[1] != 0x1f || bytes[2] != 0x80 ||
        (bytes[5] | (unsigned)bytes[6] << 8) != REGION_MARK_MAGIC >> 16)
        return REGION_MARK_NONE;
    return region_mark_of(bytes[3] | (unsigned)bytes[4] << 8, id);
}
static inline enum region_mark_kind region_mark_aarch64(uint32_t word, unsigned *id) {
    if ((word & 0xffe0001f) != 0xd280001f) return REGION_MARK_NONE;
    return region_mark_of(word >> 5 & 0xffff, id);
}
