// SPDX-License-Identifier: MIT
// A region: begin and end around work on one thread, summed up in place. With unfenced time stamps
// and no counters a region costs two reads of the time stamp counter and a few additions
// (probes/README.md has the figure); a counter's reading adds about 1.2 us a group at each side.
//
//   struct probe p = {.counters = c};             one a thread; c is this thread's, or NULL
//   struct probe_sum sums[steps] = {0};           one a kind of region
//   probe_begin(&p); work(); probe_end(&p, &sums[step]);
//
// The time from an end to the next begin is the wait of the region that ended (its barrier).
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "probes/clock.h"
#include "probes/counters.h"

struct probe_sum {
    uint64_t regions, ticks, wait_ticks;
    struct counters_reading counts; // for counters_total(c, &counts, regions, …)
};
struct probe {
    struct counters *counters; // NULL: time stamps alone
    bool fenced;               // for regions so short that what came before would leak in
    uint64_t begin_ticks, end_ticks;
    struct probe_sum *ended; // the region whose wait runs; NULL: none
    struct counters_reading begin;
};

static inline uint64_t probe_stamp(const struct probe *p) {
    return p->fenced ? clock_ticks_fenced() : clock_ticks();
}
static inline void probe_begin(struct probe *p) {
    uint64_t arrived = 0;
    if (p->counters) { // reading them is no part of the region's time, nor of the wait before it
        arrived = probe_stamp(p);
        counters_read(p->counters, &p->begin);
    }
    p->begin_ticks = probe_stamp(p);
    if (p->ended) p->ended->wait_ticks += (p->counters ? arrived : p->begin_ticks) - p->end_ticks;
}
static inline void probe_end(struct probe *p, struct probe_sum *sum) {
    p->end_ticks = probe_stamp(p);
    sum->regions++;
    sum->ticks += p->end_ticks - p->begin_ticks;
    p->ended = sum;
    if (p->counters) {
        counters_read_add(p->counters, &p->begin, &sum->counts);
        p->end_ticks = probe_stamp(p);
    }
}
// What lies between the last end and the next begin is nobody's wait: between two evals.
static inline void probe_pause(struct probe *p) {
    p->ended = NULL;
}
