// SPDX-License-Identifier: MIT
#include "probes/counters_open.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probes/error.h"

#if defined(__aarch64__)
#define USER_ACCESS 2           // bit 1 of config1: the event may be read in user space
static bool user_access(void) { // kernel.perf_user_access is on
    static int known;           // 0: not asked yet, 1 off, 2 on
    char text[8] = "0";
    if (!known) {
        int fd = open("/proc/sys/kernel/perf_user_access", O_RDONLY | O_CLOEXEC);
        if (fd >= 0 && read(fd, text, sizeof text - 1) < 1) text[0] = '0';
        if (fd >= 0) close(fd);
        known = text[0] == '1' ? 2 : 1;
    }
    return known == 2;
}
#endif

static int open_attr(const struct perf_event_attr *attr, int leader) { // or -errno
    long fd = syscall(SYS_perf_event_open, attr, 0, -1, leader, PERF_FLAG_FD_CLOEXEC);
    return fd < 0 ? -errno : (int)fd;
}

static int perf_open(const struct encoding *e, bool exclude_kernel, int leader) { // or -errno
    struct perf_event_attr attr = {
        .type = e->type,
        .size = sizeof attr,
        .config = e->config,
        .config1 = e->config1,
        .config2 = e->config2,
        .disabled = leader < 0,
        .exclude_user = e->exclude_user,
        .exclude_kernel = exclude_kernel,
        .exclude_hv = exclude_kernel,
        .read_format =
            PERF_FORMAT_GROUP | PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
    };
#if defined(__aarch64__)
    if (e->source == SOURCE_pmu && user_access()) {
        attr.config1 |= USER_ACCESS;
        int fd = open_attr(&attr, leader);
        if (fd >= 0) return fd;
        attr.config1 = e->config1; // not of this PMU, or not in this kernel: by read() then
    }
#endif
    return open_attr(&attr, leader);
}

static void number_of_status(const char *path, const char *key, int base, unsigned long long *value,
                             bool *known) {
    char text[4096];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0) close(fd);
    text[n > 0 ? n : 0] = 0;
    char *at = strstr(text, key);
    *known = n > 0 && at;
    *value = *known ? strtoull(at + strlen(key), NULL, base) : 0;
}

void counters_explain_denial(int error, const struct permissions *p, char *text, size_t size) {
    const char *name = error == EPERM ? "EPERM" : "EACCES";
    if (p->capable || (error == EPERM && p->seccomp))
        snprintf(
            text, size,
            "%s though perf_event_paranoid is %s and CAP_PERFMON is %s: a seccomp filter%s or a "
            "security module refuses it; start the container with perf_event_open allowed "
            "(--security-opt seccomp=…)",
            name, p->paranoid, p->capable ? "there" : "missing",
            p->seccomp ? " (one is active)" : "");
    else
        snprintf(
            text, size,
            "%s: perf_event_paranoid is %s and the process has no CAP_PERFMON; as root: sysctl "
            "kernel.perf_event_paranoid=2, or setcap cap_perfmon+ep on the program",
            name, p->paranoid);
}

static void explain_denial(struct event *event, int error) {
    unsigned long long paranoid, capabilities, seccomp;
    bool paranoid_known, capabilities_known, seccomp_known;
    struct permissions p = {.paranoid = "not readable"};
    number_of_status("/proc/sys/kernel/perf_event_paranoid", "", 10, &paranoid, &paranoid_known);
    number_of_status("/proc/self/status", "CapEff:", 16, &capabilities, &capabilities_known);
    number_of_status("/proc/self/status", "Seccomp:", 10, &seccomp, &seccomp_known);
    if (paranoid_known) snprintf(p.paranoid, sizeof p.paranoid, "%lld", (long long)paranoid);
    p.capable = capabilities_known &&
                (capabilities >> 38 & 1 || capabilities >> 21 & 1); // PERFMON, SYS_ADMIN
    p.seccomp = seccomp_known && seccomp == 2;
    counters_explain_denial(error, &p, event->reason, sizeof event->reason);
}

__attribute__((format(printf, 3, 4))) static int refuse(struct event *event, enum status status,
                                                        const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(event->reason, sizeof event->reason, format, args);
    va_end(args);
    event->status = status;
    return -1;
}

static int judge(int error, const struct encoding *e, struct event *event) {
    bool generic = e->type == PERF_TYPE_HARDWARE || e->type == PERF_TYPE_HW_CACHE;
    switch (error) {
    case ENOENT:
        return refuse(event, STATUS_unsupported, "ENOENT: %s",
                      e->source == SOURCE_soft ? "this kernel has no such software event"
                      : generic ? "this machine's PMU has no such event, or there is no PMU (most "
                                  "virtual machines)"
                                : "no PMU here takes this event (most virtual machines have none)");
    case EOPNOTSUPP:
        return refuse(event, STATUS_unsupported, "EOPNOTSUPP: the PMU cannot count this");
    case ENODEV:
        return refuse(event, STATUS_unsupported, "ENODEV: the CPU lacks this feature");
    case ENOSYS:
        return refuse(event, STATUS_unsupported,
                      "ENOSYS: this kernel (or emulator) has no perf_event");
    case EINVAL:
        return refuse(event, STATUS_unsupported, "EINVAL: the kernel does not take this encoding");
    case EACCES:
    case EPERM:
        event->status = STATUS_denied;
        explain_denial(event, error);
        return -1;
    case EBUSY:
        return refuse(event, STATUS_denied, "EBUSY: another program holds the PMU for itself");
    default:
        return probes_fail(error, "event \"%s\": perf_event_open: %s", event->name,
                           strerror(error));
    }
}

// Whether the PMU is QEMU's: right in number, without meaning in time. Nothing in the guest tells
// (with KVM, which passes the real one on, it looks the same), so whoever boots such a guest says
// so on its command line, as tests/check_vm.sh does.
static bool pmu_is_emulated(void) {
    char text[4096];
    FILE *f = fopen("/proc/cmdline", "re");
    size_t n = f != NULL ? fread(text, 1, sizeof text - 1, f) : 0;
    if (f != NULL) fclose(f);
    text[n] = 0;
    return strstr(text, "pmu.icount=1") != NULL;
}

int counters_open_event(const struct encoding *e, int leader, struct event *event) {
    bool soft = e->source == SOURCE_soft;
    bool core =
        e->type == PERF_TYPE_HARDWARE || e->type == PERF_TYPE_HW_CACHE || e->type == PERF_TYPE_RAW;
    event->status = soft ? STATUS_ok : STATUS_unverified;
    int fd = perf_open(e, e->exclude_kernel, leader);
    if (fd == -EINVAL && !soft && !core &&
        e->exclude_kernel) // PMUs like msr cannot tell modes apart
        fd = perf_open(e, false, leader);
    if (fd == -EINVAL && leader >= 0) {
        int alone = perf_open(e, e->exclude_kernel, -1);
        if (alone >= 0) {
            close(alone);
            event->no_room = true;
            return refuse(event, STATUS_unsupported,
                          "does not fit beside the events before it: ask for it in another pass");
        }
    }
    if ((fd == -EACCES || fd == -EPERM) && soft) {
        // Where the kernel may not be watched: the clocks run on regardless, faults lack those that
        // the kernel takes for us; switches and migrations happen in the kernel and would read 0.
        bool clock = e->config == PERF_COUNT_SW_TASK_CLOCK || e->config == PERF_COUNT_SW_CPU_CLOCK;
        bool fault = e->config == PERF_COUNT_SW_PAGE_FAULTS ||
                     e->config == PERF_COUNT_SW_PAGE_FAULTS_MIN ||
                     e->config == PERF_COUNT_SW_PAGE_FAULTS_MAJ;
        int user = clock || fault ? perf_open(e, true, leader) : -1;
        if (user >= 0) {
            if (fault) {
                event->status = STATUS_inexact;
                snprintf(event->reason, sizeof event->reason,
                         "the kernel may not be watched: faults inside system calls are missing");
            }
            return user;
        }
    }
    if (fd >= 0 && !soft && pmu_is_emulated()) event->source = SOURCE_emu;
    return fd >= 0 ? fd : judge(-fd, e, event);
}
