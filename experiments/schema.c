// SPDX-License-Identifier: MIT
// The table of files and columns (experiments/schema.def) as C.
#include "experiments/run_dir.h"

#include <pthread.h>

static const char *const file_names[RUN_FILE_COUNT] = {
    "run.csv", "points.csv", "samples.csv", "regions.csv", "steps.csv", "counts.csv", "summary.csv",
};
static const char *const type_names[] = {"text", "words", "integer", "number", "flag", "key"};

static const struct run_column columns[] = {
#define COLUMN(file, name, type, must, unit, meaning)                                              \
    {RUN_##file, #name, RUN_TYPE_##type, must, unit, meaning, 1},
#define ADDED(version, file, name, type, must, unit, meaning)                                      \
    {RUN_##file, #name, RUN_TYPE_##type, must, unit, meaning, version},
#define FACT(...)
#include "experiments/schema.def"
#undef COLUMN
#undef ADDED
#undef FACT
};
#define COLUMN_COUNT (sizeof columns / sizeof *columns)

static const struct {
    const char *name, *meaning;
} facts[] = {
#define COLUMN(...)
#define ADDED(...)
#define FACT(name, meaning) {#name, meaning},
#include "experiments/schema.def"
#undef COLUMN
#undef ADDED
#undef FACT
};

static const char *names[RUN_FILE_COUNT][RUN_COLUMNS_MAX];
static const struct run_column *first[RUN_FILE_COUNT]; // rows of a file stand together
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void collect(void) {
    size_t counts[RUN_FILE_COUNT] = {0};
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        const enum run_file f = columns[i].file;
        if (counts[f] == 0) first[f] = &columns[i];
        names[f][counts[f]++] = columns[i].name;
    }
}

const char *run_file_name(enum run_file f) {
    return file_names[f];
}

const char *const *run_file_columns(enum run_file f) {
    pthread_once(&once, collect);
    return names[f];
}

const struct run_column *run_file_column(enum run_file f, size_t i) {
    pthread_once(&once, collect);
    for (size_t j = 0; j <= i; j++)
        if (names[f][j] == NULL) return NULL;
    return first[f] + i;
}

const char *run_fact_name(size_t i, const char **meaning) {
    if (i >= sizeof facts / sizeof *facts) return NULL;
    if (meaning != NULL) *meaning = facts[i].meaning;
    return facts[i].name;
}

static void schema_row(struct csv_writer *w, const char *file, const char *name, const char *type,
                       const char *unit, const char *meaning) {
    csv_text(w, file);
    csv_text(w, name);
    csv_text(w, type);
    csv_text(w, unit);
    csv_text(w, meaning);
    csv_end_row(w);
}

void run_schema_write(struct csv_writer *w) {
    schema_row(w, "file", "name", "type", "unit", "meaning");
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        schema_row(w, file_names[columns[i].file], columns[i].name, type_names[columns[i].type],
                   columns[i].unit, columns[i].meaning);
}
