// SPDX-License-Identifier: MIT
// What the arms are against A: the primary measure of each case, its intervals and its words.
#include <math.h>
#include <string.h>

#include "analysis/html.h"
#include "analysis/report_parts.h"

static const char *cell(const struct csv_table *t, size_t row, const char *column) {
    return csv_cell(t, row, csv_column(t, column));
}

static double number(const struct csv_table *t, size_t row, const char *column) {
    return csv_parse(cell(t, row, column));
}

static bool is_word(const struct csv_table *t, size_t row, const char *word) {
    return strcmp(cell(t, row, "verdict"), word) == 0;
}

// Only the primary measure of an arm is called so.
static bool decided(const struct csv_table *t, size_t row) {
    return is_word(t, row, "real") || is_word(t, row, "equivalent") ||
           is_word(t, row, "inconclusive");
}

// Counts that are missing have a row each; they are shown here where nothing else of the case was
// decided, of arms other than A.
static bool shown(const struct csv_table *t, size_t row) {
    if (decided(t, row)) return true;
    if (strcmp(cell(t, row, "arm"), "A") == 0) return false;
    if (is_word(t, row, "exact")) return true;
    if (!is_word(t, row, "not measurable")) return false;
    for (size_t i = 0; i < t->row_count; i++)
        if (decided(t, i) && strcmp(cell(t, i, "case"), cell(t, row, "case")) == 0) return false;
    return true;
}

// A logarithm of a ratio as "+2.0 %".
static void percent(char text[32], double effect) {
    double value = 100 * expm1(effect);
    text[0] = '\0';
    if (!isnan(value))
        snprintf(text, 32, "%+.*f\u00a0%%",
                 fabs(value) < 0.995  ? 2
                 : fabs(value) < 99.5 ? 1
                                      : 0,
                 value);
}

static void percent_cell(FILE *f, double effect) {
    char text[32];
    percent(text, effect);
    if (text[0] == '\0')
        fputs("<td class=\"number\"></td>", f);
    else
        fprintf(f, "<td class=\"number\" data-value=\"%.17g\">%s</td>", effect, text);
}

static void write_words(FILE *f, const struct csv_table *t, size_t row) {
    const char *arm = cell(t, row, "arm"), *status = cell(t, row, "status");
    char size[32], seen[32], text[400];
    double effect = number(t, row, "effect"), blocks = number(t, row, "blocks_needed");
    bool control = strcmp(arm, "A'") == 0;
    percent(size, fabs(effect));
    percent(seen, number(t, row, "smallest_effect"));
    if (is_word(t, row, "not measurable"))
        snprintf(text, sizeof text, "could not be measured here: %s",
                 status[0] != '\0' ? status : "no samples");
    else if (is_word(t, row, "real"))
        snprintf(text, sizeof text, "%s is %s than A, by %s", arm, effect > 0 ? "better" : "worse",
                 size[0] == '+' ? size + 1 : size);
    else if (control && is_word(t, row, "equivalent"))
        snprintf(text, sizeof text,
                 "A against itself shows nothing: the gate of this case is open");
    else if (control)
        snprintf(
            text, sizeof text,
            "A against itself is not quiet enough: nothing is claimed in this case; %.0f blocks "
            "like these would be",
            blocks);
    else if (is_word(t, row, "equivalent"))
        snprintf(text, sizeof text, "no difference as large as the protocol's min_effect");
    else if (is_word(t, row, "exact"))
        snprintf(text, sizeof text, "%s; its source repeats itself exactly",
                 effect > 0   ? "fewer than A"
                 : effect < 0 ? "more than A"
                              : "as many as A");
    else if (number(t, row, "effect_lo") > 0 || number(t, row, "effect_hi") < 0)
        snprintf(
            text, sizeof text,
            "not claimed: it may be smaller than min_effect, or the control of this case was not "
            "quiet enough");
    else if (isnan(blocks))
        snprintf(text, sizeof text, "too few blocks to tell anything");
    else
        snprintf(text, sizeof text,
                 "not told: an effect of %s would have been seen in 8 of 10 such runs; min_effect "
                 "takes %.0f blocks like these",
                 seen[0] == '+' ? seen + 1 : seen, blocks);
    html_prose_cell(f, text);
}

static void write_row(FILE *f, const struct csv_table *t, size_t row) {
    fputs("<tr>", f);
    html_cell(f, cell(t, row, "case"));
    html_cell(f, cell(t, row, "point"));
    html_cell(f, cell(t, row, "arm"));
    html_cell(f, cell(t, row, "measure"));
    percent_cell(f, number(t, row, "effect"));
    percent_cell(f, number(t, row, "effect_lo"));
    percent_cell(f, number(t, row, "effect_hi"));
    html_number_cell(f, number(t, row, "p"));
    html_cell(f, cell(t, row, "verdict"));
    write_words(f, t, row);
    fputs("</tr>\n", f);
}

void report_verdicts(const struct report *p) {
    static const char *const columns[] = {"case", "point", "arm", "measure", "better than A by",
                                          "from", "to",    "p",   "verdict", "in words",
                                          NULL};
    const struct csv_table *t = &p->run->files[RUN_summary];
    bool started = false;
    for (size_t i = 0; i < t->row_count; i++) {
        if (!shown(t, i)) continue;
        if (!started) {
            fputs("<h3>Arms against A</h3>\n<p>The primary measure of each case. An effect is a "
                  "Hodges-Lehmann estimate over blocks with its exact signed-rank interval, wide "
                  "enough for all comparisons of the case together (of A', which is A again, at "
                  "99\u00a0%); p is of each comparison alone.</p>\n",
                  p->page);
            html_table_start(p->page, "effects and verdicts", columns);
        }
        started = true;
        write_row(p->page, t, i);
    }
    if (started)
        html_table_end(p->page);
    else
        fputs("<p>No row of this run carries an effect or a verdict: it describes, and claims no "
              "difference.</p>\n",
              p->page);
}
