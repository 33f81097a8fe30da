// SPDX-License-Identifier: MIT
#include "probes/nearest.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define LENGTH_MAX 95

static int letter(char c) { // case, and the three signs that join words, do not matter
    return c == '_' || c == '.' ? '-' : tolower((unsigned char)c);
}

static int edit_distance(const char *a, const char *b) {
    int row[LENGTH_MAX + 1], width = (int)strnlen(b, LENGTH_MAX);
    for (int j = 0; j <= width; j++) row[j] = j;
    for (int i = 1; a[i - 1] && i <= LENGTH_MAX; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= width; j++) {
            int changed = diagonal + (letter(a[i - 1]) != letter(b[j - 1]));
            int shorter = row[j] + 1, longer = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = changed < shorter ? changed : shorter;
            if (longer < row[j]) row[j] = longer;
        }
    }
    return row[width];
}

void nearest_begin(struct nearest *n, const char *wanted) {
    memset(n, 0, sizeof *n);
    snprintf(n->wanted, sizeof n->wanted, "%s", wanted);
}

void nearest_offer(struct nearest *n, const char *name) {
    int distance = edit_distance(n->wanted, name), at = n->count;
    for (int i = 0; i < n->count; i++)
        if (!strcasecmp(n->names[i], name)) return;
    while (at > 0 && n->distances[at - 1] > distance) at--;
    if (at == NEAREST_KEPT) return;
    if (n->count < NEAREST_KEPT) n->count++;
    for (int i = n->count - 1; i > at; i--) {
        n->distances[i] = n->distances[i - 1];
        memcpy(n->names[i], n->names[i - 1], sizeof n->names[i]);
    }
    n->distances[at] = distance;
    snprintf(n->names[at], sizeof n->names[at], "%s", name);
}

const char *nearest_names(const struct nearest *n, char *text, size_t size) {
    size_t used = 0;
    text[0] = 0;
    int far = (int)strlen(n->wanted) / 2 + 1; // as likely another name altogether; the best stays
    for (int i = 0; i < n->count && used < size && (i == 0 || n->distances[i] <= far); i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", n->names[i]);
    return text;
}
