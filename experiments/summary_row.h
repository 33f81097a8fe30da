// SPDX-License-Identifier: MIT
// Rows of summary.csv on their way: computed, judged case by case, then written.
#pragma once
#include "experiments/comparison.h"
#include "experiments/summary_measure.h"

struct summary_row {
    size_t point; // row of points.csv
    const struct protocol_case *c;
    const char *arm, *measure, *unit, *source;
    const char *status; // why something is missing: "unsupported"; NULL: nothing is
    double estimate, minimum, lo, hi;
    size_t n, outliers;
    bool exact;   // from a source that repeats itself: no interval
    bool primary; // of an arm, or of the control: a verdict stands here
    bool control;
    struct comparison against; // A; n = 0: not compared
};
struct summary_rows {
    struct summary_row *rows;
    size_t count, capacity;
    bool failed; // out of memory
};
struct summary_row *summary_row_add(struct summary_rows *r); // zeroed, values NaN; NULL: no memory

// Groups of one series of samples: the times (event NULL), or the counts of one event.
struct series {
    const struct summary_input *in;
    const struct summary_samples *samples;
    int version;
    const char *event, *source;
    const char *const *statuses; // of each point: of counts that are missing, or NULL
    const char *unit;
};
// Adds the rows of all arms and measures of a series. 0, or an exit code with failure() set.
int summary_rows_of(struct summary_rows *r, const struct series *s);
// summary_counts.c: those of every event in counts.csv. times: whose arms and points have a row
// where nothing was counted.
int summary_rows_of_counts(struct summary_rows *r, const struct summary_input *in,
                           const struct summary_samples *times, int version);
// The primary's rows of arms that have none say "not measurable"; where a case's control misses its
// gate, its other verdicts become inconclusive.
int summary_rows_judge(struct summary_rows *r, const struct summary_input *in,
                       const struct summary_samples *samples);
