// SPDX-License-Identifier: MIT
#include "probes/selftest_soft.h"

#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "probes/machine.h"

enum { PAGES = 256, SLEEPS = 20, MOVES = 20 };
#define WORK_NS 2e6

static double clock_now_ns(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

// Each returns what its event must count; NaN: this machine cannot make any.
static double touch_pages(void) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages =
        mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) return NAN;
    madvise(pages, PAGES * page, MADV_NOHUGEPAGE);
    for (size_t i = 0; i < PAGES; i++) ((volatile char *)pages)[i * page] = 1;
    munmap(pages, PAGES * page);
    return PAGES;
}

static double sleep_often(void) {
    const struct timespec pause = {.tv_nsec = 100 * 1000};
    for (int i = 0; i < SLEEPS; i++) nanosleep(&pause, NULL);
    return SLEEPS;
}

static bool stay_on(int cpu) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((size_t)cpu, &one);
    return sched_setaffinity(0, sizeof one, &one) == 0;
}

static double move_about(void) { // from the first CPU, where selftest_soft has pinned the thread
    const int *cpus;
    int made = 0;
    if (machine_cpus(machine_facts(), &cpus, NULL) < 2) return NAN;
    for (int i = 0; i < MOVES; i++) made += stay_on(cpus[(i + 1) % 2]) ? 1 : 0;
    return made;
}

static double work_by(clockid_t clock) {
    const double begin = clock_now_ns(clock);
    while (clock_now_ns(clock) - begin < WORK_NS) continue;
    return clock_now_ns(clock) - begin;
}
static double work(void) {
    return work_by(CLOCK_THREAD_CPUTIME_ID);
}

static const struct {
    const char *event;
    double (*make)(void);       // NULL: nothing makes a known number of them
    double tolerance, at_least; // at_least 1: others may add to it
} rows[] = {
    {"task-clock", work, 0.05, 0},
    {"cpu-clock", NULL, 0, 0},
    {"context-switches", sleep_often, 0, 1},
    {"cpu-migrations", move_about, 0.05, 0},
    {"page-faults", touch_pages, 0.05, 0},
    {"minor-faults", touch_pages, 0.05, 0},
    {"major-faults", NULL, 0, 0},
    {"alignment-faults", NULL, 0, 0},
    {"emulation-faults", NULL, 0, 0},
};
#define ROWS (sizeof rows / sizeof rows[0])

const char *selftest_soft_name(size_t i) {
    return i < ROWS ? rows[i].event : NULL;
}

void selftest_soft(struct counters *c, struct selftest_result *r) {
    struct counters_reading begin, end;
    struct count n;
    size_t i = 0;
    const char *name = strncasecmp(r->event, "perf::", 6) ? r->event : r->event + 6;
    while (i < ROWS && strcasecmp(rows[i].event, name)) i++;
    // A neighbour's load must not add moves of the scheduler's: the thread is free again only after
    // the last reading.
    cpu_set_t before;
    const int *cpus;
    const bool pinned = i < ROWS && rows[i].make == move_about &&
                        machine_cpus(machine_facts(), &cpus, NULL) > 0 &&
                        sched_getaffinity(0, sizeof before, &before) == 0 && stay_on(cpus[0]);
    counters_read(c, &begin);
    const double expected = i < ROWS && rows[i].make ? rows[i].make() : work() * NAN;
    counters_read(c, &end);
    if (pinned) sched_setaffinity(0, sizeof before, &before);
    counters_difference(c, &begin, &end, &n);
    r->value = n.value_raw;
    r->expected = expected;
    if (isnan(expected)) {
        r->status = isnan(r->value) ? n.status : STATUS_unverified;
        snprintf(r->reason, sizeof r->reason, "nothing here makes a known number of them");
        return;
    }
    r->loop = "software";
    if (isnan(r->value)) {
        r->status = n.status;
        snprintf(r->reason, sizeof r->reason, "the count itself is %s", status_name(n.status));
        return;
    }
    r->status = selftest_judge(expected, r->value, rows[i].tolerance, 1);
    if (rows[i].at_least != 0 && r->value >= expected) r->status = STATUS_ok;
    if (r->status == STATUS_ok) {
        r->reason[0] = 0;
        return;
    }
    snprintf(r->reason, sizeof r->reason, "%.0f counted, %.0f made", r->value, expected);
    r->value = NAN;
}
