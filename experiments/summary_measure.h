// SPDX-License-Identifier: MIT
// The measures of measures.def, of single samples and of a block's samples.
#pragma once
#include "experiments/summary_sample.h"

enum measure {
#define MEASURE(name, ...) MEASURE_##name,
#include "experiments/measures.def"
#undef MEASURE
    MEASURE_count, // of an event: what the samples' field `count` holds
    MEASURE_COUNT
};
enum measure_better { BETTER_none, BETTER_lower, BETTER_higher };
struct measure_info {
    const char *name, *unit, *source;
    enum measure_better better;
};
const struct measure_info *measure_info(enum measure m); // not of MEASURE_count

struct group { // samples of one arm at one point, by block, rep, slot; no warm-up
    const struct summary_sample *samples;
    size_t count;
    enum summary_part part; // that speeds are about
    bool ceiling;
    struct summary_binding binding;
    bool reads;       // the ceiling of bytes binds
    double fast_gbps; // fractions of the read ceiling leave out samples beside a slower canary;
                      // -inf: none
    double *scratch;  // room for count
};
// False for measures that such a group has not, whatever its samples say.
bool measure_applies(const struct group *g, enum measure m);
// Over all samples rather than per block: token_ns_pNN.
bool measure_is_percentile(enum measure m);
// Of the group's samples from s on, all of one block. NaN: none.
double measure_of_block(const struct group *g, enum measure m, const struct summary_sample *s,
                        size_t count);
// NaN for measures that single samples do not have, and where this one has none.
double measure_of_sample(const struct group *g, enum measure m, const struct summary_sample *s);
