// SPDX-License-Identifier: MIT
// Figures, each with the table that it was drawn from. A script says in comments of its own which
// that is:
//   #: figure NAME summary MEASURE…   rows of the summary
//   #: figure NAME time               shares of time by kind of step
//   #: says NAME …                    what the figure shows, in a sentence
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/html.h"
#include "analysis/report_parts.h"
#include "analysis/svg.h"
#include "analysis/tables.h"
#include "experiments/failure.h"

// The rest of the script's line "#: word name rest", into rest[size]; "" if there is none.
static void read_note(const struct report *p, const char *word, const char *name, char *rest,
                      size_t size) {
    char line[1024], start[320];
    rest[0] = '\0';
    int n = snprintf(start, sizeof start, "#: %s %s ", word, name);
    FILE *f = fopen(p->script, "re");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, start, (size_t)n) == 0) snprintf(rest, size, "%s", line + n);
    }
    if (f != NULL) fclose(f);
}

// One cell of a line of a table of tables.h; *at is moved behind it, NULL at the line's end. Quotes
// travel as U+E000, as tables.c says.
static void next_cell(char **at, char *cell, size_t size) {
    size_t bytes = strcspn(*at, "\t\n"), n = 0;
    for (size_t i = 0; i < bytes && n + 1 < size; i++) {
        if (strncmp(*at + i, "\xee\x80\x80", 3) == 0) {
            cell[n++] = '"';
            i += 2;
        } else {
            cell[n++] = (*at)[i];
        }
    }
    cell[n] = '\0';
    *at = (*at)[bytes] == '\t' ? *at + bytes + 1 : NULL;
}

static void write_time_rows(const struct report *p, FILE *in, const char *label) {
    enum { COLUMNS_MAX = 40 };
    static char names[COLUMNS_MAX][256];
    const char *columns[COLUMNS_MAX + 1];
    char *line = NULL, cell[1024];
    size_t room = 0, count = 0, shares = 0;
    for (ssize_t n; (n = getline(&line, &room, in)) > 0;) {
        char *at = line;
        if (count == 0) {
            while (at != NULL && count < COLUMNS_MAX) {
                next_cell(&at, names[count], sizeof *names);
                columns[count] = names[count];
                count++;
                // The shares end with this one; swept names follow.
                if (strcmp(names[count - 1], "outside of steps") == 0) shares = count;
            }
            columns[count] = NULL;
            html_table_start(p->page, label, columns);
            continue;
        }
        fputs("<tr>", p->page);
        for (size_t k = 0; k < count && at != NULL; k++) {
            next_cell(&at, cell, sizeof cell);
            if (strcmp(cell, "NaN") == 0) cell[0] = '\0';
            if (k >= 1 && k < shares)
                html_percent_cell(p->page, csv_parse(cell));
            else
                html_cell(p->page, cell);
        }
        fputs("</tr>\n", p->page);
    }
    free(line);
    if (count > 0) html_table_end(p->page);
}

static int is_svg(const struct dirent *e) {
    size_t n = strlen(e->d_name);
    return n > 4 && strcmp(e->d_name + n - 4, ".svg") == 0;
}

static void write_time_tables(const struct report *p) {
    const struct csv_table *points = &p->run->files[RUN_points];
    const int column = csv_column(points, "case");
    for (size_t i = 0; i < points->row_count; i++) {
        const char *case_name = csv_cell(points, i, column);
        char path[400], label[400], name[TABLES_NAME_BYTES];
        if (i > 0 && strcmp(case_name, csv_cell(points, i - 1, column)) == 0) continue;
        tables_time_name(name, case_name);
        snprintf(path, sizeof path, "%s/%s", p->directory, name);
        snprintf(label, sizeof label, "%s: shares of the threads’ time", case_name);
        FILE *in = fopen(path, "re");
        if (in == NULL) continue;
        write_time_rows(p, in, label);
        fclose(in);
    }
}

static int write_figure(const struct report *p, const char *file, int number) {
    char path[400], name[256], prefix[32], labelled[32], says[800], data[400];
    snprintf(path, sizeof path, "%s/%s", p->directory, file);
    snprintf(name, sizeof name, "%.*s", (int)strlen(file) - 4, file);
    snprintf(prefix, sizeof prefix, "f%d-", number);
    snprintf(labelled, sizeof labelled, "figure-%d", number);
    read_note(p, "says", name, says, sizeof says);
    read_note(p, "figure", name, data, sizeof data);
    fprintf(p->page, "<figure>\n<figcaption id=\"%s\">", labelled);
    html_text(p->page, says[0] != '\0' ? says : name);
    fprintf(p->page,
            "</figcaption>\n<div class=\"scroll card\" role=\"region\" tabindex=\"0\" "
            "aria-labelledby=\"%s\">\n",
            labelled);
    int status = svg_inline(p->page, path, prefix, labelled);
    fputs("</div>\n<details><summary>The data of this figure</summary>\n", p->page);
    if (strncmp(data, "time", 4) == 0)
        write_time_tables(p);
    else
        report_summary_table(p, "medians over blocks", NULL,
                             strncmp(data, "summary ", 8) == 0 ? data + 8 : NULL);
    fputs("</details>\n</figure>\n", p->page);
    return status;
}

int report_figures(const struct report *p) {
    struct dirent **entries;
    int status = 0;
    fputs("<section id=\"figures\">\n<h2>Figures</h2>\n", p->page);
    if (!p->drawn)
        fprintf(p->page,
                "<p>There is no <code>analysis/%s.gp</code>: no figures are drawn for this "
                "protocol. All that was measured:</p>\n",
                p->request->stem);
    if (!p->drawn) report_summary_table(p, "medians over blocks", NULL, NULL);
    int count = scandir(p->directory, &entries, is_svg, alphasort);
    if (count < 0) return fail(EXIT_FAILED, "%s: %s", p->directory, strerror(errno));
    for (int i = 0; i < count; i++) {
        if (status == 0) status = write_figure(p, entries[i]->d_name, i + 1);
        free(entries[i]);
    }
    free(entries);
    fputs("</section>\n", p->page);
    return status;
}
