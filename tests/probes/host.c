// SPDX-License-Identifier: MIT
#include "tests/probes/expect.h"

#include <ctype.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probes/cpulist.h"
#include "probes/environment.h"
#include "probes/machine.h"

int check_machine_facts_complete(void) {
    static const char *const keys[] = {"arch",
                                       "cpu_vendor",
                                       "cpu_family",
                                       "cpu_model",
                                       "cpu_stepping",
                                       "cpu_name",
                                       "hypervisor",
                                       "tsc_hz",
                                       "cpu_microcode",
                                       "tsc_invariant",
                                       "cpu_threads",
                                       "cpu_cores",
                                       "smt",
                                       "l1d_bytes",
                                       "l1i_bytes",
                                       "l2_bytes",
                                       "l3_bytes",
                                       "cache_line_bytes",
                                       "numa_nodes",
                                       "numa_policy",
                                       "node_id",
                                       "memory_bytes",
                                       "swap_bytes",
                                       "overcommit",
                                       "page_bytes",
                                       "thp",
                                       "aslr",
                                       "cpuset",
                                       "kernel_release",
                                       "kernel_cmdline",
                                       "libpfm_version",
                                       "perf_event_paranoid",
                                       "governor",
                                       "turbo"};
    const struct machine *m = machine_facts();
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        int found = 0;
        for (size_t i = 0; i < machine_fact_count(m); i++)
            found += !strcmp(machine_fact_at(m, i)->key, keys[k]);
        expect(found == 1, "the fact %s stands there %d times", keys[k], found);
    }
    for (size_t i = 0; i < machine_fact_count(m); i++) {
        const struct machine_fact *f = machine_fact_at(m, i);
        printf("  %s,%s,%s,%s,%s\n", f->key, f->value, f->unit, f->source, status_name(f->status));
        expect((f->status == STATUS_ok) == (*f->value != 0), "%s: \"%s\" with status %s", f->key,
               f->value, status_name(f->status));
        expect(*f->source != 0, "%s has no source", f->key);
    }
    expect(atof(machine_value(m, "cpu_threads")) >= 1 &&
               atof(machine_value(m, "memory_bytes")) > 1e6 &&
               atof(machine_value(m, "tsc_hz")) > 1e6,
           "threads, memory and clock");
    return 0;
}

int check_machine_slug_anonymous(void) {
    const struct machine *m = machine_facts();
    const char *slug = machine_slug(m);
    size_t length = strlen(slug);
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    printf("  %s\n", slug);
    expect(length > 3 && strspn(slug, "abcdefghijklmnopqrstuvwxyz0123456789-") == length,
           "\"%s\" is not [a-z0-9-]+", slug);
    expect(slug[0] != '-' && slug[length - 1] != '-' && !strstr(slug, "--"),
           "\"%s\": stray hyphens", slug);
    char threads[32];
    snprintf(threads, sizeof threads, "-%st", machine_value(m, "cpu_threads"));
    expect(length > strlen(threads) && !strcmp(slug + length - strlen(threads), threads),
           "\"%s\" does not end in %s", slug, threads);
    for (size_t i = 0; strlen(host) >= 4 && i <= machine_fact_count(m); i++) {
        const char *text = i ? machine_fact_at(m, i - 1)->value : slug;
        for (const char *at = strstr(text, host); at; at = strstr(at + 1, host))
            expect((at > text && isalnum((unsigned char)at[-1])) ||
                       isalnum((unsigned char)at[strlen(host)]),
                   "\"%s\" names the host", text);
    }
    char machine_id[64] = "";
    FILE *file = fopen("/etc/machine-id", "re");
    if (file && !fgets(machine_id, sizeof machine_id, file)) machine_id[0] = 0;
    if (file) fclose(file);
    machine_id[strcspn(machine_id, "\n")] = 0;
    expect(!*machine_id || !strstr(machine_id, machine_value(m, "node_id")) ||
               !*machine_value(m, "node_id"),
           "the node id is a part of the machine id");
    return 0;
}

int check_machine_cpus_ordered(void) {
    const int *cpus;
    size_t cores, count = machine_cpus(machine_facts(), &cpus, &cores);
    expect(count >= 1 && cores >= 1 && cores <= count, "%zu CPUs of %zu cores", count, cores);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < i; k++) expect(cpus[k] != cpus[i], "CPU %d twice", cpus[i]);
        if (i != 0 && i != cores)
            expect(cpus[i - 1] < cpus[i], "CPU %d before %d", cpus[i - 1], cpus[i]);
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET((size_t)cpus[i], &one);
        expect(sched_setaffinity(0, sizeof one, &one) == 0, "CPU %d cannot be had", cpus[i]);
    }
    return 0;
}

int check_cpu_lists(void) {
    int cpus[8];
    char message[256];
    const struct {
        const char *text;
        int count, last; // count -1: an error
        const char *part;
    } rows[] = {
        {"0", 1, 0, ""},
        {"0,2-3", 3, 3, ""},
        {"3,0-1", 3, 1, ""},
        {"5-5", 1, 5, ""},
        {"0-7", 8, 7, ""},
        {"", -1, 0, "character 1"},
        {"a", -1, 0, "character 1"},
        {"0,", -1, 0, "character 3"},
        {",0", -1, 0, "character 1"},
        {"0-", -1, 0, "character 3"},
        {"-1", -1, 0, "character 1"},
        {"1 2", -1, 0, "character 2"},
        {"3-1", -1, 0, "backwards"},
        {"1,0-2", -1, 0, "twice"},
        {"0-8", -1, 0, "more than 8"},
        {"0-99999999999999999999", -1, 0, "character"},
        {"4294967296", -1, 0, "character"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        message[0] = 0;
        int count = cpulist_parse(rows[i].text, cpus, 8, message, sizeof message);
        expect(count == rows[i].count, "\"%s\": %d (%s)", rows[i].text, count, message);
        if (count > 0)
            expect(cpus[count - 1] == rows[i].last, "\"%s\" ends in %d", rows[i].text,
                   cpus[count - 1]);
        if (count < 0)
            expect(strstr(message, rows[i].part) && strstr(message, rows[i].text), "\"%s\": %s",
                   rows[i].text, message);
    }
    int parsed = -1;
    expect(machine_parse_cpus("1048575", cpus, 8, &parsed, message, sizeof message) == -1 &&
               strstr(message, "cpuset"),
           "a CPU that is nowhere: %s", message);
    const int *own;
    char first[16];
    machine_cpus(machine_facts(), &own, NULL);
    snprintf(first, sizeof first, "%d", own[0]);
    expect(machine_parse_cpus(first, cpus, 8, &parsed, message, sizeof message) == 0 &&
               parsed == 1 && cpus[0] == own[0],
           "CPU %s: %s", first, message);
    return 0;
}

// Each thing that a careful person would fix has its line with a command, and what is fine has
// none.
int check_environment(void) {
    static const struct {
        struct environment e;
        const char *key, *says; // NULL: no line
    } rows[] = {
        {{.governor = "performance",
          .turbo = "off",
          .smt = "off",
          .nmi_watchdog = "0",
          .paranoid = "2",
          .thp = "madvise",
          .prefetchers = "on"},
         NULL,
         NULL},
        {{.governor = ""}, NULL, NULL}, // nothing is known: nothing is said
        {{.governor = "powersave"}, "governor", "cpupower frequency-set -g performance"},
        {{.turbo = "on", .turbo_path = "/sys/devices/system/cpu/intel_pstate/no_turbo"},
         "turbo",
         "echo 1 > /sys/devices/system/cpu/intel_pstate/no_turbo"},
        {{.turbo = "on", .turbo_path = "/sys/devices/system/cpu/cpufreq/boost"},
         "turbo",
         "echo 0 > /sys/devices/system/cpu/cpufreq/boost"},
        {{.smt = "on"}, "smt", "/sys/devices/system/cpu/smt/control"},
        {{.nmi_watchdog = "1"}, "nmi_watchdog", "sysctl kernel.nmi_watchdog=0"},
        {{.paranoid = "3"}, "perf_event_paranoid", "sysctl kernel.perf_event_paranoid=2"},
        {{.paranoid = "3", .capable = true}, NULL, NULL},
        {{.thp = "always"}, "thp", "echo madvise"},
        {{.thp = "never"}, "thp", "--load huge"},
        {{.prefetchers = "off", .prefetchers_by = "rdmsr 0x1a4"},
         "prefetchers",
         "wrmsr -a 0x1a4 0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct environment_line lines[ENVIRONMENT_MAX];
        size_t count = environment_judge(&rows[i].e, lines);
        expect(count == (rows[i].key != NULL), "row %zu: %zu lines", i, count);
        if (count != 1 || !rows[i].key) continue;
        printf("  %s\n", lines[0].text);
        expect(!strcmp(lines[0].key, rows[i].key) && strstr(lines[0].text, rows[i].says),
               "row %zu does not say \"%s\"", i, rows[i].says);
        expect(!strchr(lines[0].text, '\n'), "row %zu is more than a line", i);
    }
    return 0;
}
