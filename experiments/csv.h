// SPDX-License-Identifier: MIT
// RFC 4180 tables. Numbers are written with the fewest digits that read back to the same double; a
// missing value is an empty field. Functions return 0 or an exit code with failure() set.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct csv_writer {
    FILE *file;
    char *path; // of csv_create: csv_close removes the file again when it failed
    bool row_started;
    int failed;               // errno of the first write that failed; EDOM: an infinite number
    size_t fields, row_bytes; // of the row so far
};
int csv_create(struct csv_writer *w, const char *path); // must not exist
void csv_to(struct csv_writer *w, FILE *file);          // e.g. stdout; csv_close leaves it open
void csv_text(struct csv_writer *w, const char *text);  // quoted where needed
void csv_number(struct csv_writer *w, double value);    // NaN: an empty field
void csv_integer(struct csv_writer *w, int64_t value);
void csv_empty(struct csv_writer *w);
void csv_end_row(struct csv_writer *w);
int csv_close(
    struct csv_writer *w); // flushes; names the path and the reason (a full disk) on failure

// A whole table in memory; every row has as many cells as the header.
struct csv_table {
    char *path;
    size_t column_count, row_count;
    char **columns;
    char **cells; // [row_count * column_count]
    char *storage;
};
int csv_read(struct csv_table *t, const char *path);
// The same from memory: text (malloc'ed, text[bytes] may be written) becomes the table's, also on
// failure; name stands in messages.
int csv_parse_table(struct csv_table *t, const char *name, char *text, size_t bytes);
void csv_free(struct csv_table *t);
int csv_column(const struct csv_table *t, const char *name);             // -1 if absent
const char *csv_cell(const struct csv_table *t, size_t row, int column); // "" for column -1
double csv_cell_number(const struct csv_table *t, size_t row,
                       int column); // NaN if empty or no number
// The number of a text written by csv_number; NaN if it is none.
double csv_parse(const char *text);
// As csv_number writes it, into text[32].
void csv_format(char text[32], double value);
