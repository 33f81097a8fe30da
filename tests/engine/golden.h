// SPDX-License-Identifier: MIT
// What the programs that check the engine share: paths, tables, a model with a team and a context,
// and comparisons.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/context.h"
#include "engine/error.h"

// Prints the message and exits 1 (77 where the machine lacks a forced variant's ISA).
_Noreturn void golden_die(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
// Exits 1 with the engine's message unless error is 0.
void golden_ok(int error, const char *what);

// A path below the source tree, malloc'ed.
char *golden_path(const char *below);

#define GOLDEN_COLUMNS 8
struct golden_row {
    char *line; // owns what the cells point into
    const char *cells[GOLDEN_COLUMNS];
};
// Rows of a CSV without quotes, behind its header line; they live as long as the program.
size_t golden_table(const char *below, struct golden_row **rows);
// The row whose first cell is name, or exits 2.
const struct golden_row *golden_row(const char *table, const char *name);
// Prints the first cells behind a prefix.
void golden_list(const char *prefix, const char *table);
// "1 5 17" to ids, malloc'ed.
int32_t *golden_ids(const char *text, ptrdiff_t *count);

struct golden_options {
    const char *rules; // of variants; NULL: defaults
    enum format kv;
    int act, threads, partition; // act, partition: -1 = default; threads 0 = 1
    ptrdiff_t max_tokens, context_tokens;
};
// A model with a team and one context, all of which golden_close closes.
struct golden {
    struct model *model;
    struct team *team;
    struct context *context;
};
void golden_open(struct golden *g, const char *spec, const struct golden_options *o);
// Another context over the same model and team.
struct context *golden_context(const struct golden *g, const struct golden_options *o);
void golden_close(struct golden *g);

float *golden_floats(ptrdiff_t count);
// Largest |a - b| over largest |b|.
double golden_distance(const float *a, const float *b, ptrdiff_t count);
