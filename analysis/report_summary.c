// SPDX-License-Identifier: MIT
// What was found: summary.csv, a table for each case.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/html.h"
#include "analysis/report_parts.h"

enum { MEASURES_MAX = 64 };

struct rows {
    const struct csv_table *t;
    int case_name, point, arm, measure, unit, estimate, lo, hi, n;
};

static struct rows rows_of(const struct report *p) {
    const struct csv_table *t = &p->run->files[RUN_summary];
    return (struct rows){.t = t,
                         .case_name = csv_column(t, "case"),
                         .point = csv_column(t, "point"),
                         .arm = csv_column(t, "arm"),
                         .measure = csv_column(t, "measure"),
                         .unit = csv_column(t, "unit"),
                         .estimate = csv_column(t, "estimate"),
                         .lo = csv_column(t, "lo"),
                         .hi = csv_column(t, "hi"),
                         .n = csv_column(t, "n")};
}

static const char *cell(const struct rows *s, size_t row, int column) {
    return csv_cell(s->t, row, column);
}

static bool is_ceiling(const struct rows *s, size_t row) {
    return strncmp(cell(s, row, s->arm), "ceiling:", 8) == 0;
}

static bool in_case(const struct rows *s, size_t row, const char *case_name) {
    return case_name == NULL || strcmp(cell(s, row, s->case_name), case_name) == 0;
}

static bool same_key(const struct rows *s, size_t a, size_t b) {
    return strcmp(cell(s, a, s->case_name), cell(s, b, s->case_name)) == 0 &&
           strcmp(cell(s, a, s->point), cell(s, b, s->point)) == 0 &&
           strcmp(cell(s, a, s->arm), cell(s, b, s->arm)) == 0;
}

// Rows of the measures that are wanted and there, one row standing for each: in the order of
// `wanted`, or of the summary.
static size_t find_measures(const struct rows *s, const char *case_name, const char *wanted,
                            size_t found[MEASURES_MAX]) {
    size_t count = 0;
    const char *word = wanted != NULL ? wanted : "";
    do {
        size_t bytes = strcspn(word, " ");
        for (size_t i = 0; i < s->t->row_count; i++) {
            const char *measure = cell(s, i, s->measure);
            if (!in_case(s, i, case_name) || is_ceiling(s, i)) continue;
            if (bytes > 0 && (strncmp(measure, word, bytes) != 0 || measure[bytes] != '\0'))
                continue;
            size_t k = 0;
            while (k < count && strcmp(cell(s, found[k], s->measure), measure) != 0) k++;
            if (k == count && count < MEASURES_MAX) found[count++] = i;
        }
        word += bytes;
        word += strspn(word, " ");
    } while (*word != '\0');
    return count;
}

static bool is_fraction(const char *measure) {
    return strncmp(measure, "fraction_of_", 12) == 0;
}

static void write_value(const struct report *p, const struct rows *s, size_t row,
                        const char *measure) {
    bool there = row < s->t->row_count;
    double value = there ? csv_cell_number(s->t, row, s->estimate) : NAN;
    double lo = there ? csv_cell_number(s->t, row, s->lo) : NAN;
    double hi = there ? csv_cell_number(s->t, row, s->hi) : NAN;
    html_interval_cell(p->page, value, lo, hi, is_fraction(measure));
}

// The row of summary.csv with the case, point and arm of row `like` and this measure.
static size_t find_row(const struct rows *s, size_t like, const char *arm, const char *measure) {
    size_t i = 0;
    for (; i < s->t->row_count; i++)
        if (strcmp(cell(s, i, s->measure), measure) == 0 && strcmp(cell(s, i, s->arm), arm) == 0 &&
            strcmp(cell(s, i, s->point), cell(s, like, s->point)) == 0 &&
            strcmp(cell(s, i, s->case_name), cell(s, like, s->case_name)) == 0)
            break;
    return i;
}

static bool has_arms(const struct rows *s, const char *case_name) {
    for (size_t i = 0; i < s->t->row_count; i++)
        if (in_case(s, i, case_name) && !is_ceiling(s, i) && strcmp(cell(s, i, s->arm), "A") != 0)
            return true;
    return false;
}

void report_summary_table(const struct report *p, const char *label, const char *case_name,
                          const char *measures) {
    const struct rows s = rows_of(p);
    size_t found[MEASURES_MAX], count = find_measures(&s, case_name, measures, found);
    char names[MEASURES_MAX][160];
    const char *columns[MEASURES_MAX + 6];
    size_t k = 0;
    bool arms = has_arms(&s, case_name);
    if (case_name == NULL) columns[k++] = "case";
    columns[k++] = "point";
    if (arms) columns[k++] = "arm";
    for (size_t m = 0; m < count; m++) {
        const char *unit = cell(&s, found[m], s.unit);
        snprintf(names[m], sizeof names[m], unit[0] != '\0' ? "%s, %s" : "%s",
                 cell(&s, found[m], s.measure), unit);
        columns[k++] = names[m];
    }
    if (arms) columns[k++] = "time of a token, as a multiple of A’s";
    columns[k++] = "blocks";
    columns[k] = NULL;
    html_table_start(p->page, label, columns);
    for (size_t i = 0; i < s.t->row_count; i++) {
        if (!in_case(&s, i, case_name) || is_ceiling(&s, i)) continue;
        size_t first = 0;
        while (!same_key(&s, first, i)) first++;
        if (first != i) continue;
        fputs("<tr>", p->page);
        if (case_name == NULL) html_cell(p->page, cell(&s, i, s.case_name));
        html_cell(p->page, cell(&s, i, s.point));
        if (arms) html_cell(p->page, cell(&s, i, s.arm));
        for (size_t m = 0; m < count; m++) {
            const char *measure = cell(&s, found[m], s.measure);
            write_value(p, &s, find_row(&s, i, cell(&s, i, s.arm), measure), measure);
        }
        if (arms) {
            size_t a = find_row(&s, i, "A", "ns_per_token");
            size_t own = find_row(&s, i, cell(&s, i, s.arm), "ns_per_token");
            html_number_cell(p->page, csv_cell_number(s.t, own, s.estimate) /
                                          csv_cell_number(s.t, a, s.estimate));
        }
        html_number_cell(p->page, csv_cell_number(s.t, i, s.n));
        fputs("</tr>\n", p->page);
    }
    html_table_end(p->page);
}

// "4.1 (tokens=16) to 5.2 (tokens=32)" over the points of a case, in arm A.
static bool write_range(const struct report *p, const struct rows *s, const char *case_name,
                        const char *measure) {
    size_t low = s->t->row_count, high = s->t->row_count;
    for (size_t i = 0; i < s->t->row_count; i++) {
        if (!in_case(s, i, case_name) || strcmp(cell(s, i, s->measure), measure) != 0 ||
            strcmp(cell(s, i, s->arm), "A") != 0)
            continue;
        double value = csv_cell_number(s->t, i, s->estimate);
        if (isnan(value)) continue;
        if (low == s->t->row_count || value < csv_cell_number(s->t, low, s->estimate)) low = i;
        if (high == s->t->row_count || value > csv_cell_number(s->t, high, s->estimate)) high = i;
    }
    if (low == s->t->row_count) return false;
    const size_t ends[2] = {low, high};
    for (int e = 0; e < (low == high ? 1 : 2); e++) {
        char text[32];
        double value = csv_cell_number(s->t, ends[e], s->estimate);
        is_fraction(measure) ? html_percent(text, value) : html_number(text, value);
        fprintf(p->page, "%s<strong>%s</strong>", e > 0 ? " to " : "", text);
        if (low == high || cell(s, ends[e], s->point)[0] == '\0') continue;
        fputs(" (", p->page);
        html_text(p->page, cell(s, ends[e], s->point));
        fputc(')', p->page);
    }
    return true;
}

static void write_case(const struct report *p, const struct rows *s, const char *case_name) {
    FILE *f = p->page;
    char label[512];
    fputs("<h3>", f);
    html_text(f, case_name);
    fputs("</h3>\n<p>", f);
    if (write_range(p, s, case_name, "tokens_per_s")) fputs(" tokens/s", f);
    fputs("; ", f);
    if (write_range(p, s, case_name, "fraction_of_ceiling"))
        fputs(" of the ceiling that binds", f);
    else
        fputs("no share of a ceiling was measured", f);
    fputs(has_arms(s, case_name) ? " (arm A).</p>\n" : ".</p>\n", f);
    snprintf(label, sizeof label, "%s: medians over blocks", case_name);
    report_summary_table(p, label, case_name,
                         "tokens_per_s fraction_of_ceiling first_token_ns ns gbps fraction_of_read "
                         "gops fraction_of_int8 fraction_of_fma ns_per_token");
}

static void write_ceilings(const struct report *p) {
    const struct csv_table *t = &p->run->files[RUN_run];
    const char *const columns[] = {"ceiling", "value", NULL};
    bool started = false;
    for (size_t i = 0; i < t->row_count; i++) {
        const char *key = csv_cell(t, i, csv_column(t, "key"));
        const char *value = csv_cell(t, i, csv_column(t, "value"));
        if (strncmp(key, "ceiling_", 8) != 0 || value[0] == '\0') continue;
        if (!started)
            html_table_start(p->page, "the machine’s own limits, measured between the samples",
                             columns);
        started = true;
        fputs("<tr>", p->page);
        html_cell(p->page, key + 8);
        html_number_cell(p->page, csv_parse(value));
        fputs("</tr>\n", p->page);
    }
    if (started) html_table_end(p->page);
}

void report_found(const struct report *p) {
    const struct rows s = rows_of(p);
    const struct csv_table *points = &p->run->files[RUN_points];
    const int name = csv_column(points, "case");
    bool intervals =
        s.t->row_count > 0 && csv_cell_number(s.t, 0, csv_column(s.t, "statistics_version")) > 1;
    fprintf(p->page,
            "<section id=\"found\">\n<h2>What was found</h2>\n"
            "<p>Medians over blocks; a block is one fresh process%s. A fraction is the share of "
            "what the machine itself reached just before and after%s.</p>\n",
            intervals ? "; in brackets their 95\u00a0% interval, where there are blocks enough"
                      : "",
            intervals ? "; of reading, while memory was in its fastest third" : "");
    for (size_t i = 0; i < points->row_count; i++) {
        size_t first = 0;
        while (strcmp(csv_cell(points, first, name), csv_cell(points, i, name)) != 0) first++;
        if (first == i) write_case(p, &s, csv_cell(points, i, name));
    }
    report_verdicts(p);
    write_ceilings(p);
    fputs("</section>\n", p->page);
}
