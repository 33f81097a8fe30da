// SPDX-License-Identifier: MIT
// The noise ledger: what else happened on the machine while a sample was taken. It flags, never
// drops. Values that cannot be read are NaN. The canary and the add chain are kernels: the caller
// runs them and tells the ledger what they gave. Sources and costs of each value: probes/README.md.
#pragma once
#include <stddef.h>
#include <stdint.h>

struct ledger_reading {                      // at one instant, of this process and machine
    uint64_t cpu_ns;                         // CPU time of all threads of this process
    double ctx_switches, migrations, faults; // of all threads of this process
    double steal_ticks;                      // of the machine, in 1/sysconf(_SC_CLK_TCK) s
    double runnable;                         // tasks that run or want to, machine-wide
    double temperature_c, throttle_events;
    double peak_rss_bytes, energy_j; // energy: since the first reading, all domains of that name
    char energy_domain[32];          // "package" (all packages summed); "" where there is none
    double preemptions,
        major_faults; // the involuntary ones of ctx_switches; those of faults with I/O
};
// Thread-safe. The first call opens what the later ones read with pread, and starts the count of
// migrations: make it before the threads that are to be counted. A forked child opens its own.
void ledger_read(struct ledger_reading *r);

struct ledger_entry { // between two readings
    // runnable and temperature: the larger of the two readings; peak_rss_bytes: the second one.
    double cpu_ns, ctx_switches, migrations, faults, steal_ticks, runnable;
    double temperature_c, throttle_events, peak_rss_bytes, energy_j;
    char energy_domain[32];
    double eff_mhz, canary_gbps; // set by the caller; NaN where not measured
    char flags[128];             // words separated by spaces, of those at ledger_flag
    double preemptions, major_faults;
};
// Everything but eff_mhz and canary_gbps, which become NaN, and flags, which become "".
void ledger_difference(const struct ledger_reading *begin, const struct ledger_reading *end,
                       struct ledger_entry *e);
// Sets the flags from the values; canary_reference_gbps: the session's best so far (NaN: none).
//   steal        the hypervisor gave a CPU to someone else for at least one tick
//   migrated     a thread moved to another CPU        preempted   a thread was switched out unasked
//   major_fault  a fault waited for I/O                throttled  a core slowed for heat or power
//   crowded      more tasks wanted to run than the machine has CPUs
//   canary_low   the canary read less than LEDGER_CANARY_LOW of the reference
#define LEDGER_CANARY_LOW 0.8
void ledger_flag(struct ledger_entry *e, double canary_reference_gbps);
// Effective MHz from a chain of dependent one-cycle adds: adds done in ticks of the clock.
double ledger_effective_mhz(double adds, uint64_t ticks);
