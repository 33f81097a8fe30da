// SPDX-License-Identifier: MIT
// The samples that a summary is made of, each with the ceilings measured around it.
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "experiments/protocol.h"
#include "experiments/run_dir.h"

enum summary_part { PART_none, PART_prompt, PART_gen };
// Arms called ceiling:NAME. Of those of operations taken equally often at a point the last one here
// binds; so of bytes.
enum summary_rate { RATE_copy, RATE_write, RATE_read, RATE_fma, RATE_bf16, RATE_int8, RATE_COUNT };
const char *summary_rate_name(enum summary_rate r);   // "read"
enum summary_rate summary_rate_find(const char *arm); // RATE_COUNT: no ceiling

struct summary_sample {
    size_t row;   // of samples.csv
    size_t point; // row of points.csv
    const char *arm;
    long long block, rep, slot;
    enum summary_part part;
    double wall_ns, cpu_ns, first_token_ns, peak_rss_bytes, tokens, bytes, ops; // NaN: empty
    double canary_gbps, energy_j;
    double elements; // of a kernel's sample; NaN for others
    double count;    // of the event that a series is about; NaN in summary_samples
    const char *why; // status of a count of that event that is missing; NULL: none is
    // Bytes or operations a nanosecond of the ceilings just before and just after in the same rep
    // (their mean where there are both), NaN where there are none.
    double rates[RATE_COUNT];
};
struct summary_binding {          // of a point: the ceilings taken most often there
    enum summary_rate ops, bytes; // RATE_COUNT: none was taken
};
struct summary_samples {
    struct summary_sample *samples; // without warm-up; by point, arm, block, rep, slot
    size_t count;
    // The driver takes the peak that binds in every round, the others at the ends of a rep only.
    struct summary_binding *bindings; // of each point
};
struct event_group;
struct summary_input {
    const struct protocol *protocol;
    const struct csv_table *points, *samples, *counts;
    const struct event_group *group; // whose metrics are measures; NULL: none are
};
// The tables outlive what is read. Passes of counters are for their counts, not for times: samples
// of pass > 0 are read where counted is true, and only they. On failure free it too.
int summary_samples_read(struct summary_samples *s, const struct summary_input *in, bool counted);
void summary_samples_free(struct summary_samples *s);
// What the protocol says about a row of points.csv; NULL if it knows no such.
const struct protocol_case *summary_case(const struct summary_input *in, size_t point);
