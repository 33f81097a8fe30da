// SPDX-License-Identifier: MIT
// What a count is worth: the rules that give it its status, apart from the kernel so that they can
// be checked without the hardware they are about. Private to probes/ and tests/.
#pragma once
#include <stdbool.h>

#include "probes/counters.h"

struct observation {    // of one event over `regions` regions
    enum status opened; // the event's own: ok, unverified, inexact; others: no values
    uint64_t value, enabled_ns, running_ns, regions;
    bool lost;               // a read of its group failed
    bool never_zero;         // cycles, instructions: a region that ran has some
    double overhead, spread; // of one empty region
};
#define COUNTERS_MIN_REGION_SPREADS 50 // a region with less than this many spreads is not trusted
void counters_judge(const struct observation *o, struct count *n); // all of *n but the source
