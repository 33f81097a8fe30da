// SPDX-License-Identifier: MIT
// The block's value of each measure, then their median. Everything comes from points.csv and
// samples.csv in an order that depends on nothing else, so that the same bytes come out again.
#include "experiments/summary.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/failure.h"
#include "experiments/quantile.h"
#include "experiments/run_dir.h"
#include "experiments/summary_sample.h"

enum measure {
#define MEASURE(name, ...) MEASURE_##name,
#include "experiments/measures.def"
#undef MEASURE
    MEASURE_COUNT
};
static const struct {
    const char *name, *unit, *source;
} measures[] = {
#define MEASURE(name, unit, source, ...) {#name, unit, source},
#include "experiments/measures.def"
#undef MEASURE
};

struct group { // samples of one arm at one point, by block, rep, slot; no warm-up
    const struct summary_sample *samples;
    size_t count;
    enum summary_part part; // that speeds are about
    bool ceiling, int8_binds;
    double *scratch, *block_values; // room for count each
};

// Sums over the part of one rep.
static double rep_value(const struct group *g, enum measure m, const struct summary_sample *s,
                        size_t count) {
    double wall = 0, cpu = 0, tokens = 0, bytes = 0, ops = 0, first = NAN;
    for (size_t i = 0; i < count; i++) {
        if (isnan(first)) first = s[i].first_token_ns;
        if (s[i].part != g->part) continue;
        wall += s[i].wall_ns;
        cpu += s[i].cpu_ns;
        tokens += s[i].tokens;
        bytes += s[i].bytes;
        ops += s[i].ops;
    }
    double over = NAN;
    switch (m) {
    case MEASURE_first_token_ns:
        return first;
    case MEASURE_ns_per_token:
        over = wall / tokens;
        break;
    case MEASURE_tokens_per_s:
        over = tokens / wall * 1e9;
        break;
    case MEASURE_gbps:
        over = bytes / wall;
        break;
    case MEASURE_gops:
        over = ops / wall;
        break;
    case MEASURE_cpu_percent:
        over = 100 * cpu / wall;
        break;
    default:
        break;
    }
    return over > 0 && !isinf(over) ? over : (double)NAN;
}

static double sample_value(const struct group *g, enum measure m, const struct summary_sample *s) {
    double read = s->bytes / s->read_rate, ops_rate = g->int8_binds ? s->int8_rate : s->fma_rate;
    double compute = s->ops / ops_rate;
    switch (m) {
    case MEASURE_fraction_of_read:
        return read / s->wall_ns;
    case MEASURE_fraction_of_int8:
        return s->ops / s->int8_rate / s->wall_ns;
    case MEASURE_fraction_of_fma:
        return s->ops / s->fma_rate / s->wall_ns;
    case MEASURE_fraction_of_ceiling:
        return isnan(read) || isnan(compute) ? (double)NAN : fmax(read, compute) / s->wall_ns;
    case MEASURE_ns:
        return s->wall_ns;
    default:
        return NAN;
    }
}

static double percentile_of(enum measure m) {
    return m == MEASURE_token_ns_p50 ? 0.50 : m == MEASURE_token_ns_p95 ? 0.95 : 0.99;
}

// Of the generated tokens among these samples.
static double token_percentile(const struct group *g, enum measure m,
                               const struct summary_sample *s, size_t count) {
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (s[i].part == PART_gen && s[i].tokens == 1) g->scratch[n++] = s[i].wall_ns;
    return quantile_of(g->scratch, n, percentile_of(m));
}

static double median_of_reps(const struct group *g, enum measure m, const struct summary_sample *s,
                             size_t count) {
    size_t n = 0;
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i; end < count && s[end].rep == s[i].rep; end++) continue;
        double value = rep_value(g, m, s + i, end - i);
        if (!isnan(value)) g->scratch[n++] = value;
    }
    return quantile_of(g->scratch, n, 0.5);
}

static double median_of_samples(const struct group *g, enum measure m,
                                const struct summary_sample *s, size_t count) {
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        double value = s[i].part == g->part ? sample_value(g, m, &s[i]) : (double)NAN;
        if (value > 0 && !isinf(value)) g->scratch[n++] = value;
    }
    return quantile_of(g->scratch, n, 0.5);
}

static double block_value(const struct group *g, enum measure m, const struct summary_sample *s,
                          size_t count) {
    double most = NAN;
    switch (m) {
    case MEASURE_ns_per_token:
    case MEASURE_tokens_per_s:
    case MEASURE_first_token_ns:
    case MEASURE_gbps:
    case MEASURE_gops:
    case MEASURE_cpu_percent:
        return median_of_reps(g, m, s, count);
    case MEASURE_token_ns_p50:
    case MEASURE_token_ns_p95:
    case MEASURE_token_ns_p99:
        return token_percentile(g, m, s, count);
    case MEASURE_ns:
    case MEASURE_fraction_of_read:
    case MEASURE_fraction_of_int8:
    case MEASURE_fraction_of_fma:
    case MEASURE_fraction_of_ceiling:
        return median_of_samples(g, m, s, count);
    case MEASURE_peak_rss_bytes:
        for (size_t i = 0; i < count; i++) most = fmax(most, s[i].peak_rss_bytes); // NaN gives way
        return most;
    default:
        return NAN;
    }
}

static bool applies(const struct group *g, enum measure m) {
    if (m == MEASURE_gbps || m == MEASURE_gops) return true;
    if (g->ceiling) return false;
    return m != MEASURE_ns || g->part == PART_none;
}

struct row {
    const char *name, *point, *arm;
};

static void write_row(struct csv_writer *w, const struct row *row, enum measure m, double estimate,
                      double minimum, size_t n) {
    csv_text(w, row->name);
    csv_text(w, row->point);
    csv_text(w, row->arm);
    csv_text(w, measures[m].name);
    csv_text(w, measures[m].unit);
    csv_text(w, measures[m].source);
    csv_number(w, estimate);
    csv_number(w, minimum);
    csv_empty(w); // lo, hi
    csv_empty(w);
    csv_integer(w, (int64_t)n);
    for (int i = 0; i < 5; i++) csv_empty(w); // effect, its interval, p, verdict
    csv_integer(w, STATISTICS_VERSION);
    csv_end_row(w);
}

static void summarize(struct csv_writer *w, const struct row *row, const struct group *g) {
    for (int m = 0; m < MEASURE_COUNT; m++) {
        size_t n = 0;
        if (!applies(g, (enum measure)m)) continue;
        for (size_t i = 0, end; i < g->count; i = end) {
            for (end = i; end < g->count && g->samples[end].block == g->samples[i].block; end++)
                continue;
            double value = block_value(g, (enum measure)m, g->samples + i, end - i);
            if (!isnan(value)) g->block_values[n++] = value;
        }
        if (n == 0) continue;
        double estimate = quantile_of(g->block_values, n, 0.5);
        if (m == MEASURE_token_ns_p50 || m == MEASURE_token_ns_p95 || m == MEASURE_token_ns_p99)
            estimate = token_percentile(g, (enum measure)m, g->samples, g->count);
        write_row(w, row, (enum measure)m, estimate, g->block_values[0], n);
    }
}

static bool same_group(const struct summary_sample *a, const struct summary_sample *b) {
    return a->point == b->point && strcmp(a->arm, b->arm) == 0;
}

int summary_compute(struct csv_writer *w, const struct csv_table *points,
                    const struct csv_table *samples) {
    struct summary_samples all;
    int status = summary_samples_read(&all, points, samples);
    double *scratch = malloc(2 * (all.count + 1) * sizeof *scratch);
    if (status == 0 && scratch == NULL)
        status = fail(EXIT_FAILED, "%s: out of memory", samples->path);
    if (status != 0) goto out;
    for (const char *const *name = run_file_columns(RUN_summary); *name != NULL; name++)
        csv_text(w, *name);
    csv_end_row(w);
    const int name = csv_column(points, "case"), point = csv_column(points, "point");
    for (size_t i = 0, end; i < all.count; i = end) {
        const struct summary_sample *s = &all.samples[i];
        struct group g = {.samples = s,
                          .part = PART_none,
                          .scratch = scratch,
                          .block_values = scratch + all.count};
        for (end = i; end < all.count && same_group(&all.samples[end], s); end++) {
            enum summary_part part = all.samples[end].part;
            if (part == PART_prompt || (part == PART_gen && g.part == PART_none)) g.part = part;
        }
        g.count = end - i;
        g.ceiling = strncmp(s->arm, "ceiling:", 8) == 0;
        g.int8_binds = all.int8_binds[s->point];
        const struct row row = {csv_cell(points, s->point, name), csv_cell(points, s->point, point),
                                s->arm};
        summarize(w, &row, &g);
    }
out:
    free(scratch);
    summary_samples_free(&all);
    return status;
}

int summary_write(const char *directory, const char *output_path) {
    char path[4096];
    struct csv_table points = {0}, samples = {0};
    struct csv_writer w = {0};
    snprintf(path, sizeof path, "%s/points.csv", directory);
    int status = csv_read(&points, path);
    snprintf(path, sizeof path, "%s/samples.csv", directory);
    if (status == 0) status = csv_read(&samples, path);
    snprintf(path, sizeof path, "%s/summary.csv", directory);
    if (status == 0) status = csv_create(&w, output_path != NULL ? output_path : path);
    if (status == 0) {
        status = summary_compute(&w, &points, &samples);
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
    return status;
}
