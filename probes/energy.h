// SPDX-License-Identifier: MIT
// Joules of the processor's packages, from the first of: powercap (RAPL; readable by root alone on
// most systems), the perf PMU `power` (its events/energy-pkg with the scale that sysfs gives),
// hwmon (energy*_input). Not thread-safe: the ledger holds a lock.
#pragma once
#include "probes/counters.h"

// Opens what this machine has; after energy_close again.
void energy_open(void);
void energy_close(void);
// Since energy_open, all packages summed, wraps undone as long as there is a reading in each; NaN
// where none can be read.
double energy_joules(void);
const char *energy_domain(void); // "package"; "" where there is none
// Where it comes from, or why there is none and what to do about it.
struct energy_source {
    enum status status;
    const char *name;   // "powercap", "perf power/energy-pkg/", "hwmon"; "" where there is none
    const char *reason; // "" where the status is ok
};
struct energy_source energy_source(void);
