// SPDX-License-Identifier: MIT
#include "experiments/verdicts.h"

#include <math.h>
#include <string.h>

#include "experiments/comparison.h"

void verdicts_percent(char text[32], double effect) {
    double percent = 100 * expm1(effect), size = fabs(percent);
    if (isnan(percent))
        snprintf(text, 32, "?");
    else
        snprintf(text, 32, "%+.*f", size < 0.995 ? 2 : size < 99.5 ? 1 : 0, percent);
}

static const char *cell(const struct csv_table *t, size_t row, const char *column) {
    return csv_cell(t, row, csv_column(t, column));
}

static double number(const struct csv_table *t, size_t row, const char *column) {
    return csv_parse(cell(t, row, column));
}

// A row about the primary measure that carries a verdict.
static bool judged(const struct csv_table *t, size_t row, const struct protocol_case *c) {
    return strcmp(cell(t, row, "case"), c->name) == 0 &&
           strcmp(cell(t, row, "measure"), c->primary) == 0 && cell(t, row, "verdict")[0] != '\0' &&
           strcmp(cell(t, row, "arm"), "A") != 0;
}

static bool is_control(const struct protocol_case *c, const char *arm) {
    for (size_t i = 0; i < c->arm_count; i++)
        if (strcmp(c->arms[i].name, arm) == 0) return c->arms[i].control;
    return false;
}

static void interval_text(char text[80], const struct csv_table *t, size_t row) {
    char lo[32], hi[32];
    verdicts_percent(lo, number(t, row, "effect_lo"));
    verdicts_percent(hi, number(t, row, "effect_hi"));
    snprintf(text, 80, "%s to %s %%", lo, hi);
}

static void print_unmeasured(FILE *f, const struct csv_table *t, size_t row) {
    const char *status = cell(t, row, "status");
    fprintf(f, "not measurable (%s)\n", status[0] != '\0' ? status : "no samples");
}

static void print_gate(FILE *f, const struct csv_table *t, size_t row, double min_effect) {
    char interval[80];
    double lo = number(t, row, "effect_lo"), hi = number(t, row, "effect_hi");
    interval_text(interval, t, row);
    if (strcmp(cell(t, row, "verdict"), "equivalent") == 0)
        fprintf(f, "%s at 99 %%: the control passed\n", interval);
    else if (isnan(lo))
        fprintf(f, "too few blocks for a 99 %% interval: nothing is claimed in this case\n");
    else if (hi - lo > 2 * min_effect)
        fprintf(f,
                "%s at 99 %%, wider than ±%g %%: nothing is claimed in this case\n"
                "    (it would take %.0f blocks like these, or a larger min_effect)\n",
                interval, 100 * min_effect, number(t, row, "blocks_needed"));
    else
        fprintf(f, "%s at 99 %%, without 0: nothing is claimed in this case\n", interval);
}

static void print_arm(FILE *f, const struct csv_table *t, size_t row, double min_effect) {
    char effect[32], interval[80], seen[32];
    const char *verdict = cell(t, row, "verdict");
    double estimate = number(t, row, "effect"), lo = number(t, row, "effect_lo"),
           hi = number(t, row, "effect_hi"), smallest = number(t, row, "smallest_effect");
    verdicts_percent(effect, estimate);
    if (strcmp(verdict, "exact") == 0) {
        fprintf(f, "%s %%, %s\n", effect, verdict);
        return;
    }
    interval_text(interval, t, row);
    double apart = number(t, row, "outliers");
    fprintf(f, "%s %% (%s, p %.2g): %s", effect, interval, number(t, row, "p"), verdict);
    if (apart > 0) fprintf(f, "; %.0f block%s apart", apart, apart == 1 ? " lies" : "s lie");
    fputc('\n', f);
    if (strcmp(verdict, "inconclusive") != 0 || isnan(smallest)) return;
    if ((lo > 0 || hi < 0) && fabs(estimate) >= min_effect) {
        fprintf(f, "    (an effect, if the control had passed)\n");
        return;
    }
    verdicts_percent(seen, smallest);
    fprintf(f, "    this session could have seen %s %%; %g %% would take %.0f blocks like these\n",
            seen + 1, 100 * min_effect, number(t, row, "blocks_needed"));
}

static void print_row(FILE *f, const struct csv_table *t, size_t row, bool control,
                      double min_effect) {
    const char *point = cell(t, row, "point");
    fprintf(f, "  %s%s%s: ", point, point[0] != '\0' ? ", " : "", cell(t, row, "arm"));
    if (strcmp(cell(t, row, "verdict"), "not measurable") == 0)
        print_unmeasured(f, t, row);
    else if (control)
        print_gate(f, t, row, min_effect);
    else
        print_arm(f, t, row, min_effect);
}

void verdicts_print(FILE *f, const struct protocol *p, const struct csv_table *t) {
    for (size_t i = 0; i < p->case_count; i++) {
        const struct protocol_case *c = &p->cases[i];
        const struct family family = comparison_family(c);
        if (family.comparisons == 0 || c->primary == NULL) continue;
        fprintf(f,
                "%s: %s against arm A (positive: better); %zu comparison%s, together at %g %%; "
                "%d blocks\n",
                c->name, c->primary, family.comparisons, family.comparisons == 1 ? "" : "s",
                100 * c->ci, p->blocks);
        for (int control = 1; control >= 0; control--)
            for (size_t row = 0; row < t->row_count; row++) {
                if (judged(t, row, c) && is_control(c, cell(t, row, "arm")) == control)
                    print_row(f, t, row, control, family.min_effect);
            }
    }
}
