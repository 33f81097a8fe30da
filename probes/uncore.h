// SPDX-License-Identifier: MIT
// Bytes between memory and the chip, counted outside of the cores: memory controllers and data
// fabrics, found and named by perf's sysfs (probes/uncore.def). They count everybody's traffic,
// need perf_event_paranoid <= 0 or CAP_PERFMON, and there is one unit a socket and channel.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "probes/counters.h"

enum uncore_direction { UNCORE_read, UNCORE_write, UNCORE_both, UNCORE_DIRECTIONS };
const char *uncore_direction_name(enum uncore_direction d); // "dram_read_bytes" …

struct uncore_unit { // one event on one unit
    char unit[48];   // "uncore_imc_3"
    char event[64];  // as in the table
    enum uncore_direction direction;
    int cpu;  // that reads it: one of the unit's cpumask, which has one a socket
    int type; // for perf_event_attr, as what follows
    uint64_t config, config1, config2;
    double bytes; // of one count
};
#define UNCORE_UNITS_MAX 256
// What sysfs names, opened or not. The number of units, 0 where there are none; a unit whose files
// make no sense is left out, and *message (not empty then) says which.
size_t uncore_find(struct uncore_unit *units, size_t max, char *message, size_t message_size);

struct uncore;
// Opens all units. Never NULL but out of memory: what cannot be counted has a status and a reason.
struct uncore *uncore_open(void);
void uncore_close(struct uncore *u);
struct uncore_count {
    enum status status;
    double bytes; // since uncore_open; NaN unless the status has values
    const char *reason;
};
// read and write, or both alone where the hardware does not tell them apart; the others are
// `unsupported`.
void uncore_read(struct uncore *u, struct uncore_count counts[UNCORE_DIRECTIONS]);
