// SPDX-License-Identifier: MIT
// The samples that a summary is made of, each with the ceilings measured around it.
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "experiments/csv.h"

enum summary_part { PART_none, PART_prompt, PART_gen };
struct summary_sample {
    size_t point; // row of points.csv
    const char *arm;
    long long block, rep, slot;
    enum summary_part part;
    double wall_ns, cpu_ns, first_token_ns, peak_rss_bytes, tokens, bytes, ops; // NaN: empty
    // Bytes and operations a nanosecond of the ceilings just before and just after in the same rep
    // (their mean where there are both), NaN where there are none.
    double read_rate, fma_rate, int8_rate;
};
struct summary_samples {
    struct summary_sample *samples; // without warm-up; by point, arm, block, rep, slot
    size_t count;
    // Of each point: the int8 ceiling was taken at least as often as the multiply-add one. The
    // driver takes the one that binds in every round, the other at the ends of a rep only.
    bool *int8_binds;
};
// The tables outlive what is read. On failure free it too.
int summary_samples_read(struct summary_samples *s, const struct csv_table *points,
                         const struct csv_table *samples);
void summary_samples_free(struct summary_samples *s);
