// SPDX-License-Identifier: MIT
// Names of events to what perf_event_open takes: the names of this CPU's group file
// (probes/group.h) where one was selected, raw codes ("raw:0x4844",
// "raw:0x12a,config1=0x3fbfc00001"), our table of the kernel's generic events (it works in every
// build), libpfm4 where it was built in for everything else.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes/counters.h"

struct encoding {
    uint32_t type; // of struct perf_event_attr
    uint64_t config, config1, config2;
    bool exclude_user, exclude_kernel; // hardware: user space alone unless the name says :k
    enum source source;  // SOURCE_soft for type PERF_TYPE_SOFTWARE, SOURCE_pmu otherwise
    enum status status;  // ok; unsupported: the event is real, but not this machine's
    char reason[160];    // of unsupported
    char full_name[128]; // as libpfm4 spells it, "perf::instructions" for the table's
};
// 0, or -EINVAL with a message (probes/error.h) that names the nearest names where none has this
// name. With LIBPFM_ENCODE_INACTIVE=1 in the environment at the first call, events of CPUs that are
// not here are encoded as well; their status stays unsupported.
int encode_event(const char *name, struct encoding *e);
// The same for a thread on a core of this PMU (NULL: the machine has one kind of core).
struct core_pmu;
int encode_event_on(const char *name, const struct core_pmu *core, struct encoding *e);
// Every name of the table, then libpfm4's of the PMUs that are here.
void encode_list(void (*row)(void *arg, const char *name, enum source s, const char *description),
                 void *arg);

// "interface 4.0, libpfm.so.4.13.0": pfm_get_version and the header say 4.0 in every 4.x, the
// file's name says which. "" without libpfm4.
const char *encode_library(void);
const char *encode_present_pmus(void); // "perf perf_raw amd64_fam19h_zen4"; "" without libpfm4
