// SPDX-License-Identifier: MIT
#include "experiments/summary_sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/failure.h"
#include "kernels/kernels.h"

static const char *const rate_names[RATE_COUNT] = {"copy", "write", "read", "fma", "bf16", "int8"};

const char *summary_rate_name(enum summary_rate r) {
    return rate_names[r];
}

enum summary_rate summary_rate_find(const char *arm) {
    int r = RATE_COUNT;
    if (strncmp(arm, "ceiling:", 8) == 0)
        for (r = 0; r < RATE_COUNT && strcmp(arm + 8, rate_names[r]) != 0; r++) continue;
    return (enum summary_rate)r;
}

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

// In time: what lies before each sample, then what lies behind it.
static void find_rates(struct summary_samples *all) {
    for (int backwards = 0; backwards < 2; backwards++) {
        double last[RATE_COUNT];
        for (size_t n = 0; n < all->count; n++) {
            struct summary_sample *s = &all->samples[backwards ? all->count - 1 - n : n];
            const struct summary_sample *old = n == 0 ? NULL : backwards ? s + 1 : s - 1;
            if (old == NULL || old->point != s->point || old->block != s->block ||
                old->rep != s->rep)
                for (int i = 0; i < RATE_COUNT; i++) last[i] = NAN;
            enum summary_rate ceiling = summary_rate_find(s->arm);
            if (ceiling != RATE_COUNT)
                last[ceiling] = (ceiling < RATE_fma ? s->bytes : s->ops) / s->wall_ns;
            for (int i = 0; i < RATE_COUNT; i++) {
                double *rate = &s->rates[i];
                if (!backwards || isnan(*rate))
                    *rate = last[i];
                else if (!isnan(last[i]))
                    *rate = (*rate + last[i]) / 2;
            }
        }
    }
}

static enum summary_rate most_often(const long *taken, int first, int last) {
    enum summary_rate most = RATE_COUNT;
    for (int i = first; i <= last; i++)
        if (taken[i] > 0 && (most == RATE_COUNT || taken[i] >= taken[most]))
            most = (enum summary_rate)i;
    return most;
}

static int find_binding(struct summary_samples *all, size_t points) {
    long(*taken)[RATE_COUNT] = calloc(points + 1, sizeof *taken);
    all->bindings = calloc(points + 1, sizeof *all->bindings);
    bool good = taken != NULL && all->bindings != NULL;
    for (size_t i = 0; good && i < all->count; i++) {
        enum summary_rate r = summary_rate_find(all->samples[i].arm);
        if (r != RATE_COUNT) taken[all->samples[i].point][r]++;
    }
    for (size_t i = 0; good && i < points; i++)
        all->bindings[i] = (struct summary_binding){most_often(taken[i], RATE_fma, RATE_int8),
                                                    most_often(taken[i], RATE_copy, RATE_read)};
    free(taken);
    return good ? 0 : fail(EXIT_FAILED, "out of memory for a summary");
}

const struct protocol_case *summary_case(const struct summary_input *in, size_t point) {
    const char *name = csv_cell(in->points, point, csv_column(in->points, "case"));
    for (size_t i = 0; in->protocol != NULL && i < in->protocol->case_count; i++)
        if (strcmp(in->protocol->cases[i].name, name) == 0) return &in->protocol->cases[i];
    return NULL;
}

// What one call of a kernel goes through, and its operations and bytes.
struct call {
    double elements, ops, bytes;
};

static struct call find_call(const struct summary_input *in, size_t point) {
    const struct protocol_case *c = summary_case(in, point);
    const char *id = csv_cell(in->points, point, csv_column(in->points, "point"));
    struct call none = {NAN, NAN, NAN};
    char message[256];
    struct shape s;
    size_t j = 0;
    while (c != NULL && j < c->point_count && strcmp(c->points[j].id, id) != 0) j++;
    if (c == NULL || j == c->point_count ||
        (c->points[j].settings.phase != PHASE_kernel &&
         c->points[j].settings.phase != PHASE_yardstick))
        return none;
    int op = op_find(c->points[j].settings.op);
    if (op < 0 || c->points[j].settings.shape == NULL ||
        shape_parse((enum op)op, c->points[j].settings.shape, &s, message, sizeof message) != 0)
        return none;
    const struct op_info *info = op_info((enum op)op);
    return (struct call){shape_elements((enum op)op, &s), info->ops(&s), info->bytes(&s)};
}

// A slice of a kernel is a part of a call, by its operations, or its bytes where it has none.
static double sample_elements(const struct call *c, const struct summary_sample *s) {
    return c->elements * (c->ops > 0 ? s->ops / c->ops : s->bytes / c->bytes);
}

struct columns {
    int name, point, arm, block, rep, slot, part, warmup, pass;
    int wall, cpu, first, rss, tokens, bytes, ops, canary, energy;
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
    s->row = row;
    s->arm = csv_cell(t, row, c->arm);
    s->block = (long long)block, s->rep = (long long)rep, s->slot = (long long)slot;
    s->part = strcmp(part, "prompt") == 0 ? PART_prompt
              : strcmp(part, "gen") == 0  ? PART_gen
                                          : PART_none;
    s->wall_ns = csv_cell_number(t, row, c->wall);
    s->why = NULL;
    s->cpu_ns = csv_cell_number(t, row, c->cpu);
    s->first_token_ns = csv_cell_number(t, row, c->first);
    s->peak_rss_bytes = csv_cell_number(t, row, c->rss);
    s->tokens = csv_cell_number(t, row, c->tokens);
    s->bytes = csv_cell_number(t, row, c->bytes);
    s->ops = csv_cell_number(t, row, c->ops);
    s->canary_gbps = csv_cell_number(t, row, c->canary);
    s->energy_j = csv_cell_number(t, row, c->energy);
    s->elements = s->count = NAN;
    return 0;
}

int summary_samples_read(struct summary_samples *all, const struct summary_input *in,
                         bool counted) {
    const struct csv_table *t = in->samples, *points = in->points;
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
        csv_column(t, "canary_gbps"),
        csv_column(t, "energy_j"),
        csv_column(points, "case"),
        csv_column(points, "point"),
    };
    size_t point = 0;
    int status = 0;
    *all = (struct summary_samples){0};
    all->samples = malloc((t->row_count + 1) * sizeof *all->samples);
    struct call *calls = malloc((points->row_count + 1) * sizeof *calls);
    if (all->samples == NULL || calls == NULL)
        status = fail(EXIT_FAILED, "%s: out of memory", t->path);
    for (size_t i = 0; status == 0 && i < points->row_count; i++) calls[i] = find_call(in, i);
    for (size_t row = 0; status == 0 && row < t->row_count; row++) {
        if (strcmp(csv_cell(t, row, c.warmup), "1") == 0 ||
            (csv_cell_number(t, row, c.pass) > 0) != counted)
            continue;
        struct summary_sample *s = &all->samples[all->count++];
        status = find_point(&c, points, t, row, &point);
        if (status == 0) status = read_sample(&c, t, row, s);
        if (status != 0) break;
        s->point = point;
        if (summary_rate_find(s->arm) == RATE_COUNT)
            s->elements = sample_elements(&calls[point], s);
    }
    free(calls);
    if (status != 0) return status;
    qsort(all->samples, all->count, sizeof *all->samples, compare_in_time);
    find_rates(all);
    qsort(all->samples, all->count, sizeof *all->samples, compare_by_arm);
    return find_binding(all, points->row_count);
}

void summary_samples_free(struct summary_samples *all) {
    free(all->samples);
    free(all->bindings);
    *all = (struct summary_samples){0};
}
