// SPDX-License-Identifier: MIT
#include "probes/ledger.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "probes/clock.h"
#include "probes/energy.h"
#include "probes/ledger_sensors.h"

#define THREADS_MAX 512
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pid_t
    opened_by; // /proc/self and the counters are the opener's: a forked child opens its own
static int stat_fd = -1, loadavg_fd = -1, status_fd = -1;
// One inherited counter of migrations for each thread that lives at the first reading; threads that
// these start later are counted with their parents. Empty where the kernel refuses.
static int migration_fds[THREADS_MAX];
static int migration_count;

static int open_migrations(pid_t thread) {
    struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE,
                                   .size = sizeof attr,
                                   .config = PERF_COUNT_SW_CPU_MIGRATIONS,
                                   .inherit = 1}; // migrations happen in the kernel: none excluded
    return (int)syscall(SYS_perf_event_open, &attr, thread, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static void for_each_thread(void (*visit)(void *arg, pid_t thread), void *arg) {
    DIR *tasks = opendir("/proc/self/task");
    if (!tasks) return;
    for (struct dirent *d; (d = readdir(tasks));)
        if (d->d_name[0] != '.') visit(arg, (pid_t)atoi(d->d_name));
    closedir(tasks);
}

static void open_thread(void *failed, pid_t thread) {
    int fd = migration_count < THREADS_MAX ? open_migrations(thread) : -1;
    if (fd < 0)
        *(int *)failed = 1;
    else
        migration_fds[migration_count++] = fd;
}

static void close_migrations(void) {
    while (migration_count) close(migration_fds[--migration_count]);
}

static void open_files(void) {
    if (opened_by) { // inherited through a fork
        close(stat_fd);
        close(loadavg_fd);
        close(status_fd);
        close_migrations();
        ledger_sensors_close();
    }
    opened_by = getpid();
    stat_fd = open("/proc/stat", O_RDONLY | O_CLOEXEC);
    loadavg_fd = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
    status_fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    int failed = 0;
    for_each_thread(open_thread, &failed);
    if (failed) close_migrations(); // a part of the threads would look like all of them
    ledger_sensors_open();
}

// Without the counters: the scheduler's own count, where the kernel shows it. Threads that ended
// are missing from the sum, so a difference can come out negative; ledger_difference says NaN then.
static void add_scheduler_migrations(void *sum, pid_t thread) {
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/self/task/%d/sched", (int)thread);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0) close(fd);
    text[n > 0 ? n : 0] = 0;
    char *line = strstr(text, "nr_migrations");
    char *colon = line ? strchr(line, ':') : NULL;
    *(double *)sum += colon ? strtod(colon + 1, NULL) : NAN;
}

static double read_migrations(void) {
    double sum = 0;
    for (int i = 0; i < migration_count; i++) {
        uint64_t value;
        sum += read(migration_fds[i], &value, sizeof value) == sizeof value ? (double)value : NAN;
    }
    if (!migration_count) for_each_thread(add_scheduler_migrations, &sum);
    return sum;
}

// The number that follows `after` in an open file of text, skipping `skip` numbers; NaN if none.
static double read_field(int fd, const char *after, int skip, size_t size) {
    char text[4096];
    ssize_t n = pread(fd, text, size < sizeof text ? size : sizeof text - 1, 0);
    if (n <= 0) return NAN;
    text[n] = 0;
    char *at = strstr(text, after), *end;
    if (!at) return NAN;
    at += strlen(after);
    for (int i = 0;; i++) {
        double value = strtod(at, &end);
        if (end == at) return NAN;
        if (i == skip) return value;
        at = end;
    }
}

static double read_runnable(void) { // "0.08 0.04 0.01 3/93 1051": the reader itself is one of the 3
    char text[128];
    ssize_t n = pread(loadavg_fd, text, sizeof text - 1, 0);
    if (n <= 0) return NAN;
    text[n] = 0;
    double a, b, c, running;
    return sscanf(text, "%lf %lf %lf %lf/", &a, &b, &c, &running) == 4 ? running : NAN;
}

void ledger_read(struct ledger_reading *r) {
    memset(r, 0, sizeof *r);
    pthread_mutex_lock(&lock);
    if (opened_by != getpid()) open_files();
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    r->ctx_switches = (double)(usage.ru_nvcsw + usage.ru_nivcsw);
    r->preemptions = (double)usage.ru_nivcsw;
    r->faults = (double)(usage.ru_minflt + usage.ru_majflt);
    r->major_faults = (double)usage.ru_majflt;
    r->migrations = read_migrations();
    // "cpu  user nice system idle iowait irq softirq steal …"
    r->steal_ticks = read_field(stat_fd, "cpu ", 7, 256);
    r->runnable = read_runnable();
    // VmHWM and not ru_maxrss: the latter survives exec, so it would be the parent's peak.
    r->peak_rss_bytes = read_field(status_fd, "VmHWM:", 0, 4095) * 1024;
    r->temperature_c = ledger_temperature_c();
    r->throttle_events = ledger_throttle_events();
    r->energy_j = energy_joules();
    snprintf(r->energy_domain, sizeof r->energy_domain, "%s", energy_domain());
    struct timespec cpu;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    r->cpu_ns = (uint64_t)cpu.tv_sec * 1000000000u + (uint64_t)cpu.tv_nsec;
    pthread_mutex_unlock(&lock);
}

static double grown(double begin, double end) {
    return end >= begin ? end - begin : NAN; // a count that went back is not known
}

void ledger_difference(const struct ledger_reading *begin, const struct ledger_reading *end,
                       struct ledger_entry *e) {
    memset(e, 0, sizeof *e);
    e->cpu_ns = grown((double)begin->cpu_ns, (double)end->cpu_ns);
    e->ctx_switches = grown(begin->ctx_switches, end->ctx_switches);
    e->preemptions = grown(begin->preemptions, end->preemptions);
    e->migrations = grown(begin->migrations, end->migrations);
    e->faults = grown(begin->faults, end->faults);
    e->major_faults = grown(begin->major_faults, end->major_faults);
    e->steal_ticks = grown(begin->steal_ticks, end->steal_ticks);
    e->throttle_events = grown(begin->throttle_events, end->throttle_events);
    e->energy_j = grown(begin->energy_j, end->energy_j);
    if (!isnan(e->energy_j)) memcpy(e->energy_domain, end->energy_domain, sizeof e->energy_domain);
    e->runnable = fmax(begin->runnable, end->runnable);
    e->temperature_c = fmax(begin->temperature_c, end->temperature_c);
    e->peak_rss_bytes = end->peak_rss_bytes;
    e->eff_mhz = e->canary_gbps = NAN;
}

void ledger_flag(struct ledger_entry *e, double canary_reference_gbps) {
    static _Atomic long cpu_count; // of the machine, as `runnable` is; asked for once
    if (!cpu_count) cpu_count = sysconf(_SC_NPROCESSORS_ONLN);
    const struct {
        const char *word;
        int raised; // comparisons with a NaN are false: what is not known raises nothing
    } rows[] = {
        {"steal", e->steal_ticks > 0},
        {"migrated", e->migrations > 0},
        {"preempted", e->preemptions > 0},
        {"major_fault", e->major_faults > 0},
        {"throttled", e->throttle_events > 0},
        {"crowded", cpu_count > 0 && e->runnable > (double)cpu_count},
        {"canary_low", e->canary_gbps < LEDGER_CANARY_LOW * canary_reference_gbps},
    };
    size_t used = 0;
    e->flags[0] = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].raised)
            used += (size_t)snprintf(e->flags + used, sizeof e->flags - used, "%s%s",
                                     used ? " " : "", rows[i].word);
}

double ledger_effective_mhz(double adds, uint64_t ticks) {
    return ticks ? adds / ((double)ticks / clock_hz()) / 1e6 : NAN;
}
