// SPDX-License-Identifier: MIT
#include "probes/counters_judge.h"

#include <math.h>

static enum status judged(const struct observation *o) {
    double value = (double)o->value;
    if (o->opened == STATUS_unsupported || o->opened == STATUS_denied ||
        o->opened == STATUS_selftest_failed || o->opened == STATUS_zero_suspect)
        return o->opened;
    if (o->lost || o->running_ns == 0) return STATUS_lost; // never on the PMU: its zero is no count
    // Some virtual PMUs open every event and count nothing; a zero needs an event that is known to
    // count.
    if (o->value == 0 && (o->never_zero || o->opened == STATUS_unverified))
        return STATUS_zero_suspect;
    if (o->running_ns < o->enabled_ns) return STATUS_multiplexed;
    if (o->opened == STATUS_inexact) return STATUS_inexact;
    if (o->spread > 0 && value < COUNTERS_MIN_REGION_SPREADS * o->spread * (double)o->regions)
        return STATUS_below_min_region;
    return o->opened;
}

void counters_judge(const struct observation *o, struct count *n) {
    n->status = judged(o);
    n->enabled_ns = o->enabled_ns;
    n->running_ns = o->running_ns;
    n->value_raw = n->value_net = n->overhead = NAN;
    switch (n->status) {
    case STATUS_ok:
    case STATUS_unverified:
        n->value_net = (double)o->value - o->overhead * (double)o->regions;
        // fall through
    case STATUS_multiplexed:
    case STATUS_inexact:
    case STATUS_below_min_region:
        n->value_raw = (double)o->value;
        n->overhead = o->overhead * (double)o->regions;
        break;
    default:
        break;
    }
}
