// SPDX-License-Identifier: MIT
// Counters of one thread: libpfm4 names (and perf::generic software events) encoded for perf_event,
// one group a thread, with enabled and running times and a status for each event. On a machine
// without a PMU everything runs and every hardware event says `unsupported`.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum source {
    SOURCE_pmu,
    SOURCE_soft,
    SOURCE_sim,
    SOURCE_static,
    SOURCE_model,
    SOURCE_emu,
    SOURCE_COUNT
};
enum status {
    STATUS_ok,
    STATUS_unverified,
    STATUS_multiplexed,
    STATUS_inexact,
    STATUS_below_min_region,
    STATUS_unsupported,
    STATUS_denied,
    STATUS_lost,
    STATUS_zero_suspect,
    STATUS_selftest_failed,
    STATUS_COUNT
};
const char *source_name(enum source s);
const char *status_name(enum status s);

struct count {          // of one event over one region, or over the sum of several
    enum status status; // decides which of the following are filled; the others are NaN
    enum source source;
    double value_raw, value_net,
        overhead; // net = raw - overhead, the overhead of all regions summed
    uint64_t enabled_ns, running_ns;
};

struct event {
    char name[96];     // as asked for
    char encoding[64]; // "type=0 config=0x2"; "" where there is none
    enum source source;
    // unsupported or denied: it was not opened; selftest_failed, zero_suspect: neither, because it
    // answered the self-test wrongly. unverified: a hardware event that no loop of known counts has
    // answered yet. inexact: opened without the kernel's share.
    enum status status;
    char reason[240]; // why it is not ok, and what to do; "" if it is
    bool no_room; // unsupported only beside the events before it: it would count in another pass
};

// Whether it counts: ok, unverified and inexact events are open.
static inline bool counters_event_opened(const struct event *e) {
    return e->status == STATUS_ok || e->status == STATUS_unverified || e->status == STATUS_inexact;
}

#define COUNTERS_MAX 16
#define COUNTERS_GROUPS 4 // perf_event groups: software events, the core's counters, two more PMUs
struct counters;          // belongs to the thread that opened it; counts that thread alone
// Opens and starts the groups for the calling thread and calibrates them (about 0.3 ms). Hardware
// events count user space; software events the kernel as well, for that is where a context switch
// happens. Events that cannot be opened stay in the list with their status. Negative errno with a
// message in probes/error.h: -EINVAL for a name that no event has (with the nearest ones) or too
// many of them.
int counters_open(struct counters **out, const char *const *names, size_t count);
void counters_close(struct counters *c); // NULL is allowed
size_t counters_event_count(const struct counters *c);
const struct event *counters_event(const struct counters *c, size_t i);

struct counters_reading { // since counters_open; or a sum of differences (counters_add)
    uint64_t values[COUNTERS_MAX];
    uint64_t enabled_ns[COUNTERS_GROUPS], running_ns[COUNTERS_GROUPS]; // of each group
    uint32_t lost_groups; // bit g: group g could not be read
};
// In user space where the kernel allows it (rdpmc; perf_user_access on AArch64): tens of ns.
// Otherwise one read() a group, about 1.2 us. Takes no lock and allocates nothing.
void counters_read(struct counters *c, struct counters_reading *r);
bool counters_read_in_user_space(const struct counters *c); // of the core's own events
void counters_use_system_calls(struct counters *c); // from now on; for comparisons of the two ways
// sum += now - begin, without a reading in between: the end of a region.
void counters_read_add(struct counters *c, const struct counters_reading *begin,
                       struct counters_reading *sum);
// What lies between two readings. counts[counters_event_count].
void counters_difference(const struct counters *c, const struct counters_reading *begin,
                         const struct counters_reading *end, struct count *counts);
// The same for many regions: sum += end - begin for each, then the counts of `regions` regions at
// once.
void counters_add(const struct counters *c, struct counters_reading *sum,
                  const struct counters_reading *begin, const struct counters_reading *end);
void counters_total(const struct counters *c, const struct counters_reading *sum, uint64_t regions,
                    struct count *counts);
// Measures the overhead of an empty region again: once at counters_open, and when the caller
// wishes.
void counters_calibrate(struct counters *c);
// What calibration found for event i: the median of an empty region's count, the distance of its
// 10th and 90th percentile, and the smallest count that a region may have to be trusted. NaN: not
// opened.
struct calibration {
    double overhead, spread, least;
};
struct calibration counters_calibration(const struct counters *c, size_t i);
// Some group was off the PMU for a while, though its events fit into it together: someone else
// holds counters (perf, the NMI watchdog, another virtual machine's share). Says so for people; ""
// if not.
const char *counters_held_by_others(const struct counters *c, const struct counters_reading *sum);

// Opens one event for the calling thread and closes it again: *e says whether it counts here, and
// why not.
void counters_try(const char *name, struct event *e);
// What every report on a machine names: cycles, instructions, cache-misses, branch-misses and the
// software events, each opened alone and closed again. Returns how many there are; fills at most
// max.
size_t counters_standard(struct event *events, size_t max);
// Lists what this machine's libpfm4 and kernel know, for `list events`: name, source, description.
void counters_list(void (*row)(void *arg, const char *name, enum source s, const char *description),
                   void *arg);
