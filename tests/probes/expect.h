// SPDX-License-Identifier: MIT
// The parts of check_probes: what they share, and the cases. Each case returns 0 or EXPECT_CANNOT;
// what was not so is counted in expect_failures.
#pragma once
#include <stdbool.h>
#include <time.h>

#define EXPECT_CANNOT 77
extern int expect_failures;
// Prints and counts what does not hold.
__attribute__((format(printf, 2, 3))) void expect(bool holds, const char *format, ...);
// Prints why this machine cannot; EXPECT_CANNOT.
__attribute__((format(printf, 1, 2))) int expect_skip(const char *format, ...);
double expect_seconds(clockid_t clock);
void expect_spin(double seconds);
bool expect_emulated(void); // qemu-user: times say nothing, and there is no perf_event at all

// Work of known counts, for counters and ledger alike.
#define EXPECT_PAGES 256
void expect_touch(void *pages); // one page fault for each of EXPECT_PAGES fresh pages
void *expect_pages(void);       // fresh ones, never huge; NULL: no memory
void expect_unmap(void *pages);
void expect_sleep(void *times); // *(int *)times switches
void expect_move(void *cpus);   // 19 or 20 migrations between ((int *)cpus)[0] and [1]

int check_clock_monotonic(void);
int check_clock_calibrated(void);
int check_soft_context_switches(void);
int check_soft_page_faults(void);
int check_soft_migrations(void);
int check_hardware_events(void);
int check_group_of_both_kinds(void);
int check_statuses(void);
int check_counter_wraps(void);
int check_user_reading(void);
int check_denials(void);
int check_selftest_verdicts(void);
int check_selftest_software(void);
int check_selftest_off(void);
int check_passes(void);
int check_environment(void);
int check_region_instructions(void);
int check_unknown_names(void);
int check_names_of_other_machines(void);
int check_encode_inactive(void);
int check_list(void);
int check_ledger_busy(void);
int check_ledger_counts(void);
int check_ledger_flags(void);
int check_ledger_fork(void);
int check_ledger_cost(void);
int check_machine_facts_complete(void);
int check_machine_slug_anonymous(void);
int check_machine_cpus_ordered(void);
int check_cpu_lists(void);
int check_region_cost(void);
int check_region_sums(void);
int check_uncore_two_sockets(void);
int check_uncore_amd(void);
int check_uncore_broken(void);
int check_energy_wrap(void);
int check_energy_missing(void);
int check_sensors(void);
int check_core_types(void);
int check_multiplexing(void);
int check_long_count(void);
