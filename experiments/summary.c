// SPDX-License-Identifier: MIT
// Everything comes from the run's own files in an order that depends on nothing else, so that the
// same bytes come out again.
#include "experiments/summary.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/failure.h"
#include "experiments/summary_metrics.h"
#include "experiments/summary_row.h"
#include "probes/group.h"

static void write_row(struct csv_writer *w, const struct summary_input *in,
                      const struct summary_row *row, int version) {
    const struct comparison *c = &row->against;
    csv_text(w, csv_cell(in->points, row->point, csv_column(in->points, "case")));
    csv_text(w, csv_cell(in->points, row->point, csv_column(in->points, "point")));
    csv_text(w, row->arm);
    csv_text(w, row->measure);
    csv_text(w, row->unit);
    csv_text(w, row->source);
    csv_number(w, row->estimate);
    csv_number(w, row->minimum);
    csv_number(w, row->lo);
    csv_number(w, row->hi);
    if (row->exact)
        csv_empty(w);
    else
        csv_integer(w, (int64_t)row->n);
    csv_number(w, c->effect);
    csv_number(w, c->lo);
    csv_number(w, c->hi);
    csv_number(w, c->p);
    csv_text(w, comparison_verdict_name(c->verdict));
    csv_integer(w, version);
    // Of the primary measure alone.
    csv_number(w, row->primary ? c->smallest : (double)NAN);
    csv_number(w, row->primary ? c->blocks_needed : (double)NAN);
    if (row->n > 0 && version > 1)
        csv_integer(w, (int64_t)row->outliers);
    else
        csv_empty(w);
    csv_text(w, row->status != NULL ? row->status : "");
    csv_end_row(w);
}

// By point and arm; measures stay in the order in which they were added.
static int compare_places(const void *a, const void *b) {
    const struct summary_row *x = *(const struct summary_row *const *)a,
                             *y = *(const struct summary_row *const *)b;
    if (x->point != y->point) return x->point < y->point ? -1 : 1;
    int arms = strcmp(x->arm, y->arm);
    return arms != 0 ? arms : (x > y) - (x < y);
}

int summary_compute(struct csv_writer *w, const struct summary_input *in, int version) {
    struct summary_samples times;
    struct summary_rows rows = {0};
    const struct summary_row **order = NULL;
    int status = summary_samples_read(&times, in, false);
    const struct series series = {.in = in, .samples = &times, .version = version};
    if (status == 0) status = summary_rows_of(&rows, &series);
    if (status == 0 && version > 1) status = summary_rows_of_counts(&rows, in, &times, version);
    if (status == 0 && version > 1) status = summary_rows_of_metrics(&rows, in, &times, version);
    if (status == 0 && version > 1) status = summary_rows_judge(&rows, in, &times);
    if (status == 0 && (order = malloc((rows.count + 1) * sizeof *order)) == NULL)
        status = fail(EXIT_FAILED, "out of memory for a summary");
    if (status != 0) goto out;
    for (size_t i = 0; i < rows.count; i++) order[i] = &rows.rows[i];
    qsort(order, rows.count, sizeof *order, compare_places);
    for (const char *const *name = run_file_columns(RUN_summary); *name != NULL; name++)
        csv_text(w, *name);
    csv_end_row(w);
    for (size_t i = 0; i < rows.count; i++) write_row(w, in, order[i], version);
out:
    free(order);
    free(rows.rows);
    summary_samples_free(&times);
    return status;
}

static int read_file(struct csv_table *t, const char *directory, enum run_file f) {
    char path[4200];
    snprintf(path, sizeof path, "%s/%s", directory, run_file_name(f));
    return csv_read(t, path);
}

int summary_write(const char *directory, const struct protocol *p, const char *output_path) {
    char path[4200];
    struct csv_table points = {0}, samples = {0}, counts = {0};
    struct csv_writer w = {0};
    int status = read_file(&points, directory, RUN_points);
    if (status == 0) status = read_file(&samples, directory, RUN_samples);
    if (status == 0) status = read_file(&counts, directory, RUN_counts);
    snprintf(path, sizeof path, "%s/summary.csv", directory);
    if (status == 0) status = csv_create(&w, output_path != NULL ? output_path : path);
    if (status == 0) {
        const struct summary_input in = {p, &points, &samples, &counts, group_selected()};
        status = summary_compute(&w, &in, STATISTICS_VERSION);
        char reason[2048];
        snprintf(reason, sizeof reason, "%s", failure());
        int closed = csv_close(&w);
        if (status == 0)
            status = closed;
        else
            fail(status, "%s", reason);
    }
    csv_free(&points);
    csv_free(&samples);
    csv_free(&counts);
    return status;
}
