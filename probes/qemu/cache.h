// SPDX-License-Identifier: MIT
// A cache as a model: sets of ways with the least recently used replaced, writes allocate. No
// prefetcher, no translation: the same misses everywhere.
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct cache {
    uint64_t *tags; // [sets][ways], most recently used first; 0: empty, else line number + 1
    uint64_t sets;  // a power of two
    unsigned ways, line_log2;
};

// "BYTES:WAYS:LINE", such as 32768:8:64. False where it is no such geometry or there is no memory.
bool cache_open(struct cache *c, const char *geometry);
void cache_clear(struct cache *c);
// Whether the line was there; it is now.
bool cache_access(struct cache *c, uint64_t line);
