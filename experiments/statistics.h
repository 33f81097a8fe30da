// SPDX-License-Identifier: MIT
// What a set of independent values (the blocks of a run) says about its centre. Exact for the
// stated assumptions up to STATISTICS_EXACT_MAX values; pure functions, nothing is kept.
//
// The signed-rank statistic and its interval: Wilcoxon 1945 (doi 10.2307/3001968), Hodges & Lehmann
// 1963 (doi 10.1214/aoms/1177704172), Tukey 1949 for the interval by Walsh averages (the means of
// all pairs of values, each with itself among them). They assume values that are symmetric around
// their centre, as differences of two arms in one block are.
#pragma once
#include <stdbool.h>
#include <stddef.h>

// Beyond so many values the distributions are replaced by their normal limit.
enum { STATISTICS_EXACT_MAX = 200 };

// The median of the Walsh averages; NaN of no values (or without memory).
double statistics_hodges_lehmann(const double *values, size_t count);
// The signed-rank interval with at least this level (0 < level < 1), as two Walsh averages. False
// where there is none: 2 * 2^-count > 1 - level, so with 5 values at 95 %. Ties and zeros need no
// care here: they make the interval wider than its level says, never narrower.
bool statistics_signed_rank_interval(const double *values, size_t count, double level, double *lo,
                                     double *hi);
// Two-sided p of "the centre is 0". Zeros are left out (as Wilcoxon did); tied magnitudes share
// their mean rank, and the distribution is the exact one given those ranks. 1 where nothing is
// left.
double statistics_signed_rank_p(const double *values, size_t count);
// The distribution-free interval of the median, as two of the values (Thompson 1936): no symmetry
// is assumed. False where there is none, at the same counts as above.
bool statistics_median_interval(const double *values, size_t count, double level, double *lo,
                                double *hi);

// How many values lie apart: |modified z| = 0.6745 |x - median| / MAD above 3.5 (Iglewicz & Hoaglin
// 1993). 0 where more than half of the values are the same. They are told, never dropped.
size_t statistics_outliers(const double *values, size_t count);

// The fewest values for which there is an interval at this level: 6 at 95 %, 8 at 99 %.
size_t statistics_values_needed(double level);
// z with P(|Z| <= z) = level for a standard normal Z.
double statistics_normal_z(double level);
// The effect that an interval of this half-width excludes 0 for in 8 of 10 sessions. The spread
// behind the half-width is taken as a normal's: half * (1 + 0.842 / z(level)).
double statistics_smallest_effect(double half_width, double level);
// How many values it would take until statistics_smallest_effect is `effect`, if `count` values
// gave `smallest`: spreads shrink with the root of the count. NaN where that is no number.
double statistics_values_for(double smallest, double effect, size_t count, double level);
