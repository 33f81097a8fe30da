// SPDX-License-Identifier: MIT
// Reading of RFC 4180 tables, strictly: a table with a stray quote or a short row is refused.
#include "experiments/csv.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/failure.h"

static int read_file(const char *path, char **text, size_t *bytes) {
    int status = 0;
    size_t room = 1 << 16, have = 0;
    char *data = NULL;
    FILE *f = fopen(path, "rbe");
    if (f == NULL) return fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
    do {
        room *= 2;
        char *grown = realloc(data, room);
        if (grown == NULL) {
            status = fail(EXIT_FAILED, "%s: out of memory", path);
            break;
        }
        data = grown;
        have += fread(data + have, 1, room - have - 1, f);
    } while (have == room - 1);
    if (status == 0 && ferror(f)) status = fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
    fclose(f);
    if (status != 0) {
        free(data);
        return status;
    }
    data[have] = '\0';
    *text = data;
    *bytes = have;
    return 0;
}

struct parser {
    struct csv_table *t;
    char *at, *end; // what is still to be read
    size_t line;    // of at, from 1
    size_t cells, cells_room;
};

static int keep_cell(struct parser *p, char *cell) {
    if (p->cells == p->cells_room) {
        size_t room = p->cells_room == 0 ? 256 : 2 * p->cells_room;
        char **grown = realloc(p->t->cells, room * sizeof *grown);
        if (grown == NULL) return fail(EXIT_FAILED, "%s: out of memory", p->t->path);
        p->t->cells = grown;
        p->cells_room = room;
    }
    p->t->cells[p->cells++] = cell;
    return 0;
}

// One field, unquoted in place. *more: a comma follows.
static int read_field(struct parser *p, bool *more) {
    char *cell = p->at, *out = p->at;
    size_t first_line = p->line;
    if (p->at < p->end && *p->at == '"') {
        bool closed = false;
        for (p->at++; p->at < p->end; p->at++) {
            if (*p->at == '"' && p->at + 1 < p->end && p->at[1] == '"') {
                p->at++;
            } else if (*p->at == '"') {
                closed = true;
                p->at++;
                break;
            } else if (*p->at == '\n') {
                p->line++;
            }
            *out++ = *p->at;
        }
        if (!closed)
            return fail(EXIT_FAILED, "%s:%zu: a quoted field does not end", p->t->path, first_line);
    } else {
        while (p->at < p->end && *p->at != ',' && *p->at != '\n' && *p->at != '"' &&
               !(*p->at == '\r' && p->at + 1 < p->end && p->at[1] == '\n'))
            p->at++;
        out = p->at;
    }
    if (p->at < p->end && *p->at == '\r' && p->at + 1 < p->end && p->at[1] == '\n') p->at++;
    char stop = p->at < p->end ? *p->at : '\n';
    if (stop != ',' && stop != '\n')
        return fail(EXIT_FAILED, "%s:%zu: a stray quote, or text behind a quoted field", p->t->path,
                    p->line);
    if (p->at < p->end) p->at++;
    if (stop == '\n') p->line++;
    *out = '\0';
    *more = stop == ',';
    return keep_cell(p, cell);
}

static int read_rows(struct parser *p) {
    struct csv_table *t = p->t;
    size_t rows = 0;
    while (p->at < p->end) {
        size_t first = p->cells, line = p->line;
        bool more = true;
        while (more) {
            int status = read_field(p, &more);
            if (status != 0) return status;
        }
        size_t count = p->cells - first;
        if (rows == 0) t->column_count = count;
        if (count != t->column_count)
            return fail(EXIT_FAILED, "%s:%zu: %zu cells, but the header has %zu", t->path, line,
                        count, t->column_count);
        rows++;
    }
    if (rows == 0) return fail(EXIT_FAILED, "%s: empty: a header was expected", t->path);
    t->row_count = rows - 1;
    return 0;
}

static int split_header(struct csv_table *t) {
    t->columns = malloc(t->column_count * sizeof *t->columns);
    if (t->columns == NULL) return fail(EXIT_FAILED, "%s: out of memory", t->path);
    memcpy(t->columns, t->cells, t->column_count * sizeof *t->columns);
    memmove(t->cells, t->cells + t->column_count,
            t->row_count * t->column_count * sizeof *t->cells);
    for (size_t i = 0; i < t->column_count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(t->columns[i], t->columns[j]) == 0)
                return fail(EXIT_FAILED, "%s:1: two columns are called '%s'", t->path,
                            t->columns[i]);
    return 0;
}

int csv_parse_table(struct csv_table *t, const char *name, char *text, size_t bytes) {
    *t = (struct csv_table){.path = strdup(name), .storage = text};
    struct parser p = {.t = t, .at = text, .end = text + bytes, .line = 1};
    int status = t->path != NULL ? 0 : fail(EXIT_FAILED, "%s: out of memory", name);
    if (status == 0 && memchr(text, '\0', bytes) != NULL)
        status = fail(EXIT_FAILED, "%s: not a text file: it has a zero byte", name);
    if (status == 0) status = read_rows(&p);
    if (status == 0) status = split_header(t);
    if (status != 0) csv_free(t);
    return status;
}

int csv_read(struct csv_table *t, const char *path) {
    char *text = NULL;
    size_t bytes = 0;
    *t = (struct csv_table){0};
    int status = read_file(path, &text, &bytes);
    return status != 0 ? status : csv_parse_table(t, path, text, bytes);
}

void csv_free(struct csv_table *t) {
    free(t->path);
    free(t->columns);
    free(t->cells);
    free(t->storage);
    *t = (struct csv_table){0};
}

int csv_column(const struct csv_table *t, const char *name) {
    for (size_t i = 0; i < t->column_count; i++)
        if (strcmp(t->columns[i], name) == 0) return (int)i;
    return -1;
}

const char *csv_cell(const struct csv_table *t, size_t row, int column) {
    return column < 0 || row >= t->row_count ? ""
                                             : t->cells[row * t->column_count + (size_t)column];
}

double csv_cell_number(const struct csv_table *t, size_t row, int column) {
    return csv_parse(csv_cell(t, row, column));
}
