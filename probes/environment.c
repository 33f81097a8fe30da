// SPDX-License-Identifier: MIT
#include "probes/environment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probes/machine_gather.h"

// Bits that switch prefetchers off: Intel's MSR 0x1a4 (four), AMD's 0xc0000108 (six, from Zen 4
// on).
static void read_prefetchers(struct environment *e, const char *vendor) {
    const uint32_t msr = !strcmp(vendor, "GenuineIntel")   ? 0x1a4
                         : !strcmp(vendor, "AuthenticAMD") ? 0xc0000108
                                                           : 0;
    const uint64_t bits = msr == 0x1a4 ? 0xf : 0x2f;
    uint64_t value;
    if (!msr) return;
    snprintf(e->prefetchers_by, sizeof e->prefetchers_by, "rdmsr 0x%x", msr);
    int fd = open("/dev/cpu/0/msr", O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && pread(fd, &value, sizeof value, (off_t)msr) == (ssize_t)sizeof value)
        snprintf(e->prefetchers, sizeof e->prefetchers, "%s", value & bits ? "off" : "on");
    e->prefetchers_denied = fd < 0 && (errno == EACCES || errno == EPERM);
    if (fd >= 0) close(fd);
}

static void take(char *to, size_t size, const struct machine *m, const char *key) {
    snprintf(to, size, "%.*s", (int)size - 1, machine_value(m, key));
}

void environment_read(struct environment *e, const struct machine *m) {
    char text[64];
    memset(e, 0, sizeof *e);
    take(e->governor, sizeof e->governor, m, "governor");
    take(e->turbo, sizeof e->turbo, m, "turbo");
    for (size_t i = 0; i < machine_fact_count(m); i++)
        if (!strcmp(machine_fact_at(m, i)->key, "turbo"))
            snprintf(e->turbo_path, sizeof e->turbo_path, "%s", machine_fact_at(m, i)->source);
    take(e->smt, sizeof e->smt, m, "smt");
    take(e->nmi_watchdog, sizeof e->nmi_watchdog, m, "nmi_watchdog");
    take(e->paranoid, sizeof e->paranoid, m, "perf_event_paranoid");
    take(e->thp, sizeof e->thp, m, "thp");
    machine_read_key("/proc/self/status", "CapEff", text, sizeof text);
    const uint64_t capabilities = strtoull(text, NULL, 16);
    e->capable = capabilities >> 38 & 1 || capabilities >> 21 & 1; // PERFMON, SYS_ADMIN
    read_prefetchers(e, machine_value(m, "cpu_vendor"));
}

__attribute__((format(printf, 4, 5))) static void say(struct environment_line *lines, size_t *count,
                                                      const char *key, const char *format, ...) {
    va_list args;
    va_start(args, format);
    lines[*count].key = key;
    vsnprintf(lines[*count].text, sizeof lines[*count].text, format, args);
    va_end(args);
    ++*count;
}

size_t environment_judge(const struct environment *e,
                         struct environment_line lines[ENVIRONMENT_MAX]) {
    size_t n = 0;
    if (*e->governor && strcmp(e->governor, "performance"))
        say(lines, &n, "governor",
            "the frequency governor is %s, so the clock follows the load: cpupower frequency-set "
            "-g "
            "performance",
            e->governor);
    if (!strcmp(e->turbo, "on"))
        say(lines, &n, "turbo",
            "turbo is on, so the clock follows heat and neighbours: echo %d > %s",
            strstr(e->turbo_path, "no_turbo") ? 1 : 0, e->turbo_path);
    if (!strcmp(e->smt, "on"))
        say(lines, &n, "smt",
            "cores have two threads, and a busy sibling takes half of one: echo off > "
            "/sys/devices/system/cpu/smt/control");
    if (*e->nmi_watchdog && strcmp(e->nmi_watchdog, "0"))
        say(lines, &n, "nmi_watchdog",
            "the NMI watchdog holds a counter of every core: sysctl kernel.nmi_watchdog=0");
    if (*e->paranoid && atoi(e->paranoid) > 2 && !e->capable)
        say(lines, &n, "perf_event_paranoid",
            "perf_event_paranoid is %s, which denies counters to this user: sysctl "
            "kernel.perf_event_paranoid=2, or setcap cap_perfmon+ep on the program",
            e->paranoid);
    if (!strcmp(e->thp, "always"))
        say(lines, &n, "thp",
            "huge pages come and go by themselves in the middle of a run: echo madvise > "
            "/sys/kernel/mm/transparent_hugepage/enabled");
    if (!strcmp(e->thp, "never"))
        say(lines, &n, "thp",
            "huge pages are off, so --load huge cannot have any: echo madvise > "
            "/sys/kernel/mm/transparent_hugepage/enabled");
    if (!strcmp(e->prefetchers, "off"))
        say(lines, &n, "prefetchers",
            "a hardware prefetcher is switched off (%s), which few users have: wrmsr -a %s 0",
            e->prefetchers_by, e->prefetchers_by + 6);
    return n;
}
