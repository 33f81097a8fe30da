// SPDX-License-Identifier: MIT
// Times and counters of variants: one protocol, one run, the rows of its summary.
#include "experiments/compare.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/error.h"
#include "engine/model.h"
#include "experiments/driver.h"
#include "experiments/failure.h"
#include "experiments/quantile.h"
#include "experiments/run_dir.h"

#define EVENTS_A_PASS 4 // besides cycles and instructions, which each pass has as its anchor

// ---- the protocol -----------------------------------------------------------------------------

static void write_passes(FILE *f, const struct compare_request *q) {
    size_t written = 0;
    bool anchored = q->source == NULL || strcmp(q->source, "soft") != 0, any = false;
    for (size_t i = 0; i < q->event_count; i++) {
        bool anchor =
            strcmp(q->events[i], "cycles") == 0 || strcmp(q->events[i], "instructions") == 0;
        if (anchor && anchored) continue;
        if (written % EVENTS_A_PASS == 0)
            fprintf(f, "%spass       %s", any ? "\n" : "", anchored ? "cycles instructions" : "");
        fprintf(f, " \"%s\"", q->events[i]);
        any = true;
        written++;
    }
    if (!any && anchored) fprintf(f, "pass       cycles instructions");
    if (any || anchored) fputc('\n', f);
}

static int write_protocol(const struct compare_request *q, const char *path) {
    const char *op = op_info(q->op)->name;
    FILE *f = fopen(path, "w");
    if (f == NULL) return fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
    fprintf(f,
            "# One call of compare\n\nWritten by `inferometer compare`: how variants of one kernel "
            "differ here.\n\n```protocol\nprotocol   compare\nversion    1\nthreads    %d\n"
            "design     blocks=%ld seed=1 layout_seed=1 warmup=1\nprimary    ns\n"
            "decide     ci=0.95 min_effect=%g\n",
            q->threads, q->blocks, COMPARE_MIN_EFFECT);
    write_passes(f, q);
    for (size_t i = 0; i < q->case_count; i++) {
        const struct compare_case *c = &q->cases[i];
        if (op_info(q->op)->op_class == CLASS_yardstick)
            fprintf(f, "\ncase       %s\nphase      yardstick %s bytes=%td\n", c->text, op,
                    c->shape.rows);
        else
            fprintf(f, "\ncase       %s\nphase      kernel %s %s\n", c->text, op, c->text);
        for (size_t k = 0; k < c->variant_count; k++)
            fprintf(f, "arm        %c %s=%s\n", 'A' + (int)k, op, c->variants[k]->variant);
    }
    fprintf(f, "```\n");
    return fclose(f) == 0 ? 0 : fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
}

static int measure(const struct compare_request *q, const struct command *c, char **run_path) {
    char *cache = NULL, directory[4200], path[4300], out[4300];
    struct protocol *p = NULL;
    if (source_cache_dir(&cache) != 0) return fail(EXIT_FAILED, "%s", engine_error());
    snprintf(directory, sizeof directory, "%s/compare.%ld", cache, (long)getpid());
    snprintf(path, sizeof path, "%s/compare.md", directory);
    snprintf(out, sizeof out, "%s", command_value(c, "--out", ""));
    if (out[0] == '\0') snprintf(out, sizeof out, "%s/results", cache);
    free(cache);
    if (mkdir(directory, 0777) != 0) return fail(EXIT_FAILED, "%s: %s", directory, strerror(errno));
    const struct driver_options o = {.out_root = out, .large_allowed = true};
    int status = write_protocol(q, path);
    if (status == 0) status = protocol_read(&p, path, NULL, 0);
    if (status == 0) status = driver_execute(p, &o, run_path);
    if (p != NULL) protocol_free(p);
    unlink(path);
    rmdir(directory);
    return status;
}

// ---- its summary ------------------------------------------------------------------------------

struct reading { // of one variant at one shape
    const struct compare_request *q;
    const struct run *run;
    const struct compare_case *c;
    struct compare_rows *rows;
    const char *arm;
    struct compare_row row; // what all of its rows have
    double amount;          // calls that a sample is
};

static double summary_number(const struct run *run, size_t row, const char *column) {
    const struct csv_table *t = &run->files[RUN_summary];
    int at = csv_column(t, column);
    return at >= 0 ? csv_cell_number(t, row, at) : (double)NAN;
}

static const char *summary_text(const struct run *run, size_t row, const char *column) {
    const struct csv_table *t = &run->files[RUN_summary];
    int at = csv_column(t, column);
    return at >= 0 ? csv_cell(t, row, at) : "";
}

// The row of a measure of an arm of a case; -1: there is none.
static long find_row(const struct run *run, const char *case_name, const char *arm,
                     const char *measure_name) {
    const struct csv_table *t = &run->files[RUN_summary];
    for (size_t i = 0; i < t->row_count; i++)
        if (strcmp(summary_text(run, i, "case"), case_name) == 0 &&
            strcmp(summary_text(run, i, "arm"), arm) == 0 &&
            strcmp(summary_text(run, i, "measure"), measure_name) == 0)
            return (long)i;
    return -1;
}

static double estimate_of(const struct run *run, const char *case_name, const char *arm,
                          const char *measure_name) {
    long row = find_row(run, case_name, arm, measure_name);
    return row < 0 ? (double)NAN : summary_number(run, (size_t)row, "estimate");
}

// Calls of the shape that a sample of the arm is: a part of one, or many.
static double calls_of_sample(const struct run *run, const struct compare_request *q,
                              const struct compare_case *c, const char *arm) {
    const struct csv_table *t = &run->files[RUN_samples];
    const struct op_info *op = op_info(q->op);
    for (size_t i = 0; i < t->row_count; i++) {
        if (strcmp(csv_cell(t, i, csv_column(t, "case")), c->text) != 0 ||
            strcmp(csv_cell(t, i, csv_column(t, "arm")), arm) != 0)
            continue;
        double bytes = csv_cell_number(t, i, csv_column(t, "bytes"));
        double ops = csv_cell_number(t, i, csv_column(t, "ops"));
        return op->ops(&c->shape) > 0 ? ops / op->ops(&c->shape) : bytes / op->bytes(&c->shape);
    }
    return NAN;
}

static void take_effect(struct compare_row *to, const struct run *run, size_t row) {
    const char *verdict = summary_text(run, row, "verdict");
    to->effect = summary_number(run, row, "effect");
    to->effect_lo = summary_number(run, row, "effect_lo");
    to->effect_hi = summary_number(run, row, "effect_hi");
    to->p = summary_number(run, row, "p");
    to->n = summary_number(run, row, "n");
    to->verdict = verdict[0] != '\0' ? verdict : NULL;
}

// A row of the summary, its values times `factor`.
static int add_measured(struct reading *r, const char *from, const char *name, const char *unit,
                        double factor) {
    struct compare_row row = r->row;
    long at = find_row(r->run, r->c->text, r->arm, from);
    if (at < 0) return 0;
    const char *status = summary_text(r->run, (size_t)at, "status");
    const char *source = summary_text(r->run, (size_t)at, "source");
    take_effect(&row, r->run, (size_t)at);
    row.measure = compare_keep(r->rows, name);
    row.unit = unit;
    row.source = compare_keep(r->rows, source);
    row.value = summary_number(r->run, (size_t)at, "estimate") * factor;
    row.lo = summary_number(r->run, (size_t)at, "lo") * factor;
    row.hi = summary_number(r->run, (size_t)at, "hi") * factor;
    row.verdict = row.verdict != NULL ? compare_keep(r->rows, row.verdict) : NULL;
    if (isnan(row.value)) row.n = NAN;
    row.status = compare_keep(r->rows, status[0] != '\0' ? status : "ok");
    return compare_add(r->rows, &row);
}

// A rate from the time of a sample, whose median no single bad sample moves; effects as the time's.
static int add_rate(struct reading *r, const char *name, const char *unit, double amount) {
    struct compare_row row = r->row;
    long at = find_row(r->run, r->c->text, r->arm, "ns");
    if (at < 0 || !(amount > 0)) return 0;
    double ns = summary_number(r->run, (size_t)at, "estimate");
    take_effect(&row, r->run, (size_t)at);
    row.verdict = NULL; // the time's alone carries one
    row.measure = name;
    row.unit = unit;
    row.source = "model-soft";
    row.value = amount * r->amount / ns;
    row.lo = amount * r->amount / summary_number(r->run, (size_t)at, "hi");
    row.hi = amount * r->amount / summary_number(r->run, (size_t)at, "lo");
    row.status = "ok";
    return compare_add(r->rows, &row);
}

// Which of the ceilings binds: the one that the variant comes closest to.
static void find_ceiling(struct reading *r) {
    static const char *const names[] = {"read", "write", "copy", "fma", "int8", "bf16"};
    double most = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char measure_name[32];
        snprintf(measure_name, sizeof measure_name, "fraction_of_%s", names[i]);
        double fraction = estimate_of(r->run, r->c->text, r->arm, measure_name);
        if (fraction > most) most = fraction, r->row.ceiling = names[i];
    }
    r->row.fraction_of_ceiling = estimate_of(r->run, r->c->text, r->arm, "fraction_of_ceiling");
    if (isnan(r->row.fraction_of_ceiling)) r->row.ceiling = NULL;
}

// Of all samples of the case.
static double effective_ghz(const struct run *run, const char *case_name) {
    const struct csv_table *t = &run->files[RUN_samples];
    double *mhz = malloc((t->row_count + 1) * sizeof *mhz), median;
    size_t n = 0;
    for (size_t i = 0; mhz != NULL && i < t->row_count; i++) {
        double value = csv_cell_number(t, i, csv_column(t, "eff_mhz"));
        if (strcmp(csv_cell(t, i, csv_column(t, "case")), case_name) == 0 && value > 0)
            mhz[n++] = value;
    }
    median = n > 0 ? quantile_of(mhz, n, 0.5) / 1000 : (double)NAN;
    free(mhz);
    return median;
}

// Cycles of all threads an element: counted, or (source soft) time times effective frequency.
static int add_cycles(struct reading *r) {
    struct compare_row row = r->row;
    long at = find_row(r->run, r->c->text, r->arm, "cycles_per_element");
    if (at >= 0 && !isnan(summary_number(r->run, (size_t)at, "estimate")))
        return add_measured(r, "cycles_per_element", "cycles_per_element", "", 1);
    at = find_row(r->run, r->c->text, r->arm, "ns_per_element");
    double factor = effective_ghz(r->run, r->c->text) * r->q->threads;
    if (at < 0 || isnan(factor)) return 0;
    row.measure = "cycles_per_element";
    row.unit = "";
    row.source = "soft";
    row.value = summary_number(r->run, (size_t)at, "estimate") * factor;
    row.lo = summary_number(r->run, (size_t)at, "lo") * factor;
    row.hi = summary_number(r->run, (size_t)at, "hi") * factor;
    row.n = summary_number(r->run, (size_t)at, "n");
    row.status = "ok";
    return compare_add(r->rows, &row);
}

static int add_events(struct reading *r) {
    int status = 0;
    if (r->q->source != NULL && strcmp(r->q->source, "soft") == 0 && r->q->event_count == 0)
        return 0;
    for (size_t i = 0; status == 0 && i < r->q->event_count; i++) {
        size_t before = r->rows->count;
        status = add_measured(r, r->q->events[i], r->q->events[i], "", 1 / r->amount);
        if (status == 0 && r->rows->count == before) { // nothing is known of it, not even why
            struct compare_row row = r->row;
            row.measure = r->q->events[i];
            row.source = "pmu";
            row.status = "unsupported";
            row.ceiling = NULL;
            row.fraction_of_ceiling = NAN;
            status = compare_add(r->rows, &row);
        }
    }
    return status;
}

static int add_variant(struct reading *r) {
    const struct op_info *op = op_info(r->q->op);
    const struct compare_row plain = r->row;
    r->amount = calls_of_sample(r->run, r->q, r->c, r->arm);
    find_ceiling(r);
    int status = add_measured(r, "ns", "ns", "ns", 1 / r->amount);
    if (status == 0) status = add_rate(r, "gbps", "GB/s", op->bytes(&r->c->shape));
    if (status == 0) status = add_rate(r, "gops", "GOP/s", op->ops(&r->c->shape));
    r->row = plain;
    if (status == 0) status = add_measured(r, "ns_per_element", "ns_per_element", "ns", 1);
    if (status == 0) status = add_cycles(r);
    return status != 0 ? status : add_events(r);
}

// ---- controls ---------------------------------------------------------------------------------

static void read_control(struct compare_case *c, const struct run *run) {
    long row = find_row(run, c->text, "A'", "ns");
    c->control = c->control_lo = c->control_hi = c->blocks_needed = NAN;
    if (row < 0) return;
    c->control = exp(summary_number(run, (size_t)row, "effect"));
    c->control_lo = exp(summary_number(run, (size_t)row, "effect_lo"));
    c->control_hi = exp(summary_number(run, (size_t)row, "effect_hi"));
    c->blocks_needed = summary_number(run, (size_t)row, "blocks_needed");
    c->control_passed = strcmp(summary_text(run, (size_t)row, "verdict"), "equivalent") == 0;
}

int compare_measure(struct compare_request *q, const struct command *c, struct compare_rows *rows,
                    char **run_path) {
    struct run run;
    int status = measure(q, c, run_path);
    if (status == 0) status = run_open(&run, *run_path);
    if (status != 0) return status;
    for (size_t i = 0; status == 0 && i < q->case_count; i++) {
        read_control(&q->cases[i], &run);
        for (size_t k = 0; status == 0 && k < q->cases[i].variant_count; k++) {
            const char arm[2] = {(char)('A' + (int)k), '\0'};
            struct reading r = {.q = q,
                                .run = &run,
                                .c = &q->cases[i],
                                .rows = rows,
                                .arm = arm,
                                .row = COMPARE_ROW_EMPTY};
            r.row.kernel = q->cases[i].variants[k];
            r.row.shape = q->cases[i].text;
            r.row.threads = q->threads;
            status = add_variant(&r);
        }
    }
    run_close(&run);
    return status;
}
