// SPDX-License-Identifier: MIT
// Arms against arm A: what is asked of a run (the family), and the words for what it answers.
// An effect is the logarithm of a ratio, positive = better than A; shares such as min_effect are
// taken as logarithms too (0.01 is 1 %).
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "experiments/protocol.h"

#define COMPARISON_PLAIN_LEVEL 0.95      // of estimates, and of effects that are not the primary's
#define COMPARISON_EQUIVALENT_LEVEL 0.90 // two one-sided tests at 5 %
#define COMPARISON_GATE_LEVEL 0.99       // of the A/A control

// The comparisons of one case: the primary measure of the arms against A over its points.
struct family {
    size_t comparisons; // m; 0: a case of one arm claims nothing
    double level;       // 1 - alpha/m
    double min_effect;
};
struct family comparison_family(const struct protocol_case *c);
// Refuses a run whose blocks can never find anything: too few for an interval at the family's
// level, or for the control's gate. 0, or EXIT_FAILED with file, case, n, m and what to change.
int comparison_check(const struct protocol *p);

enum verdict {
    VERDICT_none, // a row that carries none: ""
    VERDICT_real,
    VERDICT_equivalent,
    VERDICT_inconclusive,
    VERDICT_not_measurable,
    VERDICT_exact
};
const char *comparison_verdict_name(enum verdict v); // "not measurable"

struct comparison {                 // of one arm with A
    size_t n;                       // blocks; 0: nothing could be compared
    double effect, lo, hi, p;       // lo and hi NaN: no such interval with so few blocks
    double smallest, blocks_needed; // see statistics.h; NaN where there is no interval
    enum verdict verdict;
};
// values: the blocks' effects. Leaves verdict none.
struct comparison comparison_of(const double *values, size_t count, double level,
                                double min_effect);
// real: the interval excludes 0 and |effect| >= min_effect. equivalent: the 90 % interval lies
// inside ±min_effect. Else inconclusive.
enum verdict comparison_decide(const struct comparison *c, const double *values, double min_effect);
// Of the control, with its interval at COMPARISON_GATE_LEVEL: equivalent where that contains 0 and
// is no wider than ±min_effect, else inconclusive. Sets verdict and blocks_needed (until it were as
// narrow as that); it has no smallest effect.
void comparison_gate(struct comparison *control, double min_effect);
