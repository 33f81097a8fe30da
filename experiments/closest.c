// SPDX-License-Identifier: MIT
#include "experiments/closest.h"

#include <string.h>

#define WORD_MAX 64

// Insertions, deletions, changes and swaps of neighbours that turn a into b.
static size_t closest_distance(const char *a, const char *b) {
    const size_t n = strlen(a), m = strlen(b);
    if (n > WORD_MAX || m > WORD_MAX) return strcmp(a, b) ? WORD_MAX : 0;
    size_t rows[3][WORD_MAX + 1]; // of the table: before last, last, this
    for (size_t j = 0; j <= m; j++) rows[1][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *const before = rows[(i + 2) % 3], *const last = rows[i % 3];
        size_t *const now = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = last[j - 1] + (a[i - 1] != b[j - 1]);
            if (last[j] + 1 < best) best = last[j] + 1;
            if (now[j - 1] + 1 < best) best = now[j - 1] + 1;
            const int swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped && before[j - 2] + 1 < best) best = before[j - 2] + 1;
            now[j] = best;
        }
    }
    return rows[(n + 1) % 3][m];
}

void closest_offer(const char **best, const char *word, const char *candidate) {
    const size_t bytes = strlen(word), limit = bytes / 3 + 1;
    size_t distance = closest_distance(word, candidate);
    // What was begun and not finished ("gen", "--tok") is as good as one slip.
    if (bytes > 1 && distance > 1 && strncmp(candidate, word, bytes) == 0) distance = 1;
    if (distance > limit || distance >= strlen(candidate)) return;
    if (!*best || distance < closest_distance(word, *best)) *best = candidate;
}
