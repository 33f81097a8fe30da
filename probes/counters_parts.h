// SPDX-License-Identifier: MIT
// What counters*.c share: the events of one thread, their groups, their pages. Private to them.
#pragma once
#include <linux/perf_event.h>

#include "probes/core_pmu.h"
#include "probes/counters.h"

struct slot { // of one event
    int fd;   // -1: not opened
    size_t group, position;
    double overhead, spread; // of an empty region: median, and from its 10th to its 90th percentile
    bool never_zero;         // cycles and instructions: a region that runs has some
};
struct counter_group {
    uint32_t kind; // events of one kind share a group
    int leader;
    size_t members;
    size_t slots[COUNTERS_MAX]; // of the members, in the order in which the kernel gives them
    bool calls;                 // never in user space: Intel's top-down metrics share one register
    bool user;                  // every member has a page that says that it may be read
    const struct perf_event_mmap_page *pages[COUNTERS_MAX]; // of the members; NULL: not to be read
};
struct counters {
    size_t count, group_count;
    struct counter_group groups[COUNTERS_GROUPS];
    struct slot slots[COUNTERS_MAX];
    const struct core_pmu *core; // whose events they are; NULL: the machine has one kind of core
    size_t core_group;           // of the core's own events; group_count where there are none
    bool fast; // one group, read in user space, on a machine with one kind of core
    struct event events[COUNTERS_MAX];
};

// probes/counters_user.c: reading in user space.
void counters_user_map(struct counters *c);   // after all events were opened
void counters_user_unmap(struct counters *c); // before they are closed
// Reads group g without a system call. False: it is not on the PMU now, or may not be read so.
bool counters_user_read(const struct counters *c, size_t g, struct counters_reading *r);
// Where c->fast: a reading, and sum += now - begin; by system calls where the group is off the PMU.
void counters_fast_read(const struct counters *c, struct counters_reading *r);
void counters_fast_add(const struct counters *c, const struct counters_reading *begin,
                       struct counters_reading *sum);
// probes/counters.c: any groups, by the way that each allows. r->lost_groups is set by the caller.
void counters_read_groups(const struct counters *c, struct counters_reading *r);
void counters_add_groups(const struct counters *c, const struct counters_reading *begin,
                         struct counters_reading *sum);
// What a page and a counter's bits say together: the counter has `width` bits and wraps.
static inline uint64_t counters_user_value(int64_t offset, uint64_t pmc, unsigned width) {
    const unsigned unused = 64 - width;
    return (uint64_t)(offset + ((int64_t)(pmc << unused) >> unused));
}
