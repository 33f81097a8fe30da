// SPDX-License-Identifier: MIT
// The events of counts.csv as measures: of each sample the sum over its threads and regions.
#include "experiments/summary_row.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/failure.h"

struct columns {
    int key, region, event, source, value, status;
};

struct sum { // of one sample and event
    double whole, regions;
    bool has_whole, has_regions;
    const char *bad; // status of a part that has no value
};

// Events are told apart by their source too: sources are never mixed.
static bool same_event(const struct csv_table *t, const struct columns *c, size_t a, size_t b) {
    return strcmp(csv_cell(t, a, c->event), csv_cell(t, b, c->event)) == 0 &&
           strcmp(csv_cell(t, a, c->source), csv_cell(t, b, c->source)) == 0;
}

static bool seen_before(const struct csv_table *t, const struct columns *c, size_t row) {
    for (size_t i = 0; i < row; i++)
        if (same_event(t, c, i, row)) return true;
    return false;
}

static size_t find_point(const struct summary_input *in, size_t sample_row) {
    const struct csv_table *p = in->points, *s = in->samples;
    const char *name = csv_cell(s, sample_row, csv_column(s, "case")),
               *point = csv_cell(s, sample_row, csv_column(s, "point"));
    size_t i = 0;
    while (i < p->row_count && (strcmp(csv_cell(p, i, csv_column(p, "case")), name) != 0 ||
                                strcmp(csv_cell(p, i, csv_column(p, "point")), point) != 0))
        i++;
    return i;
}

static void add_count(struct sum *sum, const char *region, double value, const char *status) {
    bool whole = region[0] == '\0';
    if (isnan(value)) {
        if (sum->bad == NULL) sum->bad = status;
    } else if (whole) {
        sum->whole += value;
        sum->has_whole = true;
    } else {
        sum->regions += value;
        sum->has_regions = true;
    }
}

// A sample of which a part is missing has no count: its sum would be too small. What was counted
// over the whole sample is not added to its regions.
static double total(const struct sum *sum) {
    if (sum->bad != NULL) return NAN;
    return sum->has_whole ? sum->whole : sum->has_regions ? sum->regions : (double)NAN;
}

// Sums the event that row `first` names; statuses: of each point, where a count is missing.
static int sum_event(const struct summary_input *in, const struct columns *c, size_t first,
                     struct sum *sums, const char **statuses) {
    const struct csv_table *t = in->counts, *samples = in->samples;
    const double first_key = csv_cell_number(samples, 0, csv_column(samples, "key"));
    memset(sums, 0, samples->row_count * sizeof *sums);
    memset(statuses, 0, in->points->row_count * sizeof *statuses);
    for (size_t row = first; row < t->row_count; row++) {
        if (!same_event(t, c, first, row)) continue;
        double at = csv_cell_number(t, row, c->key) - first_key;
        if (!(at >= 0 && at < (double)samples->row_count))
            return fail(EXIT_FAILED, "%s: row %zu: samples.csv has no sample '%s'", t->path,
                        row + 1, csv_cell(t, row, c->key));
        double value = csv_cell_number(t, row, c->value);
        add_count(&sums[(size_t)at], csv_cell(t, row, c->region), value,
                  csv_cell(t, row, c->status));
        if (!isnan(value)) continue;
        size_t point = find_point(in, (size_t)at);
        if (point < in->points->row_count && statuses[point] == NULL)
            statuses[point] = csv_cell(t, row, c->status);
    }
    return 0;
}

// How many of the samples have one.
static size_t set_counts(struct summary_samples *samples, const struct sum *sums) {
    size_t counted = 0;
    for (size_t i = 0; i < samples->count; i++) {
        struct summary_sample *one = &samples->samples[i];
        double count = total(&sums[one->row]);
        one->count = one->part != PART_none ? count / one->tokens : count;
        one->why = sums[one->row].bad;
        if (!isnan(count)) counted++;
    }
    return counted;
}

static int add_event(struct summary_rows *r, struct series *s, struct summary_samples *samples,
                     const struct summary_samples *times, const struct sum *sums) {
    size_t counted = set_counts(samples, sums);
    struct summary_samples fallback = {0};
    if (counted == 0 && times->count > 0) {
        fallback.samples = malloc(times->count * sizeof *fallback.samples);
        if (fallback.samples == NULL) return fail(EXIT_FAILED, "out of memory for a summary");
        memcpy(fallback.samples, times->samples, times->count * sizeof *fallback.samples);
        fallback.count = times->count;
        fallback.bindings = times->bindings;
    }
    // Nothing was counted in a pass: by simulation of samples that were timed, or not at all, and
    // perhaps not even a pass was made: the arms are those of the times.
    bool model = false;
    s->samples = counted > 0 ? samples : set_counts(&fallback, sums) > 0 ? &fallback : times;
    for (size_t i = 0; i < s->samples->count; i++)
        model = model || s->samples->samples[i].part != PART_none;
    s->unit = model ? "1/token" : "1/sample";
    const int status = summary_rows_of(r, s);
    free(fallback.samples);
    s->samples = counted > 0 ? samples : times;
    return status;
}

static int add_cycles(struct summary_rows *r, struct series *s, struct summary_samples *samples) {
    for (size_t i = 0; i < samples->count; i++)
        samples->samples[i].count /= samples->samples[i].elements;
    struct series cycles = *s;
    cycles.event = "cycles_per_element";
    cycles.unit = "";
    cycles.statuses = NULL;
    return summary_rows_of(r, &cycles);
}

int summary_rows_of_counts(struct summary_rows *r, const struct summary_input *in,
                           const struct summary_samples *times, int version) {
    const struct csv_table *t = in->counts;
    if (t->row_count == 0 || in->samples->row_count == 0) return 0;
    const struct columns c = {csv_column(t, "key"),       csv_column(t, "region"),
                              csv_column(t, "event"),     csv_column(t, "source"),
                              csv_column(t, "value_net"), csv_column(t, "status")};
    struct summary_samples samples;
    int status = summary_samples_read(&samples, in, true);
    struct sum *sums = malloc(in->samples->row_count * sizeof *sums);
    const char **statuses = malloc((in->points->row_count + 1) * sizeof *statuses);
    if (status == 0 && (sums == NULL || statuses == NULL))
        status = fail(EXIT_FAILED, "out of memory for a summary");
    for (size_t row = 0; status == 0 && row < t->row_count; row++) {
        if (row > 0 && same_event(t, &c, row, row - 1)) continue;
        if (seen_before(t, &c, row)) continue;
        status = sum_event(in, &c, row, sums, statuses);
        struct series s = {.in = in,
                           .version = version,
                           .event = csv_cell(t, row, c.event),
                           .source = csv_cell(t, row, c.source),
                           .statuses = statuses};
        if (status == 0) status = add_event(r, &s, &samples, times, sums);
        if (status == 0 && s.samples == &samples && strcmp(s.event, "cycles") == 0)
            status = add_cycles(r, &s, &samples);
    }
    free(statuses);
    free(sums);
    summary_samples_free(&samples);
    return status;
}
