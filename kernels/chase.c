// SPDX-License-Identifier: MIT
#include "kernels/chase.h"

#include <string.h>

static uint64_t next_random(uint64_t *state) { // splitmix64
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint64_t get(const char *buffer, size_t line) {
    uint64_t value;
    memcpy(&value, buffer + line * CHASE_LINE_BYTES, sizeof value);
    return value;
}

static void put(char *buffer, size_t line, uint64_t value) {
    memcpy(buffer + line * CHASE_LINE_BYTES, &value, sizeof value);
}

void chase_fill(void *buffer, size_t bytes, uint64_t seed) {
    char *lines = buffer;
    size_t count = bytes / CHASE_LINE_BYTES;
    for (size_t i = 0; i < count; i++)
        put(lines, i, (uint64_t)(uintptr_t)(lines + i * CHASE_LINE_BYTES));
    for (size_t i = count; i-- > 1;) { // swapped with an earlier one, never with itself: one cycle
        size_t j = (size_t)(next_random(&seed) % i);
        uint64_t other = get(lines, j);
        put(lines, j, get(lines, i));
        put(lines, i, other);
    }
}
