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
    char values[RECORD_COLUMNS_MAX][512];
    size_t count;
    enum run_file file;
};

// directory/<file>. header: with the column names (a fragment, to be appended, has none).
int record_open(struct record *r, const char *directory, enum run_file file, bool header,
                const char *const *extra, size_t extra_count);
void record_text(struct record *r, const char *column, const char *value);
void record_number(struct record *r, const char *column, double value); // NaN: left empty
void record_integer(struct record *r, const char *column, int64_t value);
void record_end(struct record *r);
int record_close(struct record *r);
