// SPDX-License-Identifier: MIT
// A run's directory, results/<stem>/<machine>/<utc>_<hash8>/: written under a temporary name beside
// the target, sealed with SHA256SUMS and renamed when complete. Columns: results/schema.csv.
// Functions return 0 or an exit code with failure() set.
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "experiments/csv.h"

#define RUN_SCHEMA_VERSION 2 // runs of older ones lack the columns added since
#define RUN_COLUMNS_MAX 48
enum run_file {
    RUN_run,
    RUN_points,
    RUN_samples,
    RUN_regions,
    RUN_steps,
    RUN_counts,
    RUN_summary,
    RUN_FILE_COUNT
};
const char *run_file_name(enum run_file f); // "samples.csv"
// The fixed columns of a file, in order, from the one table experiments/schema.def
// (results/schema.csv is generated from it and a test compares); NULL ends the list. points.csv:
// swept names follow.
const char *const *run_file_columns(enum run_file f);
enum run_type {
    RUN_TYPE_text,
    RUN_TYPE_words,
    RUN_TYPE_integer,
    RUN_TYPE_number,
    RUN_TYPE_flag,
    RUN_TYPE_key
};
struct run_column {
    enum run_file file;
    const char *name;
    enum run_type type;
    bool must; // never empty
    const char *unit, *meaning;
    int since; // schema_version
};
const struct run_column *run_file_column(enum run_file f, size_t i); // NULL behind the last
// What run.csv must state; NULL behind the last. *meaning may be NULL.
const char *run_fact_name(size_t i, const char **meaning);
// results/schema.csv.
void run_schema_write(struct csv_writer *w);

struct run_dir {
    char *final_path, *temporary_path; // temporary_path: where files are written until sealed
    char *stem, *machine, *id;         // id: <utc>_<hash8>
};
// out_root: results/ or --out; made where it is missing. Refuses stems that are not [a-z0-9_]+,
// machines that are not [a-z0-9-]+. utc: "20261121T110500Z"; hash8: 8 hexadecimal digits.
int run_dir_create(struct run_dir *r, const char *out_root, const char *stem, const char *machine,
                   const char *utc, const char *hash8);
// Writes SHA256SUMS, fsyncs, renames. All files of a run must be there and nothing else. On failure
// the temporary directory stays and is named.
int run_dir_seal(struct run_dir *r);
// Removes the temporary directory and, where they are empty then, the two above it.
void run_dir_discard(struct run_dir *r);
void run_dir_free(struct run_dir *r);

// Reading: checks the hashes of all files first (a changed, missing or extra file is an error).
struct run {
    char *path;
    struct csv_table files[RUN_FILE_COUNT];
};
int run_open(struct run *r, const char *path);
void run_close(struct run *r);
const char *run_fact(const struct run *r, const char *key); // of run.csv; NULL if absent
// verify: hashes, schema (columns, types, keys that refer to each other), completeness (the points
// and blocks of its protocol), summary recomputed and compared. Prints one line on success.
int run_verify(const char *path);
