// SPDX-License-Identifier: MIT
// The noise ledger: what else happened on the machine while a sample was taken. It flags, never drops.
// Values that cannot be read are NaN. The canary and the add chain are kernels: the caller runs them and
// tells the ledger what they gave.
#pragma once
#include <stddef.h>
#include <stdint.h>

struct ledger_reading { // at one instant, of this process and machine
    uint64_t cpu_ns;    // CPU time of all threads of this process
    double ctx_switches, migrations, faults; // of all threads of this process
    double steal_ticks;                      // of the machine
    double runnable;                         // tasks that run or want to, machine-wide
    double temperature_c, throttle_events;
    double peak_rss_bytes, energy_j;
    char energy_domain[32];
};
void ledger_read(struct ledger_reading *r);

struct ledger_entry { // between two readings
    double cpu_ns, ctx_switches, migrations, faults, steal_ticks, runnable;
    double temperature_c, throttle_events, peak_rss_bytes, energy_j;
    char energy_domain[32];
    double eff_mhz, canary_gbps; // set by the caller; NaN where not measured
    char flags[128];             // words separated by spaces: "steal migrated preempted canary_low …"
};
void ledger_difference(const struct ledger_reading *begin, const struct ledger_reading *end,
                       struct ledger_entry *e);
// Sets the flags from the values; canary_reference_gbps: the session's best so far (NaN: none).
void ledger_flag(struct ledger_entry *e, double canary_reference_gbps);
// Effective MHz from a chain of dependent one-cycle adds: adds done in ticks of the clock.
double ledger_effective_mhz(double adds, uint64_t ticks);
