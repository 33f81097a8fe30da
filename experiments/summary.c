// SPDX-License-Identifier: MIT
#include "experiments/summary.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/failure.h"
#include "experiments/record.h"
#include "experiments/run_dir.h"

// One counted sample: no warm-up, timing pass.
struct sample {
    const char *case_name, *point, *arm, *part;
    int block, rep;
    double wall_ns, cpu_ns, first_token_ns, rss_bytes, tokens, bytes, ops;
};

struct samples {
    struct sample *all; // in the order they were taken
    size_t count;
    int blocks; // one more than the highest
};

enum { CEILING_of_read, CEILING_of_fma, CEILING_of_int8, CEILING_KINDS };
static const char *const ceiling_arms[CEILING_KINDS] = {"ceiling:read", "ceiling:fma",
                                                        "ceiling:int8"};

static void summary_measure(const char *name, const char **unit, const char **source) {
#define MEASURE(measure_name, measure_unit, measure_source, ...)                                   \
    if (strcmp(name, #measure_name) == 0) *unit = measure_unit, *source = measure_source;
#include "experiments/measures.def"
#undef MEASURE
}

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// Linear between order statistics; sorts.
static double quantile(double *values, size_t n, double q) {
    if (n == 0) return NAN;
    qsort(values, n, sizeof *values, compare_doubles);
    double at = q * (double)(n - 1);
    size_t i = (size_t)at;
    return i + 1 < n ? values[i] + (at - (double)i) * (values[i + 1] - values[i]) : values[i];
}

static bool same_place(const struct sample *a, const struct sample *b) {
    return strcmp(a->case_name, b->case_name) == 0 && strcmp(a->point, b->point) == 0;
}

static double rate_of(const struct sample *s, int kind) {
    return (kind == CEILING_of_read ? s->bytes : s->ops) / s->wall_ns;
}

// The ceiling beside sample i: the mean of the slices taken just before and just after it in its
// rep.
static double ceiling_beside(const struct samples *s, size_t i, int kind) {
    const struct sample *own = &s->all[i];
    double sum = 0;
    int found = 0;
    for (int direction = -1; direction <= 1; direction += 2) {
        for (size_t j = i + (size_t)direction; j < s->count; j += (size_t)direction) {
            const struct sample *other = &s->all[j];
            if (other->block != own->block || other->rep != own->rep || !same_place(own, other))
                break;
            if (strcmp(other->arm, ceiling_arms[kind]) != 0) continue;
            sum += rate_of(other, kind);
            found++;
            break;
        }
    }
    return found > 0 ? sum / found : NAN;
}

enum { FRACTION_read, FRACTION_fma, FRACTION_int8, FRACTION_ceiling, FRACTION_KINDS };

static double fraction_of(const struct samples *s, size_t i, int kind) {
    if (kind != FRACTION_ceiling) return rate_of(&s->all[i], kind) / ceiling_beside(s, i, kind);
    // Roofline: the shortest time that reading and arithmetic allow. Models with int8 activations
    // have slices of the int8 peak beside every sample, others of the multiply-add peak.
    double read = fraction_of(s, i, FRACTION_read), ops = NAN;
    size_t before = i;
    while (before > 0 && isnan(ops)) {
        const struct sample *other = &s->all[--before];
        if (strcmp(other->arm, ceiling_arms[CEILING_of_int8]) == 0)
            ops = fraction_of(s, i, FRACTION_int8);
        if (strcmp(other->arm, ceiling_arms[CEILING_of_fma]) == 0)
            ops = fraction_of(s, i, FRACTION_fma);
        if (other->rep != s->all[i].rep || other->block != s->all[i].block) break;
    }
    return isnan(ops) || read > ops ? read : ops;
}

// What is summarized: one arm at one point.
struct subject {
    const struct samples *samples;
    const struct sample *like; // its first sample
    const char *part;          // "prompt", "gen" or "" (ceilings)
    double *values;            // room for a value of each sample
    double *blocks;            // room for a value of each block
};

static bool belongs(const struct subject *u, const struct sample *s, const char *part) {
    return same_place(u->like, s) && strcmp(u->like->arm, s->arm) == 0 &&
           strcmp(s->part, part) == 0;
}

enum sums { SUM_wall, SUM_cpu, SUM_tokens, SUM_bytes, SUM_ops, SUM_first, SUM_rss, SUM_COUNT };

// Sums over one rep of one block; false where there is none.
static bool sum_rep(const struct subject *u, int block, int rep, double sums[SUM_COUNT]) {
    bool any = false;
    for (int i = 0; i < SUM_COUNT; i++) sums[i] = 0;
    sums[SUM_first] = NAN;
    for (size_t i = 0; i < u->samples->count; i++) {
        const struct sample *s = &u->samples->all[i];
        if (s->block != block || s->rep != rep || !belongs(u, s, u->part)) continue;
        any = true;
        sums[SUM_wall] += s->wall_ns;
        sums[SUM_cpu] += s->cpu_ns;
        sums[SUM_tokens] += s->tokens;
        sums[SUM_bytes] += s->bytes;
        sums[SUM_ops] += s->ops;
        sums[SUM_rss] = fmax(sums[SUM_rss], s->rss_bytes);
        if (!isnan(s->first_token_ns)) sums[SUM_first] = s->first_token_ns;
    }
    return any;
}

typedef double (*measure)(const double sums[SUM_COUNT]);
static double ns_per_token(const double s[SUM_COUNT]) {
    return s[SUM_wall] / s[SUM_tokens];
}
static double tokens_per_s(const double s[SUM_COUNT]) {
    return s[SUM_tokens] / s[SUM_wall] * 1e9;
}
static double first_token_ns(const double s[SUM_COUNT]) {
    return s[SUM_first];
}
static double gbps(const double s[SUM_COUNT]) {
    return s[SUM_bytes] > 0 ? s[SUM_bytes] / s[SUM_wall] : NAN;
}
static double gops(const double s[SUM_COUNT]) {
    return s[SUM_ops] > 0 ? s[SUM_ops] / s[SUM_wall] : NAN;
}
static double cpu_percent(const double s[SUM_COUNT]) {
    return s[SUM_cpu] / s[SUM_wall] * 100;
}
static double peak_rss_bytes(const double s[SUM_COUNT]) {
    return s[SUM_rss];
}

static const struct {
    const char *name;
    measure value;
    bool of_ceilings; // also of the ceilings' own samples
} sum_measures[] = {
    {"ns_per_token", ns_per_token, false},
    {"tokens_per_s", tokens_per_s, false},
    {"first_token_ns", first_token_ns, false},
    {"gbps", gbps, true},
    {"gops", gops, true},
    {"cpu_percent", cpu_percent, false},
    {"peak_rss_bytes", peak_rss_bytes, false},
};
static const char *const fraction_names[FRACTION_KINDS] = {
    "fraction_of_read", "fraction_of_fma", "fraction_of_int8", "fraction_of_ceiling"};

static int max_rep(const struct samples *s) {
    int most = 0;
    for (size_t i = 0; i < s->count; i++)
        if (s->all[i].rep > most) most = s->all[i].rep;
    return most;
}

static void write_row(struct record *r, const struct subject *u, const char *name, double *blocks,
                      size_t n) {
    if (n == 0) return;
    double least = blocks[0];
    for (size_t i = 1; i < n; i++) least = fmin(least, blocks[i]);
    const char *unit = "", *source = "";
    summary_measure(name, &unit, &source);
    record_text(r, "case", u->like->case_name);
    record_text(r, "point", u->like->point);
    record_text(r, "arm", u->like->arm);
    record_text(r, "measure", name);
    record_text(r, "unit", unit);
    record_text(r, "source", source);
    record_number(r, "estimate", quantile(blocks, n, 0.5));
    record_number(r, "minimum", least);
    record_integer(r, "n", (int64_t)n);
    record_integer(r, "statistics_version", STATISTICS_VERSION);
    record_end(r);
}

// A block's value is the median over its reps.
static void write_sums(struct record *r, const struct subject *u, int reps) {
    bool ceiling = u->part[0] == '\0';
    for (size_t k = 0; k < sizeof sum_measures / sizeof *sum_measures; k++) {
        size_t n = 0;
        if (ceiling && !sum_measures[k].of_ceilings) continue;
        for (int b = 0; b < u->samples->blocks; b++) {
            double sums[SUM_COUNT];
            size_t m = 0;
            for (int rep = 0; rep <= reps; rep++) {
                if (!sum_rep(u, b, rep, sums)) continue;
                double value = sum_measures[k].value(sums);
                if (!isnan(value)) u->values[m++] = value;
            }
            if (m > 0) u->blocks[n++] = quantile(u->values, m, 0.5);
        }
        write_row(r, u, sum_measures[k].name, u->blocks, n);
    }
}

// A block's value is the median over its samples.
static void write_fractions(struct record *r, const struct subject *u) {
    for (int kind = 0; kind < FRACTION_KINDS; kind++) {
        size_t n = 0;
        for (int b = 0; b < u->samples->blocks; b++) {
            size_t m = 0;
            for (size_t i = 0; i < u->samples->count; i++) {
                const struct sample *s = &u->samples->all[i];
                if (s->block != b || !belongs(u, s, u->part)) continue;
                double value = fraction_of(u->samples, i, kind);
                if (!isnan(value) && value > 0) u->values[m++] = value;
            }
            if (m > 0) u->blocks[n++] = quantile(u->values, m, 0.5);
        }
        write_row(r, u, fraction_names[kind], u->blocks, n);
    }
}

// Quantiles of the generated tokens' times, of all blocks together.
static void write_tokens(struct record *r, const struct subject *u) {
    static const struct {
        const char *name;
        double q;
    } quantiles[] = {{"token_ns_p50", 0.50}, {"token_ns_p95", 0.95}, {"token_ns_p99", 0.99}};
    size_t n = 0;
    for (size_t i = 0; i < u->samples->count; i++)
        if (belongs(u, &u->samples->all[i], "gen")) u->values[n++] = u->samples->all[i].wall_ns;
    for (size_t k = 0; n > 0 && k < sizeof quantiles / sizeof *quantiles; k++) {
        const char *unit = "", *source = "";
        double value = quantile(u->values, n, quantiles[k].q); // sorts: the first is the least
        summary_measure(quantiles[k].name, &unit, &source);
        record_text(r, "case", u->like->case_name);
        record_text(r, "point", u->like->point);
        record_text(r, "arm", u->like->arm);
        record_text(r, "measure", quantiles[k].name);
        record_text(r, "unit", unit);
        record_text(r, "source", source);
        record_number(r, "estimate", value);
        record_number(r, "minimum", u->values[0]);
        record_integer(r, "n", (int64_t)n);
        record_integer(r, "statistics_version", STATISTICS_VERSION);
        record_end(r);
    }
}

static int read_samples(const struct csv_table *t, struct samples *s) {
    s->all = calloc(t->row_count + 1, sizeof *s->all);
    if (s->all == NULL) return fail(EXIT_FAILED, "%s: out of memory", t->path);
    int warmup = csv_column(t, "warmup"), pass = csv_column(t, "pass");
    for (size_t i = 0; i < t->row_count; i++) {
        if (csv_cell_number(t, i, warmup) != 0 || csv_cell_number(t, i, pass) != 0) continue;
        struct sample *one = &s->all[s->count++];
        one->case_name = csv_cell(t, i, csv_column(t, "case"));
        one->point = csv_cell(t, i, csv_column(t, "point"));
        one->arm = csv_cell(t, i, csv_column(t, "arm"));
        one->part = csv_cell(t, i, csv_column(t, "part"));
        one->block = (int)csv_cell_number(t, i, csv_column(t, "block"));
        one->rep = (int)csv_cell_number(t, i, csv_column(t, "rep"));
        one->wall_ns = csv_cell_number(t, i, csv_column(t, "wall_ns"));
        one->cpu_ns = csv_cell_number(t, i, csv_column(t, "cpu_ns"));
        one->first_token_ns = csv_cell_number(t, i, csv_column(t, "first_token_ns"));
        one->rss_bytes = csv_cell_number(t, i, csv_column(t, "peak_rss_bytes"));
        one->tokens = csv_cell_number(t, i, csv_column(t, "tokens"));
        one->bytes = csv_cell_number(t, i, csv_column(t, "bytes"));
        one->ops = csv_cell_number(t, i, csv_column(t, "ops"));
        if (one->block < 0 || one->block > 1000000)
            return fail(EXIT_FAILED, "%s: row %zu: no block", t->path, i + 2);
        if (one->block >= s->blocks) s->blocks = one->block + 1;
    }
    return 0;
}

// The arms of a point in the order they first appear, arms before ceilings.
static void write_point(struct record *r, const struct samples *s, const char *case_name,
                        const char *point, double *values, double *blocks) {
    const struct sample *seen[128];
    size_t seen_count = 0;
    bool prompt = false;
    for (size_t i = 0; i < s->count; i++) {
        const struct sample *one = &s->all[i];
        if (strcmp(one->case_name, case_name) != 0 || strcmp(one->point, point) != 0) continue;
        prompt = prompt || strcmp(one->part, "prompt") == 0;
        size_t j = 0;
        while (j < seen_count && strcmp(seen[j]->arm, one->arm) != 0) j++;
        if (j == seen_count && seen_count < 128) seen[seen_count++] = one;
    }
    int reps = max_rep(s);
    for (int ceilings = 0; ceilings < 2; ceilings++) {
        for (size_t j = 0; j < seen_count; j++) {
            bool ceiling = strncmp(seen[j]->arm, "ceiling:", 8) == 0;
            if (ceiling != (ceilings == 1)) continue;
            struct subject u = {s, seen[j],
                                ceiling  ? ""
                                : prompt ? "prompt"
                                         : "gen",
                                values, blocks};
            write_sums(r, &u, reps);
            if (ceiling) continue;
            write_tokens(r, &u);
            write_fractions(r, &u);
        }
    }
}

int summary_write(const char *directory, const char *output_directory) {
    char path[4200];
    struct csv_table points = {0}, table = {0};
    struct samples s = {0};
    struct record *r = malloc(sizeof *r);
    snprintf(path, sizeof path, "%s/points.csv", directory);
    int status = r != NULL ? csv_read(&points, path) : fail(EXIT_FAILED, "out of memory");
    snprintf(path, sizeof path, "%s/samples.csv", directory);
    if (status == 0) status = csv_read(&table, path);
    if (status == 0) status = read_samples(&table, &s);
    double *values = malloc((s.count + 1) * sizeof *values);
    double *blocks = malloc(((size_t)s.blocks + 1) * sizeof *blocks);
    if (status == 0 && (values == NULL || blocks == NULL))
        status = fail(EXIT_FAILED, "out of memory");
    if (status == 0)
        status = record_open(r, output_directory != NULL ? output_directory : directory,
                             RUN_summary, true, NULL, 0);
    if (status == 0) {
        for (size_t i = 0; i < points.row_count; i++)
            write_point(r, &s, csv_cell(&points, i, csv_column(&points, "case")),
                        csv_cell(&points, i, csv_column(&points, "point")), values, blocks);
        status = record_close(r);
    }
    free(values);
    free(blocks);
    free(s.all);
    csv_free(&table);
    csv_free(&points);
    free(r);
    return status;
}
