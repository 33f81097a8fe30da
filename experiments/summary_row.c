// SPDX-License-Identifier: MIT
// The block's value of each measure and its median; the block's effect against arm A and what it
// decides.
#include "experiments/summary_row.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/failure.h"
#include "experiments/quantile.h"
#include "experiments/statistics.h"

struct summary_row *summary_row_add(struct summary_rows *r) {
    if (r->count == r->capacity) {
        size_t capacity = 2 * r->capacity + 64;
        struct summary_row *rows = realloc(r->rows, capacity * sizeof *rows);
        if (rows == NULL) {
            r->failed = true;
            return NULL;
        }
        r->rows = rows;
        r->capacity = capacity;
    }
    struct summary_row *row = &r->rows[r->count++];
    *row = (struct summary_row){.estimate = NAN, .minimum = NAN, .lo = NAN, .hi = NAN};
    row->against = comparison_of(NULL, 0, COMPARISON_PLAIN_LEVEL, 0);
    return row;
}

static size_t block_end(const struct group *g, size_t i) {
    size_t end = i;
    while (end < g->count && g->samples[end].block == g->samples[i].block) end++;
    return end;
}

static size_t sample_values(const struct group *g, enum measure m, const struct summary_sample *s,
                            size_t count, double *values) {
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        double value = measure_of_sample(g, m, &s[i]);
        if (value > 0) values[n++] = value; // its logarithm is wanted
    }
    return n;
}

// Of one block: the median over ABBA quads of half the logarithm of (A1 A2) / (B1 B2), the i-th
// sample of the one beside the i-th of the other; of a lone pair its own; of measures that samples
// do not have, of the block's values.
static double block_effect(const struct group *a, size_t a_first, const struct group *b,
                           size_t b_first, enum measure m, double *room) {
    const struct summary_sample *as = a->samples + a_first, *bs = b->samples + b_first;
    size_t a_count = block_end(a, a_first) - a_first, b_count = block_end(b, b_first) - b_first;
    double *x = room, *y = room + a_count;
    size_t n = sample_values(a, m, as, a_count, x), other = sample_values(b, m, bs, b_count, y);
    if (other < n) n = other;
    if (n == 0) {
        double value =
            log(measure_of_block(a, m, as, a_count) / measure_of_block(b, m, bs, b_count));
        return isfinite(value) ? value : (double)NAN;
    }
    if (n == 1) return log(x[0]) - log(y[0]);
    for (size_t j = 0; j < n / 2; j++)
        x[j] = (log(x[2 * j]) + log(x[2 * j + 1]) - log(y[2 * j]) - log(y[2 * j + 1])) / 2;
    return quantile_of(x, n / 2, 0.5);
}

static size_t effects_of(const struct group *a, const struct group *b, enum measure m,
                         enum measure_better better, double *room, double *effects) {
    size_t n = 0;
    for (size_t i = 0, j = 0; better != BETTER_none && i < a->count && j < b->count;) {
        if (a->samples[i].block < b->samples[j].block) {
            i = block_end(a, i);
        } else if (a->samples[i].block > b->samples[j].block) {
            j = block_end(b, j);
        } else {
            double value = block_effect(a, i, b, j, m, room);
            if (!isnan(value)) effects[n++] = better == BETTER_lower ? value : -value;
            i = block_end(a, i);
            j = block_end(b, j);
        }
    }
    return n;
}

static const struct arm *find_arm(const struct protocol_case *c, const char *name) {
    for (size_t i = 0; c != NULL && i < c->arm_count; i++)
        if (strcmp(c->arms[i].name, name) == 0) return &c->arms[i];
    return NULL;
}

// Against arm A: intervals, and the words of the primary measure.
static void compare(struct summary_row *row, const struct group *a, const struct group *b,
                    enum measure m, enum measure_better better, double *room) {
    const struct arm *arm = find_arm(row->c, row->arm);
    if (arm == NULL || a == NULL || a->samples == b->samples) return;
    double *effects = room + a->count + b->count;
    size_t n = effects_of(a, b, m, better, room, effects);
    row->control = arm->control;
    row->primary = row->c->primary != NULL && strcmp(row->c->primary, row->measure) == 0;
    const struct family family = comparison_family(row->c);
    double level = !row->primary  ? COMPARISON_PLAIN_LEVEL
                   : row->control ? COMPARISON_GATE_LEVEL
                                  : family.level;
    row->against = comparison_of(effects, n, level, family.min_effect);
    if (n > 0) row->outliers = statistics_outliers(effects, n);
    if (!row->primary || row->exact) return;
    if (!row->control)
        row->against.verdict = comparison_decide(&row->against, effects, family.min_effect);
    else if (n > 0)
        comparison_gate(&row->against, family.min_effect);
}

static bool repeats_itself(const char *source) {
    return strcmp(source, "sim") == 0 || strcmp(source, "static") == 0 ||
           strcmp(source, "model") == 0;
}

// One figure, without n, interval or p.
static void make_exact(struct summary_row *row) {
    row->lo = row->hi = NAN;
    row->n = 0;
    struct comparison *c = &row->against;
    *c = (struct comparison){.effect = c->effect, .lo = NAN, .hi = NAN, .p = NAN};
    c->smallest = c->blocks_needed = NAN;
    c->verdict = VERDICT_exact;
}

static void add_row(struct summary_rows *r, const struct series *s, const struct group *a,
                    const struct group *g, enum measure m, double *room) {
    const struct measure_info *info = m == MEASURE_count ? NULL : measure_info(m);
    const struct summary_sample *first = g->samples;
    double *values = room;
    size_t n = 0;
    for (size_t i = 0, end; i < g->count; i = end) {
        end = block_end(g, i);
        double value = measure_of_block(g, m, g->samples + i, end - i);
        if (!isnan(value)) values[n++] = value;
    }
    const char *status = s->statuses != NULL ? s->statuses[first->point] : NULL;
    if (n == 0 && status == NULL) return;
    // Statuses are of the point: what another arm lacks is not this one's.
    const bool some = status != NULL && n > 0;
    if (some) status = NULL;
    for (size_t i = 0; some && status == NULL && i < g->count; i++) status = g->samples[i].why;
    struct summary_row *row = summary_row_add(r);
    if (row == NULL) return;
    row->point = first->point;
    row->c = summary_case(s->in, first->point);
    row->arm = first->arm;
    row->measure = info != NULL ? info->name : s->event;
    row->unit = info != NULL ? info->unit : s->unit;
    row->source = info != NULL ? info->source : s->source;
    row->status = status;
    row->n = n;
    if (n == 0) {
        row->against.verdict = VERDICT_not_measurable;
        return;
    }
    row->estimate = quantile_of(values, n, 0.5);
    row->minimum = values[0];
    row->outliers = statistics_outliers(values, n);
    if (measure_is_percentile(m))
        row->estimate = measure_of_block(g, m, g->samples, g->count);
    else if (s->version > 1)
        statistics_median_interval(values, n, COMPARISON_PLAIN_LEVEL, &row->lo, &row->hi);
    if (s->version == 1) return;
    row->exact = repeats_itself(row->source);
    compare(row, a, g, m, info != NULL ? info->better : BETTER_lower, room);
    if (row->exact) make_exact(row);
}

// Where bytes bind: more than half of the samples could not be faster for them.
static bool bytes_bind(const struct group *g) {
    size_t moving = 0, known = 0;
    if (g->binding.bytes == RATE_COUNT || g->binding.ops == RATE_COUNT) return false;
    for (size_t i = 0; i < g->count; i++) {
        const struct summary_sample *s = &g->samples[i];
        double move = s->bytes / s->rates[g->binding.bytes];
        double compute = s->ops / s->rates[g->binding.ops];
        if (s->part != g->part || isnan(move) || isnan(compute)) continue;
        known++;
        moving += move > compute;
    }
    return 2 * moving > known;
}

// The canary's rate that a third of the arms' samples at the point stood beside or above.
static double fast_canary(const struct summary_samples *all, size_t first, double *room) {
    size_t n = 0;
    for (size_t i = first; i < all->count && all->samples[i].point == all->samples[first].point;
         i++)
        if (summary_rate_find(all->samples[i].arm) == RATE_COUNT &&
            !isnan(all->samples[i].canary_gbps))
            room[n++] = all->samples[i].canary_gbps;
    return n > 0 ? quantile_of(room, n, 2.0 / 3) : -INFINITY;
}

static struct group group_from(const struct summary_samples *all, size_t first, double *scratch) {
    const struct summary_sample *s = &all->samples[first];
    struct group g = {.samples = s, .part = PART_none, .scratch = scratch};
    size_t end = first;
    for (; end < all->count && all->samples[end].point == s->point &&
           strcmp(all->samples[end].arm, s->arm) == 0;
         end++) {
        enum summary_part part = all->samples[end].part;
        if (part == PART_prompt || (part == PART_gen && g.part == PART_none)) g.part = part;
    }
    g.count = end - first;
    g.ceiling = strncmp(s->arm, "ceiling:", 8) == 0;
    g.binding = all->bindings[s->point];
    g.fast_gbps = -INFINITY;
    return g;
}

int summary_rows_of(struct summary_rows *r, const struct series *s) {
    const struct summary_samples *all = s->samples;
    double *scratch = malloc(4 * (all->count + 1) * sizeof *scratch);
    double *room = scratch != NULL ? scratch + all->count : NULL, fast = -INFINITY;
    struct group a = {0}, g;
    if (scratch == NULL) return fail(EXIT_FAILED, "out of memory for a summary");
    for (size_t i = 0; i < all->count; i += g.count) {
        bool new_point = i == 0 || all->samples[i].point != all->samples[i - 1].point;
        if (new_point && s->version > 1) fast = fast_canary(all, i, room);
        if (new_point) a = (struct group){0};
        g = group_from(all, i, scratch);
        g.reads = bytes_bind(&g);
        g.fast_gbps = fast;
        if (strcmp(g.samples->arm, "A") == 0) a = g;
        if (s->event != NULL && !g.ceiling)
            add_row(r, s, a.count > 0 ? &a : NULL, &g, MEASURE_count, room);
        for (int m = 0; s->event == NULL && m < MEASURE_count; m++)
            if (measure_applies(&g, (enum measure)m))
                add_row(r, s, a.count > 0 ? &a : NULL, &g, (enum measure)m, room);
    }
    free(scratch);
    return r->failed ? fail(EXIT_FAILED, "out of memory for a summary") : 0;
}

// An arm without any row of the primary measure: it could not be measured.
static void add_missing(struct summary_rows *r, size_t point, const struct protocol_case *c,
                        const char *arm) {
    const struct arm *known = find_arm(c, arm);
    if (c == NULL || c->primary == NULL || known == NULL || known->control || strcmp(arm, "A") == 0)
        return;
    for (size_t i = 0; i < r->count; i++)
        if (r->rows[i].point == point && strcmp(r->rows[i].arm, arm) == 0 &&
            strcmp(r->rows[i].measure, c->primary) == 0)
            return;
    struct summary_row *row = summary_row_add(r);
    if (row == NULL) return;
    row->point = point;
    row->c = c;
    row->arm = arm;
    row->measure = c->primary;
    row->unit = "";
    row->source = "soft";
    for (int m = 0; m < MEASURE_count; m++)
        if (strcmp(measure_info((enum measure)m)->name, c->primary) == 0)
            row->source = measure_info((enum measure)m)->source;
    row->status = "unsupported";
    row->against.verdict = VERDICT_not_measurable;
}

int summary_rows_judge(struct summary_rows *r, const struct summary_input *in,
                       const struct summary_samples *samples) {
    for (size_t i = 0; i < samples->count; i++) {
        const struct summary_sample *s = &samples->samples[i];
        if (i == 0 || s[-1].point != s->point || strcmp(s[-1].arm, s->arm) != 0)
            add_missing(r, s->point, summary_case(in, s->point), s->arm);
    }
    for (size_t i = 0; i < r->count; i++) {
        const struct summary_row *control = &r->rows[i];
        if (!control->primary || !control->control ||
            control->against.verdict == VERDICT_equivalent || control->exact)
            continue;
        for (size_t j = 0; j < r->count; j++) {
            struct summary_row *row = &r->rows[j];
            if (row->primary && row->c == control->c &&
                (row->against.verdict == VERDICT_real ||
                 row->against.verdict == VERDICT_equivalent) &&
                !row->control)
                row->against.verdict = VERDICT_inconclusive;
        }
    }
    return r->failed ? fail(EXIT_FAILED, "out of memory for a summary") : 0;
}
