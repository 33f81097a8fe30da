// SPDX-License-Identifier: MIT
// Writes rows of a run's file by column name; what is not set is an empty field.
#pragma once
#include <stdint.h>

#include "experiments/csv.h"
#include "experiments/run_dir.h"

#define RECORD_COLUMNS_MAX 64
struct record {
    struct csv_writer csv;
    const char *const *columns;
    const char *extra[RECORD_COLUMNS_MAX]; // points.csv: the swept names
    struct {
        char *text; // grows with what is written; NULL: nothing was
        size_t room_bytes;
    } values[RECORD_COLUMNS_MAX];
    size_t count;
    enum run_file file;
    bool out_of_memory; // a value was lost: record_close says so
};

// directory/<file>. header: with the column names (a fragment, to be appended, has none).
int record_open(struct record *r, const char *directory, enum run_file file, bool header,
                const char *const *extra, size_t extra_count);
// Values of any length are kept whole.
void record_text(struct record *r, const char *column, const char *value);
// NaN: left empty. Infinity is a mistake of the program that made it: record_close fails.
void record_number(struct record *r, const char *column, double value);
void record_integer(struct record *r, const char *column, int64_t value);
void record_end(struct record *r); // of the row; all its values are empty then
// 0, or an exit code with failure() set: what could not be written, or was no value.
int record_close(struct record *r);
