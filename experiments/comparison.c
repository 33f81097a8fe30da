// SPDX-License-Identifier: MIT
#include "experiments/comparison.h"

#include <math.h>
#include <string.h>

#include "experiments/failure.h"
#include "experiments/statistics.h"

struct family comparison_family(const struct protocol_case *c) {
    struct family f = {.level = c->ci, .min_effect = c->min_effect};
    for (size_t i = 0; i < c->arm_count; i++)
        f.comparisons += !c->arms[i].control && strcmp(c->arms[i].name, "A") != 0;
    f.comparisons *= c->point_count;
    if (f.comparisons > 0) f.level = 1 - (1 - c->ci) / (double)f.comparisons;
    return f;
}

static bool has_control(const struct protocol_case *c) {
    for (size_t i = 0; i < c->arm_count; i++)
        if (c->arms[i].control) return true;
    return false;
}

// Counts of a simulator need no blocks.
static bool deterministic(const struct protocol_case *c) {
    for (size_t i = 0; i < c->point_count; i++) {
        const char *source = c->points[i].settings.source;
        if (source == NULL || (strcmp(source, "sim") != 0 && strcmp(source, "static") != 0))
            return false;
    }
    return true;
}

int comparison_check(const struct protocol *p) {
    for (size_t i = 0; i < p->case_count; i++) {
        const struct protocol_case *c = &p->cases[i];
        const struct family f = comparison_family(c);
        if (f.comparisons == 0 || deterministic(c)) continue;
        size_t needed = statistics_values_needed(f.level);
        size_t gate = has_control(c) ? statistics_values_needed(COMPARISON_GATE_LEVEL) : 0;
        size_t blocks = (size_t)p->blocks;
        if (blocks < needed)
            return fail(
                EXIT_FAILED,
                "%s:%d: case %s: %zu blocks can never tell any of m = %zu comparisons (arms "
                "against A, over the points) from 0 at %g %% together: it takes "
                "`design blocks=%zu`, or fewer arms or points in a case",
                p->path, c->line, c->name, blocks, f.comparisons, 100 * c->ci,
                needed > gate ? needed : gate);
        if (blocks < gate)
            return fail(
                EXIT_FAILED,
                "%s:%d: case %s: with %zu blocks the A/A control can never pass its gate at "
                "%g %%, so all m = %zu comparisons would stay inconclusive: it takes "
                "`design blocks=%zu`, or `control none`",
                p->path, c->line, c->name, blocks, 100 * COMPARISON_GATE_LEVEL, f.comparisons,
                gate);
        if (gate > 0 && !(c->min_effect > 0))
            return fail(
                EXIT_FAILED,
                "%s:%d: case %s: with min_effect=0 the A/A control can never pass its gate, "
                "so all m = %zu comparisons would stay inconclusive: say "
                "`decide min_effect=0.01`, or `control none`",
                p->path, c->line, c->name, f.comparisons);
    }
    return 0;
}

const char *comparison_verdict_name(enum verdict v) {
    static const char *const names[] = {
        "", "real", "equivalent", "inconclusive", "not measurable", "exact"};
    return names[v];
}

struct comparison comparison_of(const double *values, size_t count, double level,
                                double min_effect) {
    struct comparison c = {.n = count, .effect = NAN, .lo = NAN, .hi = NAN, .p = NAN};
    c.smallest = c.blocks_needed = NAN;
    if (count == 0) return c;
    c.effect = statistics_hodges_lehmann(values, count);
    c.p = statistics_signed_rank_p(values, count);
    if (!statistics_signed_rank_interval(values, count, level, &c.lo, &c.hi)) return c;
    c.smallest = fmax(min_effect, statistics_smallest_effect((c.hi - c.lo) / 2, level));
    c.blocks_needed = statistics_values_for(statistics_smallest_effect((c.hi - c.lo) / 2, level),
                                            min_effect, count, level);
    return c;
}

enum verdict comparison_decide(const struct comparison *c, const double *values,
                               double min_effect) {
    double lo, hi;
    if (c->n == 0) return VERDICT_not_measurable;
    if ((c->lo > 0 || c->hi < 0) && fabs(c->effect) >= min_effect) return VERDICT_real;
    if (statistics_signed_rank_interval(values, c->n, COMPARISON_EQUIVALENT_LEVEL, &lo, &hi) &&
        lo > -min_effect && hi < min_effect)
        return VERDICT_equivalent;
    return VERDICT_inconclusive;
}

void comparison_gate(struct comparison *control, double min_effect) {
    double half = (control->hi - control->lo) / 2;
    bool passed = control->lo <= 0 && control->hi >= 0 && half <= min_effect;
    control->verdict = passed ? VERDICT_equivalent : VERDICT_inconclusive;
    control->smallest = NAN;
    control->blocks_needed =
        statistics_values_for(half, min_effect, control->n, COMPARISON_GATE_LEVEL);
}
