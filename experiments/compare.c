// SPDX-License-Identifier: MIT
#include "experiments/compare.h"

#include <stdlib.h>
#include <string.h>

#include "experiments/compare_counted.h"
#include "experiments/failure.h"

int compare_add(struct compare_rows *r, const struct compare_row *row) {
    if (r->count == r->capacity) {
        size_t capacity = r->capacity > 0 ? 2 * r->capacity : 64;
        struct compare_row *more = realloc(r->rows, capacity * sizeof *more);
        if (more == NULL) return fail(EXIT_FAILED, "out of memory for a table");
        r->rows = more;
        r->capacity = capacity;
    }
    r->rows[r->count++] = *row;
    return 0;
}

const char *compare_keep(struct compare_rows *r, const char *text) {
    char **more = realloc(r->texts, (r->text_count + 1) * sizeof *more);
    if (more == NULL) return "";
    r->texts = more;
    char *copy = strdup(text);
    if (copy == NULL) return "";
    return r->texts[r->text_count++] = copy;
}

void compare_rows_free(struct compare_rows *r) {
    for (size_t i = 0; i < r->text_count; i++) free(r->texts[i]);
    free(r->texts);
    free(r->rows);
    *r = (struct compare_rows){0};
}

int compare_main(const struct command *c) {
    const char *source = command_value(c, "--source", "");
    bool counted = strcmp(source, "sim") == 0 || strcmp(source, "static") == 0;
    bool check = command_has(c, "--check");
    if (counted && !check) return compare_counted(c);
    struct compare_request *q = calloc(1, sizeof *q);
    struct compare_rows rows = {0};
    char *run_path = NULL;
    if (q == NULL) return fail(EXIT_FAILED, "out of memory");
    int status = compare_choose(q, c);
    if (status == 0 && check)
        status = compare_check(q, table_format(c) == TABLE_text ? stdout : stderr);
    if (status == 0 && !counted) status = compare_measure(q, c, &rows, &run_path);
    if (status == 0 && !counted) status = compare_print(q, &rows, table_format(c), run_path);
    compare_rows_free(&rows);
    free(run_path);
    free(q);
    return status == 0 && counted ? compare_counted(c) : status;
}
