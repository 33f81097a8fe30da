// SPDX-License-Identifier: MIT
// The one printer of tables: aligned text for people, CSV, JSON and Markdown for programs and
// pages. Rows are kept and printed at the end. CSV, JSON: numbers read back to the same double;
// text and md round them to six digits, and text cuts what is longer than 36 columns. A missing
// value is empty (JSON: null).
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "experiments/command.h"

enum table_format { TABLE_text, TABLE_csv, TABLE_json, TABLE_md };

struct table {
    enum table_format format;
    const char *const *columns; // NULL ends them; borrowed
    size_t column_count, cell_count, cell_capacity;
    struct table_cell {
        char *text; // NULL: missing
        bool number;
    } * cells;   // [rows][column_count]
    bool failed; // no memory
};
// The format that -o asks for.
enum table_format table_format(const struct command *c);
void table_open(struct table *t, enum table_format format, const char *const *columns);
// Cells, from left to right; the row ends by itself.
void table_text(struct table *t, const char *text); // "" or NULL: missing
void table_bytes(struct table *t, const char *text, size_t bytes);
void table_number(struct table *t, double value); // NaN: missing
void table_integer(struct table *t, int64_t value);
void table_missing(struct table *t);
// Prints to standard output and frees. 0, or an exit code with failure() set.
int table_close(struct table *t);
