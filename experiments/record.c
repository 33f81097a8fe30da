// SPDX-License-Identifier: MIT
#include "experiments/record.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/failure.h"

int record_open(struct record *r, const char *directory, enum run_file file, bool header,
                const char *const *extra, size_t extra_count) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", directory, run_file_name(file));
    memset(r, 0, sizeof *r);
    r->file = file;
    r->columns = run_file_columns(file);
    size_t fixed = 0;
    while (r->columns[fixed] != NULL) fixed++;
    if (fixed + extra_count > RECORD_COLUMNS_MAX)
        return fail(EXIT_USAGE, "%s: more than %d columns", path, RECORD_COLUMNS_MAX);
    for (size_t i = 0; i < extra_count; i++) r->extra[i] = extra[i];
    r->count = fixed + extra_count;
    int status = csv_create(&r->csv, path);
    if (status != 0 || !header) return status;
    for (size_t i = 0; i < fixed; i++) csv_text(&r->csv, r->columns[i]);
    for (size_t i = 0; i < extra_count; i++) csv_text(&r->csv, extra[i]);
    csv_end_row(&r->csv);
    return 0;
}

// A column that the schema does not have is a mistake in this program, not in its input.
static size_t index_of(const struct record *r, const char *column) {
    size_t i = 0;
    for (; r->columns[i] != NULL; i++)
        if (strcmp(r->columns[i], column) == 0) return i;
    for (size_t j = 0; i + j < r->count; j++)
        if (strcmp(r->extra[j], column) == 0) return i + j;
    fprintf(stderr, "inferometer: %s has no column %s\n", run_file_name(r->file), column);
    abort();
}

void record_text(struct record *r, const char *column, const char *value) {
    size_t i = index_of(r, column), bytes = strlen(value) + 1;
    if (bytes > r->values[i].room_bytes) {
        char *more = realloc(r->values[i].text, bytes + 64);
        if (more == NULL) {
            r->out_of_memory = true;
            return;
        }
        r->values[i].text = more;
        r->values[i].room_bytes = bytes + 64;
    }
    memcpy(r->values[i].text, value, bytes);
}

void record_number(struct record *r, const char *column, double value) {
    char text[32];
    if (isinf(value) && r->csv.failed == 0) r->csv.failed = EDOM; // as csv_number
    csv_format(text, value);
    record_text(r, column, text);
}

void record_integer(struct record *r, const char *column, int64_t value) {
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    record_text(r, column, text);
}

void record_end(struct record *r) {
    for (size_t i = 0; i < r->count; i++) {
        char *text = r->values[i].text;
        if (text != NULL && text[0] != '\0')
            csv_text(&r->csv, text);
        else
            csv_empty(&r->csv);
        if (text != NULL) text[0] = '\0';
    }
    csv_end_row(&r->csv);
}

int record_close(struct record *r) {
    for (size_t i = 0; i < r->count; i++) free(r->values[i].text);
    memset(r->values, 0, sizeof r->values);
    if (r->out_of_memory && r->csv.failed == 0) r->csv.failed = ENOMEM;
    return csv_close(&r->csv);
}
