// SPDX-License-Identifier: MIT
// Checks of probes/: check_probes CASE runs one, --list prints their names, without an argument
// each runs in a process of its own. Exit 0 passed, 1 failed, 77 this machine cannot. The cases:
// tests/probes/.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/probes/expect.h"

static const struct {
    const char *name;
    int (*run)(void);
} cases[] = {
    {"clock_monotonic", check_clock_monotonic},
    {"clock_calibrated", check_clock_calibrated},
    {"soft_context_switches", check_soft_context_switches},
    {"soft_page_faults", check_soft_page_faults},
    {"soft_migrations", check_soft_migrations},
    {"hardware_events", check_hardware_events},
    {"group_of_both_kinds", check_group_of_both_kinds},
    {"statuses", check_statuses},
    {"counter_wraps", check_counter_wraps},
    {"user_reading", check_user_reading},
    {"denials", check_denials},
    {"selftest_verdicts", check_selftest_verdicts},
    {"selftest_software", check_selftest_software},
    {"selftest_off", check_selftest_off},
    {"passes", check_passes},
    {"environment", check_environment},
    {"region_instructions", check_region_instructions},
    {"unknown_names", check_unknown_names},
    {"names_of_other_machines", check_names_of_other_machines},
    {"encode_inactive", check_encode_inactive},
    {"list", check_list},
    {"ledger_busy", check_ledger_busy},
    {"ledger_counts", check_ledger_counts},
    {"ledger_flags", check_ledger_flags},
    {"ledger_fork", check_ledger_fork},
    {"ledger_cost", check_ledger_cost},
    {"machine_facts", check_machine_facts_complete},
    {"machine_slug", check_machine_slug_anonymous},
    {"machine_cpus", check_machine_cpus_ordered},
    {"cpu_lists", check_cpu_lists},
    {"region_cost", check_region_cost},
    {"region_sums", check_region_sums},
    {"multiplexing", check_multiplexing},
    {"long_count", check_long_count},
    {"uncore_two_sockets", check_uncore_two_sockets},
    {"uncore_amd", check_uncore_amd},
    {"uncore_broken", check_uncore_broken},
    {"energy_wrap", check_energy_wrap},
    {"energy_missing", check_energy_missing},
    {"sensors", check_sensors},
    {"core_types", check_core_types},
};
#define CASES (sizeof cases / sizeof cases[0])

static int run_case(const char *program, size_t i) {
    printf("%s\n", cases[i].name);
    int result = cases[i].run();
    if (!expect_failures && (result == 0 || result == EXPECT_CANNOT)) return result;
    printf("  FAILED; alone: %s %s\n", program, cases[i].name);
    return 1;
}

int main(int argc, char **argv) {
    if (argc == 2 && !strcmp(argv[1], "--list")) {
        for (size_t i = 0; i < CASES; i++) puts(cases[i].name);
        return 0;
    }
    if (argc == 2) {
        for (size_t i = 0; i < CASES; i++)
            if (!strcmp(argv[1], cases[i].name)) return run_case(argv[0], i);
        fprintf(stderr, "%s: no case \"%s\"; --list names them\n", argv[0], argv[1]);
        return 2;
    }
    int failed = 0;
    for (size_t i = 0; i < CASES;
         i++) { // fresh processes: some cases want their library uninitialized
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) exit(run_case(argv[0], i));
        int status = -1;
        if (child > 0) waitpid(child, &status, 0);
        if (!WIFEXITED(status)) printf("%s: died (status %d)\n", cases[i].name, status);
        failed += !WIFEXITED(status) ||
                  (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != EXPECT_CANNOT);
    }
    printf("%d of %zu cases failed\n", failed, CASES);
    return failed != 0;
}
