// SPDX-License-Identifier: MIT
#include "experiments/statistics.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/quantile.h"

static int compare_numbers(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double normal_tail(double z) { // P(Z > z)
    return erfc(z / sqrt(2)) / 2;
}

double statistics_normal_z(double level) {
    double low = 0, high = 40;
    for (int i = 0; i < 100; i++) {
        double middle = (low + high) / 2;
        *(2 * normal_tail(middle) > 1 - level ? &low : &high) = middle;
    }
    return (low + high) / 2;
}

size_t statistics_values_needed(double level) {
    size_t n = 1;
    while (n < 1000 && ldexp(2, -(int)n) > 1 - level) n++;
    return n;
}

static double *walsh_averages(const double *values, size_t n, size_t *count) {
    *count = n * (n + 1) / 2;
    double *walsh = malloc((*count + 1) * sizeof *walsh);
    size_t k = 0;
    for (size_t i = 0; walsh != NULL && i < n; i++)
        for (size_t j = i; j < n; j++) walsh[k++] = values[i] / 2 + values[j] / 2;
    if (walsh != NULL) qsort(walsh, *count, sizeof *walsh, compare_numbers);
    return walsh;
}

// P(sum = s) over all choices of signs, for these ranks (whole numbers of half a rank), s from 0 to
// their total; adding one rank at a time.
static double *sum_distribution(const size_t *ranks, size_t n, size_t total) {
    double *p = calloc(total + 1, sizeof *p);
    if (p == NULL) return NULL;
    p[0] = 1;
    size_t reached = 0;
    for (size_t i = 0; i < n; i++) {
        reached += ranks[i];
        for (size_t s = reached;; s--) {
            p[s] = (p[s] + (s >= ranks[i] ? p[s - ranks[i]] : 0)) / 2;
            if (s == 0) break;
        }
    }
    return p;
}

// The largest k for which the k-th Walsh average from either end bounds an interval of the level;
// 0: none.
static size_t walsh_rank(size_t n, double level) {
    const double alpha = 1 - level;
    const size_t total = n * (n + 1) / 2;
    if (n > STATISTICS_EXACT_MAX) {
        double mean = (double)total / 2, deviation = sqrt((double)total * (2 * (double)n + 1) / 12);
        double k = floor(mean - statistics_normal_z(level) * deviation);
        return k < 1 ? 0 : (size_t)k;
    }
    size_t ranks[STATISTICS_EXACT_MAX], k = 0;
    for (size_t i = 0; i < n; i++) ranks[i] = i + 1;
    double *p = sum_distribution(ranks, n, total), below = 0;
    // k bounds P(sum <= k - 1) by alpha / 2.
    while (p != NULL && k < (total + 1) / 2 && 2 * (below + p[k]) <= alpha) below += p[k++];
    free(p);
    return k;
}

double statistics_hodges_lehmann(const double *values, size_t n) {
    size_t count;
    double *walsh = walsh_averages(values, n, &count);
    double centre = walsh != NULL ? quantile_of(walsh, count, 0.5) : (double)NAN;
    free(walsh);
    return centre;
}

bool statistics_signed_rank_interval(const double *values, size_t n, double level, double *lo,
                                     double *hi) {
    size_t count, k = n > 0 ? walsh_rank(n, level) : 0;
    if (k == 0) return false;
    double *walsh = walsh_averages(values, n, &count);
    if (walsh == NULL) return false;
    *lo = walsh[k - 1];
    *hi = walsh[count - k];
    free(walsh);
    return true;
}

// Of values that are not 0, in order of magnitude: twice the mean rank of each magnitude. Returns
// twice the sum of the ranks of positive values.
static size_t doubled_ranks(const double *values, size_t n, size_t *ranks) {
    size_t positive = 0;
    for (size_t i = 0; i < n; i++) {
        size_t less = 0, same = 0;
        for (size_t j = 0; j < n; j++) {
            less += fabs(values[j]) < fabs(values[i]);
            same += fabs(values[j]) == fabs(values[i]);
        }
        ranks[i] = 2 * less + same + 1;
        if (values[i] > 0) positive += ranks[i];
    }
    return positive;
}

double statistics_signed_rank_p(const double *all, size_t all_count) {
    double *values = malloc((all_count + 1) * sizeof *values);
    size_t *ranks = malloc((all_count + 1) * sizeof *ranks), n = 0, total = 0;
    double p = NAN;
    if (values == NULL || ranks == NULL) goto out;
    for (size_t i = 0; i < all_count; i++)
        if (all[i] != 0) values[n++] = all[i];
    size_t positive = doubled_ranks(values, n, ranks);
    double squares = 0;
    for (size_t i = 0; i < n; i++) {
        total += ranks[i];
        squares += (double)ranks[i] * (double)ranks[i];
    }
    size_t smaller = positive < total - positive ? positive : total - positive;
    p = 1;
    if (n > STATISTICS_EXACT_MAX) {
        // Half a rank (1 here) is taken off: sums are whole.
        double away = (double)total / 2 - (double)smaller - 1;
        p = fmin(1, 2 * normal_tail(away / (sqrt(squares) / 2)));
    } else if (n > 0) {
        double *chances = sum_distribution(ranks, n, total), tail = 0;
        for (size_t s = 0; chances != NULL && s <= smaller; s++) tail += chances[s];
        p = chances != NULL ? fmin(1, 2 * tail) : (double)NAN;
        free(chances);
    }
out:
    free(values);
    free(ranks);
    return p;
}

bool statistics_median_interval(const double *values, size_t n, double level, double *lo,
                                double *hi) {
    // k values from either end: P(at most k - 1 of n lie below the median), binomial with 1/2.
    size_t k = 0;
    double below = 0, p = ldexp(1, -(int)(n < 1000 ? n : 1000));
    while (2 * k + 1 < n && 2 * (below + p) <= 1 - level) {
        below += p;
        p *= (double)(n - k) / (double)(k + 1);
        k++;
    }
    double *sorted = k > 0 ? malloc(n * sizeof *sorted) : NULL;
    if (sorted == NULL) return false;
    memcpy(sorted, values, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, compare_numbers);
    *lo = sorted[k - 1];
    *hi = sorted[n - k];
    free(sorted);
    return true;
}

size_t statistics_outliers(const double *values, size_t n) {
    double *room = malloc((n + 1) * sizeof *room);
    size_t apart = 0;
    if (room == NULL) return 0;
    memcpy(room, values, n * sizeof *room);
    double median = quantile_of(room, n, 0.5);
    for (size_t i = 0; i < n; i++) room[i] = fabs(values[i] - median);
    double deviation = quantile_of(room, n, 0.5);
    for (size_t i = 0; deviation > 0 && i < n; i++)
        apart += 0.6745 * fabs(values[i] - median) > 3.5 * deviation;
    free(room);
    return apart;
}

double statistics_smallest_effect(double half_width, double level) {
    return half_width * (1 + statistics_normal_z(0.6) / statistics_normal_z(level));
}

double statistics_values_for(double smallest, double effect, size_t count, double level) {
    double ratio = smallest / effect, needed = ceil((double)count * ratio * ratio);
    if (!isfinite(needed)) return NAN;
    return fmax(needed, (double)statistics_values_needed(level));
}
