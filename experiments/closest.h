// SPDX-License-Identifier: MIT
// Which known word was meant: for the messages about unknown ones.
#pragma once
#include <stddef.h>

// Insertions, deletions, changes and swaps of neighbours that turn a into b.
size_t closest_distance(const char *a, const char *b);
// Keeps the better of *best and candidate; start with *best = NULL. Candidates too far away to be
// meant are not taken.
void closest_offer(const char **best, const char *word, const char *candidate);
