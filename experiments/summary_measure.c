// SPDX-License-Identifier: MIT
#include "experiments/summary_measure.h"

#include <math.h>

#include "experiments/quantile.h"

static const struct measure_info measures[] = {
#define MEASURE(name, unit, source, state, better, ...) {#name, unit, source, BETTER_##better},
#include "experiments/measures.def"
#undef MEASURE
};

const struct measure_info *measure_info(enum measure m) {
    return &measures[m];
}

bool measure_is_percentile(enum measure m) {
    return m == MEASURE_token_ns_p50 || m == MEASURE_token_ns_p95 || m == MEASURE_token_ns_p99;
}

bool measure_applies(const struct group *g, enum measure m) {
    if (m == MEASURE_gbps || m == MEASURE_gops) return true;
    if (g->ceiling) return false;
    return m != MEASURE_ns || g->part == PART_none;
}

// Sums over the part of one rep.
static double rep_value(const struct group *g, enum measure m, const struct summary_sample *s,
                        size_t count) {
    double wall = 0, cpu = 0, tokens = 0, bytes = 0, ops = 0, energy = 0, first = NAN;
    for (size_t i = 0; i < count; i++) {
        if (isnan(first)) first = s[i].first_token_ns;
        if (s[i].part != g->part) continue;
        wall += s[i].wall_ns;
        cpu += s[i].cpu_ns;
        tokens += s[i].tokens;
        bytes += s[i].bytes;
        ops += s[i].ops;
        energy += s[i].energy_j;
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
    case MEASURE_joules_per_token:
        over = energy / tokens;
        break;
    default:
        break;
    }
    return over > 0 && !isinf(over) ? over : (double)NAN;
}

static double rate_of(const struct summary_sample *s, enum summary_rate r) {
    return r == RATE_COUNT ? (double)NAN : s->rates[r];
}

// A share of the time that the sample took.
static double fraction(const struct group *g, enum measure m, const struct summary_sample *s) {
    double move = s->bytes / rate_of(s, g->binding.bytes);
    double compute = s->ops / rate_of(s, g->binding.ops);
    switch (m) {
    case MEASURE_fraction_of_read:
        return s->bytes / s->rates[RATE_read] / s->wall_ns;
    case MEASURE_fraction_of_write:
        return s->bytes / s->rates[RATE_write] / s->wall_ns;
    case MEASURE_fraction_of_copy:
        return s->bytes / s->rates[RATE_copy] / s->wall_ns;
    case MEASURE_fraction_of_int8:
        return s->ops / s->rates[RATE_int8] / s->wall_ns;
    case MEASURE_fraction_of_bf16:
        return s->ops / s->rates[RATE_bf16] / s->wall_ns;
    case MEASURE_fraction_of_fma:
        return s->ops / s->rates[RATE_fma] / s->wall_ns;
    default:
        return isnan(move) || isnan(compute) ? (double)NAN : fmax(move, compute) / s->wall_ns;
    }
}

static bool is_fraction(enum measure m) {
    return m == MEASURE_fraction_of_read || m == MEASURE_fraction_of_write ||
           m == MEASURE_fraction_of_copy || m == MEASURE_fraction_of_int8 ||
           m == MEASURE_fraction_of_bf16 || m == MEASURE_fraction_of_fma ||
           m == MEASURE_fraction_of_ceiling;
}

double measure_of_sample(const struct group *g, enum measure m, const struct summary_sample *s) {
    double value = NAN;
    if (m == MEASURE_first_token_ns) return s->first_token_ns;
    if (s->part != g->part) return NAN;
    if (is_fraction(m))
        value = fraction(g, m, s);
    else if (m == MEASURE_count)
        return s->count;
    else if (m == MEASURE_ns)
        value = s->wall_ns;
    else if (m == MEASURE_ns_per_element)
        value = s->wall_ns / s->elements;
    else if (m == MEASURE_ns_per_token)
        value = s->wall_ns / s->tokens;
    else if (m == MEASURE_tokens_per_s)
        value = s->tokens / s->wall_ns * 1e9;
    else if (m == MEASURE_gbps)
        value = s->bytes / s->wall_ns;
    else if (m == MEASURE_gops)
        value = s->ops / s->wall_ns;
    return value > 0 && !isinf(value) ? value : (double)NAN;
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
    bool fast_only =
        m == MEASURE_fraction_of_read || (m == MEASURE_fraction_of_ceiling && g->reads);
    for (size_t i = 0; i < count; i++) {
        if (fast_only && s[i].canary_gbps < g->fast_gbps) continue; // unknown: it stays
        double value = measure_of_sample(g, m, &s[i]);
        if (!isnan(value)) g->scratch[n++] = value;
    }
    return quantile_of(g->scratch, n, 0.5);
}

double measure_of_block(const struct group *g, enum measure m, const struct summary_sample *s,
                        size_t count) {
    double most = NAN;
    switch (m) {
    case MEASURE_ns_per_token:
    case MEASURE_tokens_per_s:
    case MEASURE_first_token_ns:
    case MEASURE_gbps:
    case MEASURE_gops:
    case MEASURE_cpu_percent:
    case MEASURE_joules_per_token:
        return median_of_reps(g, m, s, count);
    case MEASURE_token_ns_p50:
    case MEASURE_token_ns_p95:
    case MEASURE_token_ns_p99:
        return token_percentile(g, m, s, count);
    case MEASURE_peak_rss_bytes:
        for (size_t i = 0; i < count; i++) most = fmax(most, s[i].peak_rss_bytes); // NaN gives way
        return most;
    default:
        return median_of_samples(g, m, s, count);
    }
}
