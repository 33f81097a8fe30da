// SPDX-License-Identifier: MIT
// Counters of one thread: libpfm4 names (and perf::generic software events) encoded for perf_event, one
// group a thread, with enabled and running times and a status for each event. On a machine without a PMU
// everything runs and every hardware event says `unsupported`.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum source { SOURCE_pmu, SOURCE_soft, SOURCE_sim, SOURCE_static, SOURCE_model, SOURCE_emu, SOURCE_COUNT };
enum status {
    STATUS_ok, STATUS_unverified, STATUS_multiplexed, STATUS_inexact, STATUS_below_min_region,
    STATUS_unsupported, STATUS_denied, STATUS_lost, STATUS_zero_suspect, STATUS_selftest_failed,
    STATUS_COUNT
};
const char *source_name(enum source s);
const char *status_name(enum status s);

struct count {            // of one event over one region
    enum status status;   // decides which of the following are filled (architecture.md)
    enum source source;
    double value_raw, value_net, overhead;
    uint64_t enabled_ns, running_ns;
};

struct event {
    char name[96];     // as asked for
    char encoding[64]; // "type=0 config=0x2"; "" where there is none
    enum source source;
    enum status status; // unsupported or denied: it was not opened
    char reason[160];   // why it was not, and what to do; "" if it was
};

#define COUNTERS_MAX 16
struct counters; // belongs to the thread that opened it
// Opens a group for the calling thread. Events that cannot be opened stay in the list with their status.
int counters_open(struct counters **out, const char *const *names, size_t count);
void counters_close(struct counters *c);
size_t counters_event_count(const struct counters *c);
const struct event *counters_event(const struct counters *c, size_t i);
struct counters_reading {
    uint64_t enabled_ns, running_ns, values[COUNTERS_MAX];
};
void counters_read(struct counters *c, struct counters_reading *r);
// What lies between two readings. counts[counters_event_count].
void counters_difference(const struct counters *c, const struct counters_reading *begin,
                         const struct counters_reading *end, struct count *counts);
// Lists what this machine's libpfm4 and kernel know, for `list events`: name, source, description.
void counters_list(void (*row)(void *arg, const char *name, enum source s, const char *description), void *arg);
