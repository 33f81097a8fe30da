// SPDX-License-Identifier: MIT
// Loops of known counts: what a call of a yardstick executes, for asking a counter whether it
// counts. A call of n iterations executes call + n * iteration of each; the difference of a call of
// 2n and one of n is free of `call` and of what surrounds it.
//
// count_loads, planted: buffer of at least 1024 bytes. count_mispredictions: the first 8 bytes of
// the buffer are a seed; its pattern goes on from call to call where the sink stays the same; it
// writes the branches on its pattern that were not taken less those that were to the sink (int64).
// The others ignore buffer and bytes.
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "kernels/kernels.h"

struct exact_counts {
    double instructions, loads, stores; // a load and a store are instructions with a memory operand
    double branches, taken_branches, mispredictions;
    double vector, dot, flops; // instructions on vector registers, of them dots; float operations
    double load_bytes, store_bytes;
};

struct exact_row {
    const char *symbol;     // kernel_find_symbol gives the function
    ptrdiff_t buffer_bytes; // counts hold for a buffer of so many bytes; 0: of any
    struct exact_counts iteration, call;
    // Not 0: taken_branches and mispredictions are means of that variance an iteration. What is
    // counted over n iterations lies within 4 * sqrt(n * variance) of the mean but once in 15,000
    // calls.
    double variance;
};

size_t exact_counts_rows(void); // of this architecture, also of instruction sets it lacks
const struct exact_row *exact_counts_at(size_t i);
const struct exact_row *exact_counts_find(const struct kernel *k); // NULL: none are known
