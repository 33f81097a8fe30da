// SPDX-License-Identifier: MIT
// Tables of compare: for programs all rows; for people one table a shape, as wide as the terminal.
#include "experiments/compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "experiments/compare_counted.h"
#include "probes/counters.h"

static void add_row(struct table *t, const struct compare_request *q, const struct compare_row *r) {
    table_text(t, op_info(q->op)->name);
    table_text(t, r->kernel->variant);
    table_text(t, isa_name(r->kernel->isa));
    table_text(t, r->shape);
    table_integer(t, r->threads);
    table_text(t, r->source);
    table_text(t, r->measure);
    table_text(t, r->unit);
    table_number(t, r->value);
    table_number(t, r->lo);
    table_number(t, r->hi);
    table_number(t, r->n);
    table_number(t, r->effect);
    table_number(t, r->effect_lo);
    table_number(t, r->effect_hi);
    table_number(t, r->p);
    table_text(t, r->verdict);
    table_text(t, r->ceiling);
    table_number(t, r->fraction_of_ceiling);
    table_text(t, r->status);
}

static int print_all(const struct compare_request *q, const struct compare_rows *rows,
                     enum table_format format) {
    struct table t;
    table_open(&t, format, compare_columns);
    for (size_t i = 0; i < rows->count; i++) add_row(&t, q, &rows->rows[i]);
    return table_close(&t);
}

// ---- for people -------------------------------------------------------------------------------

enum cell {
    CELL_variant,
    CELL_time,
    CELL_gbps,
    CELL_gops,
    CELL_cycles,
    CELL_ceiling,
    CELL_speed,
    CELL_interval,
    CELL_verdict,
    CELL_COUNT
};
static const struct {
    const char *head;
    int drop; // which goes first where the terminal is narrow; 0: none does
    bool left;
} cells[CELL_COUNT] = {
    [CELL_variant] = {"variant", 0, true},   [CELL_time] = {"time", 0, false},
    [CELL_gbps] = {"GB/s", 2, false},        [CELL_gops] = {"GOP/s", 3, false},
    [CELL_cycles] = {"cycles/el", 1, false}, [CELL_ceiling] = {"of ceiling", 0, false},
    [CELL_speed] = {"speed/A", 0, false},    [CELL_interval] = {"interval", 4, true},
    [CELL_verdict] = {"verdict", 0, true},
};

static const struct compare_row *find(const struct compare_rows *rows, const struct kernel *k,
                                      const char *shape, const char *measure) {
    for (size_t i = 0; i < rows->count; i++) {
        const struct compare_row *r = &rows->rows[i];
        if (r->kernel == k && r->shape == shape && strcmp(r->measure, measure) == 0) return r;
    }
    return NULL;
}

static void format_time(char *text, size_t size, double ns) {
    static const char *const units[] = {"ns", "us", "ms", "s"};
    int unit = 0;
    for (; ns >= 1000 && unit < 3; unit++) ns /= 1000;
    snprintf(text, size, "%.*f %s", ns < 10 ? 2 : ns < 100 ? 1 : 0, ns, units[unit]);
}

// Three digits, never an exponent: what stands in a column of rates.
static void format_rate(char *text, size_t size, double value) {
    snprintf(text, size, "%.*f",
             value < 0.1   ? 4
             : value < 1   ? 3
             : value < 10  ? 2
             : value < 100 ? 1
                           : 0,
             value);
}

static void fill_cells(char text[CELL_COUNT][64], const struct compare_rows *rows,
                       const struct kernel *k, const char *shape, bool first, bool alone) {
    const struct compare_row *time = find(rows, k, shape, "ns");
    const struct compare_row *gbps = find(rows, k, shape, "gbps");
    const struct compare_row *gops = find(rows, k, shape, "gops");
    const struct compare_row *cycles = find(rows, k, shape, "cycles_per_element");
    for (int i = 0; i < CELL_COUNT; i++) text[i][0] = '\0';
    snprintf(text[CELL_variant], 64, "%s%s", k->variant, first && !alone ? " (A)" : "");
    if (time == NULL) return;
    format_time(text[CELL_time], 64, time->value);
    if (gbps != NULL) format_rate(text[CELL_gbps], 64, gbps->value);
    if (gops != NULL) format_rate(text[CELL_gops], 64, gops->value);
    if (cycles != NULL) format_rate(text[CELL_cycles], 64, cycles->value);
    if (time->ceiling != NULL)
        snprintf(text[CELL_ceiling], 64, "%.3f %s", time->fraction_of_ceiling, time->ceiling);
    if (first) return;
    if (!isnan(time->effect)) snprintf(text[CELL_speed], 64, "%.3f", exp(time->effect));
    if (!isnan(time->effect_lo))
        snprintf(text[CELL_interval], 64, "%.3f to %.3f", exp(time->effect_lo),
                 exp(time->effect_hi));
    if (time->verdict != NULL) snprintf(text[CELL_verdict], 64, "%s", time->verdict);
}

static int terminal_columns(void) {
    struct winsize size;
    const char *said = getenv("COLUMNS");
    if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return said != NULL && atoi(said) > 0 ? atoi(said) : 100;
}

// Which columns there is room for: those without values go, then the dispensable ones.
static void choose_cells(bool shown[CELL_COUNT], const int width[CELL_COUNT]) {
    for (int drop = 0;;) {
        int all = -2, next = CELL_COUNT;
        for (int i = 0; i < CELL_COUNT; i++) all += shown[i] ? width[i] + 2 : 0;
        drop++;
        for (int i = 0; i < CELL_COUNT; i++)
            if (shown[i] && cells[i].drop == drop) next = i;
        if (all <= terminal_columns() || drop > CELL_COUNT) return;
        if (next < CELL_COUNT) shown[next] = false;
    }
}

static void print_line(char text[CELL_COUNT][64], const bool shown[CELL_COUNT],
                       const int width[CELL_COUNT]) {
    char line[1024];
    size_t n = 0, last = 0;
    for (int i = 0; i < CELL_COUNT; i++) {
        if (!shown[i]) continue;
        n += (size_t)snprintf(line + n, sizeof line - n, "%s%*s", n > 0 ? "  " : "",
                              cells[i].left ? -width[i] : width[i], text[i]);
        if (text[i][0] != '\0') last = n;
    }
    while (last > 0 && line[last - 1] == ' ') last--;
    printf("%.*s\n", (int)last, line);
}

static void print_case(const struct compare_request *q, const struct compare_case *c,
                       const struct compare_rows *rows) {
    char text[COMPARE_VARIANTS_MAX + 1][CELL_COUNT][64];
    int width[CELL_COUNT];
    bool shown[CELL_COUNT] = {false};
    for (size_t k = 0; k < c->variant_count; k++)
        fill_cells(text[k + 1], rows, c->variants[k], c->text, k == 0, c->variant_count == 1);
    for (int i = 0; i < CELL_COUNT; i++) {
        snprintf(text[0][i], 64, "%s", cells[i].head);
        width[i] = (int)strlen(text[0][i]);
        for (size_t k = 1; k <= c->variant_count; k++) {
            shown[i] = shown[i] || text[k][i][0] != '\0';
            if ((int)strlen(text[k][i]) > width[i]) width[i] = (int)strlen(text[k][i]);
        }
    }
    choose_cells(shown, width);
    printf("%s %s, %d thread%s, %ld block%s\n", op_info(q->op)->name, c->text, q->threads,
           q->threads > 1 ? "s" : "", q->blocks, q->blocks > 1 ? "s" : "");
    for (size_t k = 0; k <= c->variant_count; k++) print_line(text[k], shown, width);
}

// Why an event is not counted here; "" where it is.
static void why_not(const char *event, char *why, size_t size) {
    struct counters *c = NULL;
    why[0] = '\0';
    if (counters_open(&c, &event, 1) != 0) return;
    snprintf(why, size, "%s", counters_event(c, 0)->reason);
    counters_close(c);
}

// Broken between words, so that lines fit the terminal.
static void print_wrapped(const char *text, int indent) {
    int at = 0, width = terminal_columns();
    for (size_t bytes; *text != '\0'; text += bytes, text += strspn(text, " ")) {
        bytes = strcspn(text, " ");
        if (at > 0 && at + 1 + (int)bytes > width) {
            putchar('\n');
            at = 0;
        }
        at += at == 0 ? printf("%*s%.*s", indent, "", (int)bytes, text)
                      : printf(" %.*s", (int)bytes, text);
    }
    putchar('\n');
}

// Events that nothing was counted of share a line with those of the same status.
static void print_uncounted(const struct compare_request *q, const struct compare_case *c,
                            const struct compare_rows *rows) {
    const char *status = NULL;
    char why[256];
    for (size_t i = 0; i < q->event_count; i++) {
        const struct compare_row *r = find(rows, c->variants[0], c->text, q->events[i]);
        if (r == NULL || !isnan(r->value)) continue;
        if (status != NULL && strcmp(status, r->status) != 0) printf(": %s\n", status);
        printf("%s%s", status != NULL && strcmp(status, r->status) == 0 ? ", " : "  ",
               q->events[i]);
        status = r->status;
        why_not(q->events[i], why, sizeof why);
    }
    if (status == NULL) return;
    printf(": %s\n", status);
    if (why[0] != '\0') print_wrapped(why, 4);
}

static void print_counted(const struct compare_case *c, const struct compare_rows *rows,
                          const char *event) {
    const struct compare_row *first = find(rows, c->variants[0], c->text, event);
    size_t widest = 0;
    if (first == NULL || isnan(first->value)) return;
    for (size_t k = 0; k < c->variant_count; k++)
        if (strlen(c->variants[k]->variant) > widest) widest = strlen(c->variants[k]->variant);
    printf("  %s a call (%s)\n", event, first->source);
    for (size_t k = 0; k < c->variant_count; k++) {
        const struct compare_row *r = find(rows, c->variants[k], c->text, event);
        if (r == NULL || isnan(r->value))
            printf("    %-*s  %s\n", (int)widest, c->variants[k]->variant,
                   r != NULL ? r->status : "");
        else if (k == 0 || !(first->value > 0))
            printf("    %-*s  %.6g\n", (int)widest, c->variants[k]->variant, r->value);
        else
            printf("    %-*s  %-12.6g %.4g of A\n", (int)widest, c->variants[k]->variant, r->value,
                   r->value / first->value);
    }
}

static void print_control(const struct compare_case *c) {
    const double percent = 100 * COMPARE_MIN_EFFECT;
    if (isnan(c->control)) return;
    printf("  A/A control: %.3f (%.3f to %.3f at 99 %%), ", c->control, c->control_lo,
           c->control_hi);
    if (c->control_passed)
        printf("within %g %%\n", percent);
    else if (isnan(c->blocks_needed))
        printf("not within %g %%:\n  nothing is claimed\n", percent);
    else
        printf("not within %g %%:\n  nothing is claimed; at this noise it takes about %.0f "
               "blocks\n",
               percent, c->blocks_needed);
}

int compare_print(const struct compare_request *q, const struct compare_rows *rows,
                  enum table_format format, const char *run_path) {
    fprintf(stderr, "run: %s\n", run_path);
    if (format != TABLE_text) return print_all(q, rows, format);
    for (size_t i = 0; i < q->case_count; i++) {
        if (i > 0) printf("\n");
        print_case(q, &q->cases[i], rows);
        for (size_t e = 0; e < q->event_count; e++) print_counted(&q->cases[i], rows, q->events[e]);
        print_uncounted(q, &q->cases[i], rows);
        print_control(&q->cases[i]);
    }
    return 0;
}
