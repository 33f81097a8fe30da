// SPDX-License-Identifier: MIT
#include "experiments/summary_sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/failure.h"

enum { RATE_read, RATE_fma, RATE_int8, RATE_COUNT };

static int order_by(const struct summary_sample *x, const struct summary_sample *y, bool arm) {
    if (x->point != y->point) return x->point < y->point ? -1 : 1;
    int arms = arm ? strcmp(x->arm, y->arm) : 0;
    if (arms != 0) return arms;
    if (x->block != y->block) return x->block < y->block ? -1 : 1;
    if (x->rep != y->rep) return x->rep < y->rep ? -1 : 1;
    return (x->slot > y->slot) - (x->slot < y->slot);
}

static int compare_in_time(const void *a, const void *b) {
    return order_by(a, b, false);
}

static int compare_by_arm(const void *a, const void *b) {
    return order_by(a, b, true);
}

static int ceiling_of(const struct summary_sample *s) {
    if (strcmp(s->arm, "ceiling:read") == 0) return RATE_read;
    if (strcmp(s->arm, "ceiling:fma") == 0) return RATE_fma;
    return strcmp(s->arm, "ceiling:int8") == 0 ? RATE_int8 : -1;
}

static double *rate_field(struct summary_sample *s, int which) {
    return which == RATE_read ? &s->read_rate : which == RATE_fma ? &s->fma_rate : &s->int8_rate;
}

// In time: what lies before each sample, then what lies behind it.
static void find_rates(struct summary_samples *all) {
    for (int backwards = 0; backwards < 2; backwards++) {
        double last[RATE_COUNT] = {NAN, NAN, NAN};
        for (size_t n = 0; n < all->count; n++) {
            struct summary_sample *s = &all->samples[backwards ? all->count - 1 - n : n];
            const struct summary_sample *old = n == 0 ? NULL : backwards ? s + 1 : s - 1;
            if (old != NULL &&
                (old->point != s->point || old->block != s->block || old->rep != s->rep))
                for (int i = 0; i < RATE_COUNT; i++) last[i] = NAN;
            int ceiling = ceiling_of(s);
            if (ceiling >= 0)
                last[ceiling] = (ceiling == RATE_read ? s->bytes : s->ops) / s->wall_ns;
            for (int i = 0; i < RATE_COUNT; i++) {
                double *rate = rate_field(s, i);
                if (!backwards || isnan(*rate))
                    *rate = last[i];
                else if (!isnan(last[i]))
                    *rate = (*rate + last[i]) / 2;
            }
        }
    }
}

static int find_binding(struct summary_samples *all, size_t points) {
    long *more = calloc(points + 1, sizeof *more); // int8 slices less multiply-add slices
    bool *any = calloc(points + 1, sizeof *any);
    all->int8_binds = calloc(points + 1, sizeof *all->int8_binds);
    bool good = more != NULL && any != NULL && all->int8_binds != NULL;
    for (size_t i = 0; good && i < all->count; i++) {
        const struct summary_sample *s = &all->samples[i];
        int ceiling = ceiling_of(s);
        if (ceiling == RATE_int8) more[s->point]++, any[s->point] = true;
        if (ceiling == RATE_fma) more[s->point]--;
    }
    for (size_t i = 0; good && i < points; i++) all->int8_binds[i] = any[i] && more[i] >= 0;
    free(more);
    free(any);
    return good ? 0 : fail(EXIT_FAILED, "out of memory for a summary");
}

struct columns {
    int name, point, arm, block, rep, slot, part, warmup, pass;
    int wall, cpu, first, rss, tokens, bytes, ops;
    int point_name, point_point;
};

static int find_point(const struct columns *c, const struct csv_table *points,
                      const struct csv_table *t, size_t row, size_t *at) {
    const char *name = csv_cell(t, row, c->name), *point = csv_cell(t, row, c->point);
    for (size_t i = 0; i < points->row_count; i++) {
        size_t guess = (*at + i) % points->row_count; // neighbours belong to one point
        if (strcmp(csv_cell(points, guess, c->point_point), point) == 0 &&
            strcmp(csv_cell(points, guess, c->point_name), name) == 0)
            return *at = guess, 0;
    }
    return fail(EXIT_FAILED, "%s: row %zu: no point '%s' of case '%s' in points.csv", t->path,
                row + 1, point, name);
}

static int read_sample(const struct columns *c, const struct csv_table *t, size_t row,
                       struct summary_sample *s) {
    const char *part = csv_cell(t, row, c->part);
    double block = csv_cell_number(t, row, c->block), rep = csv_cell_number(t, row, c->rep);
    double slot = csv_cell_number(t, row, c->slot);
    if (!(fabs(block) < 1e15 && fabs(rep) < 1e15 && fabs(slot) < 1e15))
        return fail(EXIT_FAILED, "%s: row %zu: block, rep or slot is no number", t->path, row + 1);
    s->arm = csv_cell(t, row, c->arm);
    s->block = (long long)block, s->rep = (long long)rep, s->slot = (long long)slot;
    s->part = strcmp(part, "prompt") == 0 ? PART_prompt
              : strcmp(part, "gen") == 0  ? PART_gen
                                          : PART_none;
    s->wall_ns = csv_cell_number(t, row, c->wall);
    s->cpu_ns = csv_cell_number(t, row, c->cpu);
    s->first_token_ns = csv_cell_number(t, row, c->first);
    s->peak_rss_bytes = csv_cell_number(t, row, c->rss);
    s->tokens = csv_cell_number(t, row, c->tokens);
    s->bytes = csv_cell_number(t, row, c->bytes);
    s->ops = csv_cell_number(t, row, c->ops);
    return 0;
}

int summary_samples_read(struct summary_samples *all, const struct csv_table *points,
                         const struct csv_table *t) {
    const struct columns c = {
        csv_column(t, "case"),
        csv_column(t, "point"),
        csv_column(t, "arm"),
        csv_column(t, "block"),
        csv_column(t, "rep"),
        csv_column(t, "slot"),
        csv_column(t, "part"),
        csv_column(t, "warmup"),
        csv_column(t, "pass"),
        csv_column(t, "wall_ns"),
        csv_column(t, "cpu_ns"),
        csv_column(t, "first_token_ns"),
        csv_column(t, "peak_rss_bytes"),
        csv_column(t, "tokens"),
        csv_column(t, "bytes"),
        csv_column(t, "ops"),
        csv_column(points, "case"),
        csv_column(points, "point"),
    };
    size_t point = 0;
    int status = 0;
    *all = (struct summary_samples){0};
    all->samples = malloc((t->row_count + 1) * sizeof *all->samples);
    if (all->samples == NULL) return fail(EXIT_FAILED, "%s: out of memory", t->path);
    for (size_t row = 0; status == 0 && row < t->row_count; row++) {
        // Passes of counters are not for times: reading counters takes some.
        if (strcmp(csv_cell(t, row, c.warmup), "1") == 0 || csv_cell_number(t, row, c.pass) > 0)
            continue;
        struct summary_sample *s = &all->samples[all->count++];
        status = find_point(&c, points, t, row, &point);
        s->point = point;
        if (status == 0) status = read_sample(&c, t, row, s);
    }
    if (status != 0) return status;
    qsort(all->samples, all->count, sizeof *all->samples, compare_in_time);
    find_rates(all);
    qsort(all->samples, all->count, sizeof *all->samples, compare_by_arm);
    return find_binding(all, points->row_count);
}

void summary_samples_free(struct summary_samples *all) {
    free(all->samples);
    free(all->int8_binds);
    *all = (struct summary_samples){0};
}
