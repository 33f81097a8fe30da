// SPDX-License-Identifier: MIT
#include "experiments/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "experiments/csv.h"
#include "experiments/failure.h"
#include "experiments/output.h"
#include "experiments/utf8.h"

#define CELL_COLUMNS 36 // of text: more is cut, but for the first and the last column

enum table_format table_format(const struct command *c) {
    const char *name = command_value(c, "-o", "text");
    if (!strcmp(name, "csv")) return TABLE_csv;
    if (!strcmp(name, "json")) return TABLE_json;
    if (!strcmp(name, "md")) return TABLE_md;
    return TABLE_text;
}

void table_open(struct table *t, enum table_format format, const char *const *columns) {
    memset(t, 0, sizeof *t);
    t->format = format;
    t->columns = columns;
    while (columns[t->column_count]) t->column_count++;
}

static void add(struct table *t, const char *text, size_t bytes, bool number) {
    if (t->cell_count == t->cell_capacity) {
        const size_t capacity = t->cell_capacity ? 2 * t->cell_capacity : 256;
        struct table_cell *cells = realloc(t->cells, capacity * sizeof *cells);
        if (!cells) {
            t->failed = true;
            return;
        }
        t->cells = cells;
        t->cell_capacity = capacity;
    }
    char *copy = bytes ? strndup(text, bytes) : NULL;
    if (bytes && !copy) t->failed = true;
    t->cells[t->cell_count++] = (struct table_cell){copy, number};
}

void table_text(struct table *t, const char *text) {
    add(t, text, text ? strlen(text) : 0, false);
}
void table_bytes(struct table *t, const char *text, size_t bytes) {
    add(t, text, bytes, false);
}
void table_number(struct table *t, double value) {
    char text[32];
    if (isnan(value)) {
        add(t, NULL, 0, true);
        return;
    }
    csv_format(text, value);
    if (t->format == TABLE_text || t->format == TABLE_md)
        snprintf(text, sizeof text, "%.6g", value);
    add(t, text, strlen(text), true);
}
void table_integer(struct table *t, int64_t value) {
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    add(t, text, strlen(text), true);
}
void table_missing(struct table *t) {
    add(t, NULL, 0, false);
}

static const struct table_cell *cell(const struct table *t, size_t row, size_t column) {
    return &t->cells[row * t->column_count + column];
}
static size_t rows_of(const struct table *t) {
    return t->cell_count / t->column_count;
}

static int print_csv(const struct table *t) {
    struct csv_writer w;
    csv_to(&w, stdout);
    for (size_t j = 0; j < t->column_count; j++) csv_text(&w, t->columns[j]);
    csv_end_row(&w);
    for (size_t i = 0; i < rows_of(t); i++) {
        for (size_t j = 0; j < t->column_count; j++) {
            const char *text = cell(t, i, j)->text;
            if (text)
                csv_text(&w, text);
            else
                csv_empty(&w);
        }
        csv_end_row(&w);
    }
    return csv_close(&w);
}

static void json_string(const char *text) {
    const unsigned char *p = (const unsigned char *)text;
    size_t left = strlen(text);
    putchar('"');
    while (left) {
        int bytes = utf8_character(p, left);
        if (bytes < 1) {
            fputs(UTF8_REPLACEMENT, stdout);
            bytes = 1;
        } else if (*p == '"' || *p == '\\') {
            printf("\\%c", *p);
        } else if (*p < 0x20) {
            printf("\\u%04x", *p);
        } else {
            fwrite(p, 1, (size_t)bytes, stdout);
        }
        p += bytes;
        left -= (size_t)bytes;
    }
    putchar('"');
}

static int print_json(const struct table *t) {
    const size_t rows = rows_of(t);
    putchar('[');
    for (size_t i = 0; i < rows; i++) {
        fputs(i ? ",\n  {" : "\n  {", stdout);
        for (size_t j = 0; j < t->column_count; j++) {
            const struct table_cell *c = cell(t, i, j);
            if (j) fputs(", ", stdout);
            json_string(t->columns[j]);
            fputs(": ", stdout);
            if (!c->text || (c->number && !isfinite(strtod(c->text, NULL))))
                fputs("null", stdout);
            else if (c->number)
                fputs(c->text, stdout);
            else
                json_string(c->text);
        }
        putchar('}');
    }
    fputs(rows ? "\n]\n" : "]\n", stdout);
    return output_flush();
}

static size_t wide(const char *text) { // columns on a terminal, near enough
    size_t n = 0;
    for (; text && *text; text++) n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

static bool numeric(const struct table *t, size_t column) {
    bool any = false;
    for (size_t i = 0; i < rows_of(t); i++) {
        const struct table_cell *c = cell(t, i, column);
        if (c->text && !c->number) return false;
        any |= c->number;
    }
    return any;
}

static void md_cell(const char *text) {
    for (; *text; text++) {
        if (*text == '|') putchar('\\');
        putchar(*text);
    }
}

static int print_md(const struct table *t) {
    for (size_t j = 0; j < t->column_count; j++) printf("| %s ", t->columns[j]);
    puts("|");
    for (size_t j = 0; j < t->column_count; j++) fputs(numeric(t, j) ? "|---:" : "|---", stdout);
    puts("|");
    for (size_t i = 0; i < rows_of(t); i++) {
        for (size_t j = 0; j < t->column_count; j++) {
            const char *text = cell(t, i, j)->text;
            fputs("| ", stdout);
            if (text) md_cell(text);
            putchar(' ');
        }
        puts("|");
    }
    return output_flush();
}

// The last column, broken at spaces where it runs over a terminal's edge.
static void last_cell(const char *text, size_t indent, size_t edge) {
    size_t at = indent;
    for (const char *p = text; *p;) {
        const size_t bytes = strcspn(p, " \n"), next = bytes + strspn(p + bytes, " \n");
        char word[256];
        snprintf(word, sizeof word, "%.*s", (int)bytes, p);
        if (p != text && at + 1 + wide(word) > edge) {
            printf("\n%*s", (int)indent, "");
            at = indent;
        } else if (p != text) {
            putchar(' ');
            at++;
        }
        fwrite(p, 1, bytes, stdout);
        at += wide(word);
        p += next;
    }
    putchar('\n');
}

// As much of a cell as its column holds; the rest is "…" (the first and the last column are whole).
static void cut_cell(const char *text, size_t columns) {
    if (wide(text) <= columns) {
        fputs(text, stdout);
        return;
    }
    for (size_t n = 0; *text; text++) {
        n += ((unsigned char)*text & 0xC0) != 0x80;
        if (n == columns) break;
        putchar(*text);
    }
    fputs("…", stdout);
}

static size_t terminal_columns(void) { // 0: not a terminal, lines may be long
    struct winsize size;
    if (!isatty(STDOUT_FILENO)) return 0;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

static void text_row(const struct table *t, size_t row, const size_t *widths, size_t edge) {
    const size_t last = t->column_count - 1;
    size_t at = 0;
    for (size_t j = 0; j <= last; j++) {
        const char *text = row == SIZE_MAX ? t->columns[j] : cell(t, row, j)->text;
        const size_t taken = wide(text) < widths[j] ? wide(text) : widths[j];
        const int pad = (int)(widths[j] - taken);
        const bool right = numeric(t, j);
        if (j == last && !right) {
            if (edge > at + 20)
                last_cell(text ? text : "", at, edge);
            else
                puts(text ? text : "");
            return;
        }
        printf("%*s", right ? pad : 0, "");
        cut_cell(text ? text : "", widths[j]);
        printf("%*s%s", right || j == last ? 0 : pad, "", j == last ? "\n" : "  ");
        at += widths[j] + 2;
    }
}

static int print_text(const struct table *t) {
    size_t *widths = calloc(t->column_count, sizeof *widths);
    if (!widths) return fail(EXIT_FAILED, "no memory for a table");
    for (size_t j = 0; j < t->column_count; j++) {
        widths[j] = wide(t->columns[j]);
        for (size_t i = 0; i < rows_of(t); i++)
            if (wide(cell(t, i, j)->text) > widths[j]) widths[j] = wide(cell(t, i, j)->text);
        if (j > 0 && j + 1 < t->column_count && widths[j] > CELL_COLUMNS) widths[j] = CELL_COLUMNS;
    }
    const size_t edge = terminal_columns();
    text_row(t, SIZE_MAX, widths, edge);
    for (size_t i = 0; i < rows_of(t); i++) text_row(t, i, widths, edge);
    free(widths);
    return output_flush();
}

// Cells hold names from files: on a terminal they move no cursor and stay on their line.
static void plain_cells(struct table *t) {
    for (size_t i = 0; i < rows_of(t); i++)
        for (size_t j = 0; j < t->column_count; j++)
            for (char *p = cell(t, i, j)->text; p && *p; p++)
                if ((unsigned char)*p < 0x20 || *p == 0x7f) *p = *p == '\n' ? ' ' : '?';
}

int table_close(struct table *t) {
    int rc = 0;
    if (t->format == TABLE_text || t->format == TABLE_md) plain_cells(t);
    if (t->failed)
        rc = fail(EXIT_FAILED, "no memory for a table");
    else if (t->format == TABLE_csv)
        rc = print_csv(t);
    else if (t->format == TABLE_json)
        rc = print_json(t);
    else if (t->format == TABLE_md)
        rc = print_md(t);
    else
        rc = print_text(t);
    for (size_t i = 0; i < t->cell_count; i++) free(t->cells[i].text);
    free(t->cells);
    memset(t, 0, sizeof *t);
    return rc;
}
