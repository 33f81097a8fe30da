// SPDX-License-Identifier: MIT
// The names nearest to one that does not exist: those with the least edit distance, case ignored.
#pragma once
#include <stddef.h>

#define NEAREST_KEPT 3
struct nearest {
    char wanted[96], names[NEAREST_KEPT][128];
    int distances[NEAREST_KEPT], count;
};
void nearest_begin(struct nearest *n, const char *wanted);
void nearest_offer(struct nearest *n, const char *name); // copied if it is kept
// "a, b, c", best first; text.
const char *nearest_names(const struct nearest *n, char *text, size_t size);
