// SPDX-License-Identifier: MIT
// What can be measured outside of the cores: energy, traffic of the memory controllers.
#include <stdbool.h>

#include "probes/energy.h"
#include "probes/ledger.h"
#include "probes/machine_gather.h"
#include "probes/uncore.h"

void machine_gather_chip(struct machine *m) {
    struct ledger_reading now;
    ledger_read(&now); // opens the sensors
    struct energy_source energy = energy_source();
    if (energy.status == STATUS_ok)
        machine_add(m, "energy", "", energy.name, "%s", now.energy_domain);
    else
        machine_add_missing(m, "energy", "", "powercap, perf power/, hwmon", energy.status);
    struct uncore *u = uncore_open();
    if (u == NULL) return;
    struct uncore_count counts[UNCORE_DIRECTIONS];
    uncore_read(u, counts);
    uncore_close(u);
    bool both = counts[UNCORE_both].status == STATUS_unverified;
    for (int d = 0; d < UNCORE_DIRECTIONS; d++) {
        const char *name = uncore_direction_name((enum uncore_direction)d);
        bool counted = counts[d].status == STATUS_unverified;
        if (!counted && (d == UNCORE_both) != both) continue; // told apart, or not: one of the two
        if (counted)
            machine_add(m, name, "", "/sys/bus/event_source/devices", "counted");
        else
            machine_add_missing(m, name, "", "/sys/bus/event_source/devices", counts[d].status);
    }
}
