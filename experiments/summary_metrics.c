// SPDX-License-Identifier: MIT
// Metrics of the group file as measures: of each sample, from the sums of its events over threads
// and regions. Those that the protocol's `pass` names, so that a longer group file changes no old
// summary.
#include "experiments/summary_row.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/failure.h"
#include "experiments/summary_metrics.h"
#include "probes/counters.h"
#include "probes/group.h"

#define EVENTS_MAX 32

struct metric_sums { // of one metric: of each sample and event the sum, NaN where a part is missing
    const struct event_group *group;
    const struct group_metric *metric;
    const char *events[EVENTS_MAX];
    size_t event_count;
    double *sums;          // [samples][event_count]
    const char **statuses; // [samples][event_count]: why it is missing; NULL: no row either
    const char *source;    // of the events
};

static double *cell(struct metric_sums *m, size_t sample, size_t event) {
    return &m->sums[sample * m->event_count + event];
}

// A region's part adds up; what was counted over the whole sample stands alone.
static void add_rows(struct metric_sums *m, const struct summary_input *in) {
    const struct csv_table *t = in->counts, *samples = in->samples;
    const int key = csv_column(t, "key"), event = csv_column(t, "event");
    const int value = csv_column(t, "value_net"), status = csv_column(t, "status");
    const int source = csv_column(t, "source");
    const double first = csv_cell_number(samples, 0, csv_column(samples, "key"));
    for (size_t row = 0; row < t->row_count; row++) {
        const double at = csv_cell_number(t, row, key) - first;
        size_t e = 0;
        while (e < m->event_count && strcmp(m->events[e], csv_cell(t, row, event)) != 0) e++;
        if (e == m->event_count || !(at >= 0 && at < (double)samples->row_count)) continue;
        const size_t sample = (size_t)at;
        const double n = csv_cell_number(t, row, value);
        const char **why = &m->statuses[sample * m->event_count + e];
        double *sum = cell(m, sample, e);
        if (m->source == NULL) m->source = csv_cell(t, row, source);
        if (isnan(n) && *why == NULL) *why = csv_cell(t, row, status);
        *sum = isnan(*sum) ? n : isnan(n) ? *sum : *sum + n;
    }
}

struct terms {
    struct metric_sums *m;
    size_t sample;
    double wall_ns;
    const char *why; // the first status that keeps the metric from having a value
};

static enum status term(void *arg, const char *name, double *value) {
    struct terms *t = arg;
    *value = NAN;
    if (strcmp(name, "time_ns") == 0) {
        *value = t->wall_ns;
        return STATUS_ok;
    }
    for (size_t e = 0; e < t->m->event_count; e++) {
        if (strcmp(t->m->events[e], name) != 0) continue;
        const char *why = t->m->statuses[t->sample * t->m->event_count + e];
        *value = *cell(t->m, t->sample, e);
        if (why == NULL && !isnan(*value)) return STATUS_ok;
        if (t->why == NULL) t->why = why;
        return STATUS_lost;
    }
    return STATUS_unsupported; // line_bytes: group_evaluate knows it
}

// Of bytes, those of a token.
static bool extensive(const struct group_metric *m) {
    return strcmp(m->unit, "bytes") == 0;
}

static int add_metric(struct summary_rows *r, const struct summary_input *in,
                      struct summary_samples *samples, const struct summary_samples *times,
                      struct metric_sums *m, const char **statuses, int version) {
    size_t counted = 0;
    bool model = false;
    for (size_t i = 0; i < in->points->row_count; i++) statuses[i] = NULL;
    for (size_t i = 0; i < samples->count; i++) {
        struct summary_sample *s = &samples->samples[i];
        struct terms t = {m, s->row, s->wall_ns, NULL};
        const enum status status = group_evaluate(m->group, m->metric, term, &t, &s->count);
        model = model || s->part != PART_none;
        if (extensive(m->metric) && s->part != PART_none) s->count /= s->tokens;
        if (!isnan(s->count)) counted++;
        // Ceilings between the samples have no events, and no say.
        s->why = NULL;
        if (isnan(s->count))
            s->why = t.why == NULL && status == STATUS_zero_suspect ? status_name(status) : t.why;
        if (statuses[s->point] == NULL) statuses[s->point] = s->why;
    }
    const char *absent = group_metric_absent(m->group, m->metric, NULL);
    for (size_t i = 0; counted == 0 && i < in->points->row_count; i++)
        if (statuses[i] == NULL)
            statuses[i] = *absent ? status_name(STATUS_unsupported) : m->statuses[0];
    struct series s = {.in = in,
                       .samples = counted > 0 ? samples : times,
                       .version = version,
                       .event = m->metric->name,
                       .source = m->source != NULL ? m->source : source_name(SOURCE_pmu),
                       .statuses = statuses,
                       .unit = strcmp(m->metric->unit, "1") == 0 ? ""
                               : extensive(m->metric) && model   ? "bytes/token"
                                                                 : m->metric->unit};
    return summary_rows_of(r, &s);
}

// Why no pass was made, where none was: the events' rows stand at the samples of times.
static void find_reason(struct metric_sums *m, size_t samples) {
    for (size_t i = 0; i < samples * m->event_count; i++)
        if (m->statuses[i] != NULL) {
            m->statuses[0] = m->statuses[i];
            return;
        }
    m->statuses[0] = status_name(STATUS_unsupported);
}

static int one_word(struct summary_rows *r, const struct summary_input *in,
                    struct summary_samples *samples, const struct summary_samples *times,
                    const struct group_metric *metric, int version) {
    const size_t rows = in->samples->row_count;
    struct metric_sums m = {.group = in->group, .metric = metric};
    m.event_count = group_metric_events(in->group, metric, m.events, EVENTS_MAX);
    if (m.event_count > EVENTS_MAX) m.event_count = EVENTS_MAX;
    const size_t cells = rows * m.event_count + 1;
    m.sums = malloc(cells * sizeof *m.sums);
    m.statuses = calloc(cells, sizeof *m.statuses);
    const char **statuses = calloc(in->points->row_count + 1, sizeof *statuses);
    int status = 0;
    if (m.sums == NULL || m.statuses == NULL || statuses == NULL)
        status = fail(EXIT_FAILED, "out of memory for a summary");
    for (size_t i = 0; status == 0 && i < cells; i++) m.sums[i] = NAN;
    if (status == 0) {
        add_rows(&m, in);
        if (samples->count == 0) find_reason(&m, rows);
        status = add_metric(r, in, samples, times, &m, statuses, version);
    }
    free(m.sums);
    free(m.statuses);
    free(statuses);
    return status;
}

// Simulators and llvm-mca have measures of their own, some by the same names.
static bool counts_hardware(const struct protocol_case *c) {
    const char *source = c->point_count > 0 ? c->points[0].settings.source : NULL;
    return source == NULL || strcmp(source, "pmu") == 0;
}

static bool named(const struct protocol *p, const char *metric) {
    for (size_t i = 0; i < p->case_count; i++) {
        const struct protocol_case *c = &p->cases[i];
        for (char **w = c->pass_words; counts_hardware(c) && w != NULL && *w != NULL; w++)
            if (strcmp(*w, metric) == 0) return true;
    }
    return false;
}

int summary_rows_of_metrics(struct summary_rows *r, const struct summary_input *in,
                            const struct summary_samples *times, int version) {
    struct summary_samples samples = {0};
    int status = 0;
    if (in->group == NULL || in->counts->row_count == 0 || in->samples->row_count == 0) return 0;
    status = summary_samples_read(&samples, in, true);
    for (size_t i = 0; status == 0 && i < in->group->metric_count; i++) {
        const struct group_metric *metric = &in->group->metrics[i];
        if (named(in->protocol, metric->name))
            status = one_word(r, in, &samples, times, metric, version);
    }
    summary_samples_free(&samples);
    return status;
}
