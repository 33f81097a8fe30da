// SPDX-License-Identifier: MIT
// Checks of probes/: check_probes CASE runs one, --list prints their names, without an argument
// each runs in a process of its own. Exit 0 passed, 1 failed, 77 this machine cannot.
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probes/clock.h"
#include "probes/counters.h"
#include "probes/counters_judge.h"
#include "probes/cpulist.h"
#include "probes/encode.h"
#include "probes/error.h"
#include "probes/ledger.h"
#include "probes/machine.h"
#include "probes/probe.h"

#define SKIP 77
static int failures;

__attribute__((format(printf, 2, 3))) static void expect(bool holds, const char *format, ...) {
    if (holds) return;
    va_list args;
    va_start(args, format);
    fputs("  not so: ", stdout);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
    failures++;
}

__attribute__((format(printf, 1, 2))) static int skip(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fputs("  skipped: ", stdout);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
    return SKIP;
}

static double seconds(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void spin(double s) {
    for (double begin = seconds(CLOCK_MONOTONIC); seconds(CLOCK_MONOTONIC) - begin < s;) continue;
}

static bool emulated(void) { // qemu-user knows no perf_event at all
    struct event events[16];
    counters_standard(events, 16);
    return !strncmp(events[0].reason, "ENOSYS", 6);
}

// ---- clock
// ------------------------------------------------------------------------------------------
static int clock_monotonic(void) {
    uint64_t last = clock_ticks_fenced(), first = last;
    for (int i = 0; i < 1000000; i++) {
        uint64_t now = i & 1 ? clock_ticks_fenced() : clock_ticks();
        expect(now >= last, "tick %d: %llu after %llu", i, (unsigned long long)now,
               (unsigned long long)last);
        if (now < last) return 1;
        last = now;
    }
    expect(last > first, "a million readings are one tick");
    return 0;
}

static int clock_calibrated(void) {
    expect(isnan(clock_ns(1)), "clock_ns before clock_hz is not NaN");
    double hz = clock_hz(), best = INFINITY;
    for (int i = 0; i < 5; i++) { // the least disturbed of five
        uint64_t begin = clock_ticks_fenced();
        double s = seconds(CLOCK_MONOTONIC_RAW);
        spin(0.02);
        double ns = clock_ns(clock_ticks_fenced() - begin);
        s = seconds(CLOCK_MONOTONIC_RAW) - s;
        if (fabs(ns / 1e9 / s - 1) < fabs(best)) best = ns / 1e9 / s - 1;
    }
    const char *source;
    double stated = clock_stated_hz(&source);
    printf("  %.0f Hz, off by %.1e of clock_gettime; stated: %.0f Hz (%s); invariant: %s\n", hz,
           best, stated, *source ? source : "nowhere", clock_invariant() ? "yes" : "no");
    expect(fabs(best) < 1e-3, "off by %g, more than 0.1 %%", best);
    return 0;
}

// ---- counters
// --------------------------------------------------------------------------------------- Counts
// one event around work(argument). 0, or SKIP where the event cannot be had.
static int count_one(const char *name, void (*work)(void *), void *argument, struct count *count) {
    struct counters *c;
    int error = counters_open(&c, &name, 1);
    expect(error == 0, "counters_open(%s): %s", name, probes_error());
    if (error) return 1;
    const struct event *event = counters_event(c, 0);
    if (event->status == STATUS_unsupported || event->status == STATUS_denied) {
        int result = skip("%s is %s: %s", name, status_name(event->status), event->reason);
        counters_close(c);
        return result;
    }
    struct counters_reading begin, end;
    counters_read(c, &begin);
    work(argument);
    counters_read(c, &end);
    counters_difference(c, &begin, &end, count);
    printf("  %s: raw %g net %g overhead %g, %s, %s, enabled %llu ns, running %llu ns\n", name,
           count->value_raw, count->value_net, count->overhead, status_name(count->status),
           event->encoding, (unsigned long long)count->enabled_ns,
           (unsigned long long)count->running_ns);
    counters_close(c);
    return 0;
}

static void sleep_often(void *times) {
    for (int i = 0; i < *(int *)times; i++) usleep(200);
}

static int soft_context_switches(void) {
    int times = 50;
    struct count n;
    int result = count_one("context-switches", sleep_often, &times, &n);
    if (result) return result;
    expect(n.source == SOURCE_soft && n.status == STATUS_ok, "source %d status %d", n.source,
           n.status);
    expect(n.value_net >= 50, "%g switches in 50 sleeps", n.value_net);
    return 0;
}

#define PAGES 256
__attribute__((no_sanitize("address"))) // its shadow has faults of its own
static void
touch_pages(void *pages) {
    size_t step = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < PAGES; i++) ((volatile char *)pages)[i * step] = 1;
}

static int soft_page_faults(void) {
    size_t bytes = PAGES * (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) return skip("no memory");
    madvise(pages, bytes, MADV_NOHUGEPAGE);
    struct count n;
    int result = count_one("perf::page-faults", touch_pages, pages, &n);
    munmap(pages, bytes);
    if (result) return result;
    expect(n.value_raw >= PAGES && n.value_raw <= PAGES + 8, "%g faults for %d pages", n.value_raw,
           PAGES);
    return 0;
}

static void move_about(void *cpus) {
    for (int i = 0; i < 20; i++) {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET((size_t)((int *)cpus)[i & 1], &one);
        sched_setaffinity(0, sizeof one, &one);
    }
}

static int soft_migrations(void) {
    const int *cpus;
    if (machine_cpus(machine_facts(), &cpus, NULL) < 2) return skip("one CPU alone");
    int two[2] = {cpus[0], cpus[1]};
    struct count n;
    int result = count_one("cpu-migrations", move_about, two, &n);
    if (result) return result;
    expect(n.value_raw >= 19 && n.value_raw <= 20, "%g migrations, 19 or 20 were made",
           n.value_raw);
    return 0;
}

#define LOOP 10000000
static void known_loop(void *unused) { // two instructions an iteration
    (void)unused;
    uint64_t n = LOOP;
#if defined(__x86_64__)
    __asm__ volatile("1: dec %0\n\tjnz 1b" : "+r"(n));
#else
    __asm__ volatile("1: subs %0, %0, #1\n\tb.ne 1b" : "+r"(n));
#endif
}

static int hardware_events(void) {
    const char *names[] = {"cycles", "instructions", "cache-misses", "branch-misses"};
    struct counters *c;
    int error = counters_open(&c, names, 4);
    expect(error == 0, "counters_open: %s", probes_error());
    if (error) return 1;
    struct counters_reading begin, end;
    struct count counts[4];
    counters_read(c, &begin);
    known_loop(NULL);
    counters_read(c, &end);
    counters_difference(c, &begin, &end, counts);
    for (size_t i = 0; i < 4; i++) {
        const struct event *e = counters_event(c, i);
        printf("  %s: %s, raw %g (%s)\n", e->name, status_name(counts[i].status),
               counts[i].value_raw, *e->reason ? e->reason : e->encoding);
        expect(e->source == SOURCE_pmu, "%s has source %s", e->name, source_name(e->source));
        if (e->status != STATUS_unsupported && e->status != STATUS_denied) continue;
        expect(*e->reason != 0, "%s is %s without a reason", e->name, status_name(e->status));
        expect(counts[i].status == e->status, "%s: the count's status is %s", e->name,
               status_name(counts[i].status));
        expect(isnan(counts[i].value_raw) && isnan(counts[i].value_net) &&
                   isnan(counts[i].overhead),
               "%s was not counted and has values", e->name);
    }
    if (counts[1].status == STATUS_unverified)
        expect(fabs(counts[1].value_net / (2.0 * LOOP) - 1) < 0.01, "%g instructions of %g",
               counts[1].value_net, 2.0 * LOOP);
    counters_close(c);
    return 0;
}

static int group_of_both_kinds(void) { // hardware that is missing must not take the others with it
    const char *names[] = {"cycles", "task-clock", "instructions", "page-faults"};
    struct counters *c;
    int error = counters_open(&c, names, 4);
    expect(error == 0, "counters_open: %s", probes_error());
    if (error) return 1;
    struct counters_reading begin, end, sum = {0};
    struct count counts[4];
    for (int i = 0; i < 5; i++) {
        counters_read(c, &begin);
        spin(0.002);
        counters_read(c, &end);
        counters_add(c, &sum, &begin, &end);
    }
    counters_total(c, &sum, 5, counts);
    int result = 0;
    if (counters_event(c, 1)->status != STATUS_ok)
        result = skip("task-clock: %s", counters_event(c, 1)->reason);
    else
        expect(counts[1].status == STATUS_ok && counts[1].value_net > 1e6 &&
                   counts[1].value_net < 1e9 &&
                   counts[1].value_net <= (double)counts[1].enabled_ns * 1.01,
               "task-clock of five times 2 ms: %g ns, %s", counts[1].value_net,
               status_name(counts[1].status));
    counters_close(c);
    return result;
}

// What an observation is worth, without the hardware that would make it.
static int statuses(void) {
    static const struct {
        struct observation seen;
        enum status status;
        double raw, net; // -1: empty
    } rows[] = {
        {{STATUS_ok, 900, 1000, 1000, 1, false, false, 10, 0}, STATUS_ok, 900, 890},
        {{STATUS_unverified, 900, 1000, 1000, 3, false, true, 10, 1}, STATUS_unverified, 900, 870},
        {{STATUS_ok, 0, 1000, 1000, 1, false, false, 0, 0}, STATUS_ok, 0, 0},
        {{STATUS_ok, 900, 1000, 600, 1, false, false, 10, 0}, STATUS_multiplexed, 900, -1},
        {{STATUS_inexact, 900, 1000, 1000, 1, false, false, 10, 0}, STATUS_inexact, 900, -1},
        {{STATUS_ok, 99, 1000, 1000, 1, false, false, 10, 2}, STATUS_below_min_region, 99, -1},
        {{STATUS_ok, 100, 1000, 1000, 1, false, false, 10, 2}, STATUS_ok, 100, 90},
        {{STATUS_ok, 199, 1000, 1000, 2, false, false, 10, 2}, STATUS_below_min_region, 199, -1},
        {{STATUS_unverified, 0, 1000, 1000, 1, false, true, 10, 2}, STATUS_zero_suspect, -1, -1},
        {{STATUS_ok, 0, 1000, 0, 1, false, false, 10, 2}, STATUS_lost, -1, -1},
        {{STATUS_ok, 900, 1000, 1000, 1, true, false, 10, 2}, STATUS_lost, -1, -1},
        {{STATUS_unsupported, 0, 0, 0, 1, false, false, 0, 0}, STATUS_unsupported, -1, -1},
        {{STATUS_denied, 0, 0, 0, 1, false, false, 0, 0}, STATUS_denied, -1, -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct count n;
        counters_judge(&rows[i].seen, &n);
        double raw = isnan(n.value_raw) ? -1 : n.value_raw,
               net = isnan(n.value_net) ? -1 : n.value_net;
        expect(n.status == rows[i].status && raw == rows[i].raw && net == rows[i].net,
               "row %zu: %s, raw %g, net %g", i, status_name(n.status), raw, net);
        expect(isnan(n.overhead) == isnan(n.value_raw), "row %zu: overhead %g", i, n.overhead);
    }
    expect(!strcmp(status_name(STATUS_below_min_region), "below_min_region") &&
               !strcmp(status_name(STATUS_selftest_failed), "selftest_failed") &&
               !strcmp(source_name(SOURCE_static), "static") && !*source_name(SOURCE_COUNT),
           "names of statuses and sources");
    return 0;
}

static void expect_unknown(const char *name, const char *part) {
    struct counters *c = NULL;
    int error = counters_open(&c, &name, 1);
    expect(error == -EINVAL && !c, "%s: %d, not -EINVAL", name, error);
    printf("  %s\n", probes_error());
    expect(strstr(probes_error(), name) && strstr(probes_error(), part),
           "the message names neither %s nor %s", name, part);
    counters_close(c);
}

static int unknown_names(void) {
    expect_unknown("cycels", "cycles");
    expect_unknown("perf::instuctions", "instructions");
    expect_unknown("context-swiches", "context-switches");
    expect_unknown("page_fault", "page-faults");
    expect_unknown("", "nearest");
    const char *many[COUNTERS_MAX + 1];
    for (int i = 0; i <= COUNTERS_MAX; i++) many[i] = "task-clock";
    struct counters *c;
    expect(counters_open(&c, many, COUNTERS_MAX + 1) == -EINVAL, "17 events are taken");
#ifdef HAVE_PFM
    expect_unknown("sprr::INST_RETIRED:ANY_P", "spr");
    expect_unknown("spr::INST_RETIERD:ANY_P", "INST_RETIRED");
#endif
    return 0;
}

static int names_of_other_machines(void) { // real names: no error, but nothing that could be opened
    const char *names[] = {"arm_n1::INST_RETIRED", "spr::INST_RETIRED:ANY_P",
                           "amd64_k7::CPU_CLK_UNHALTED"};
    for (int i = 0; i < 3; i++) {
        struct encoding e;
        int error = encode_event(names[i], &e);
        expect(error == 0, "%s: %s", names[i], probes_error());
        if (error) continue;
        char pmu[32];
        snprintf(pmu, sizeof pmu, "%.*s", (int)strcspn(names[i], ":"), names[i]);
        if (strstr(encode_present_pmus(), pmu)) continue; // this is the other machine
        expect(e.status == STATUS_unsupported && *e.reason, "%s: %s", names[i],
               status_name(e.status));
        printf("  %s: %s\n", names[i], e.reason);
    }
    return 0;
}

static int encode_inactive(void) {
    setenv("LIBPFM_ENCODE_INACTIVE", "1", 1);
    if (!*encode_library()) return skip("built without libpfm4");
#if !defined(__x86_64__)
    return skip("libpfm4 has Intel's tables on x86 alone");
#endif
    const struct {
        const char *name;
        uint64_t config;
    } rows[] = {{"spr::INST_RETIRED:ANY_P", 0xc0},
                {"spr::MEM_LOAD_RETIRED:L3_MISS", 0x20d1},
                {"amd64_fam19h_zen4::RETIRED_INSTRUCTIONS", 0xc0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct encoding e;
        int error = encode_event(rows[i].name, &e);
        expect(error == 0, "%s: %s", rows[i].name, probes_error());
        uint64_t code = e.config & 0xffff; // the event and its mask, without flags of the level
        expect(e.type == 4 && code == rows[i].config, "%s: type %u config 0x%llx", rows[i].name,
               e.type, (unsigned long long)e.config);
        printf("  %s: type %u config 0x%llx, %s\n", rows[i].name, e.type,
               (unsigned long long)e.config, status_name(e.status));
    }
    struct encoding e;
    expect(encode_event("spr::INST_RETIRED:ANY_Q", &e) == -EINVAL &&
               strstr(probes_error(), "ANY_P"),
           "ANY_Q: %s", probes_error());
    return 0;
}

static int rows_listed;
static bool saw_cycles, saw_switches;
static void see_row(void *arg, const char *name, enum source s, const char *description) {
    (void)arg;
    rows_listed++;
    saw_cycles |= !strcmp(name, "cycles") && s == SOURCE_pmu && *description;
    saw_switches |= !strcmp(name, "context-switches") && s == SOURCE_soft && *description;
}

static int list(void) {
    counters_list(see_row, NULL);
    printf("  %d names\n", rows_listed);
    expect(saw_cycles && saw_switches, "cycles and context-switches are not both in the list");
    return 0;
}

// ---- ledger
// -----------------------------------------------------------------------------------------
static int ledger_busy(void) {
    struct ledger_reading begin, end;
    struct ledger_entry e;
    ledger_read(&begin);
    for (double t = seconds(CLOCK_PROCESS_CPUTIME_ID);
         seconds(CLOCK_PROCESS_CPUTIME_ID) - t < 0.05;)
        continue;
    ledger_read(&end);
    ledger_difference(&begin, &end, &e);
    printf("  cpu %.1f ms, switches %g (%g preemptions), migrations %g, faults %g, steal %g, "
           "runnable %g\n",
           e.cpu_ns / 1e6, e.ctx_switches, e.preemptions, e.migrations, e.faults, e.steal_ticks,
           e.runnable);
    printf("  %g C, throttled %g, peak %g bytes, %g J of '%s'\n", e.temperature_c,
           e.throttle_events, e.peak_rss_bytes, e.energy_j, e.energy_domain);
    expect(e.cpu_ns >= 50e6 && e.cpu_ns < 60e6, "50 ms of work took %g ns", e.cpu_ns);
    expect(e.runnable >= 1, "%g tasks run, and this is one", e.runnable);
    expect(e.peak_rss_bytes > 100e3, "a peak of %g bytes", e.peak_rss_bytes);
    expect(isnan(e.eff_mhz) && isnan(e.canary_gbps) && !*e.flags, "what the caller sets is set");
    expect(isnan(e.energy_j) == !*e.energy_domain, "energy without a domain, or the other way");
    return 0;
}

static int ledger_counts(void) {
    struct ledger_reading begin, end;
    struct ledger_entry e;
    size_t bytes = PAGES * (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) return skip("no memory");
    madvise(pages, bytes, MADV_NOHUGEPAGE);
    int times = 20, two[2] = {0, 0};
    const int *cpus;
    bool movable = machine_cpus(machine_facts(), &cpus, NULL) >= 2;
    for (int i = 0; movable && i < 2; i++) two[i] = cpus[i];
    ledger_read(&begin);
    touch_pages(pages);
    sleep_often(&times);
    if (movable) move_about(two);
    ledger_read(&end);
    ledger_difference(&begin, &end, &e);
    expect(e.faults >= PAGES && e.faults < PAGES + 64, "%g faults for %d pages", e.faults, PAGES);
    expect(e.ctx_switches >= 20, "%g switches in 20 sleeps", e.ctx_switches);
    if (movable)
        expect(isnan(e.migrations) || (e.migrations >= 19 && e.migrations < 40),
               "%g migrations, 19 or 20 were made", e.migrations);
    else
        expect(!(e.migrations > 0), "%g migrations on one CPU", e.migrations);
    printf("  faults %g, switches %g, migrations %g\n", e.faults, e.ctx_switches, e.migrations);
    munmap(pages, bytes);
    return 0;
}

static int ledger_flags(void) {
    struct ledger_entry e = {.canary_gbps = NAN, .runnable = 1};
    ledger_flag(&e, NAN);
    expect(!strcmp(e.flags, ""), "a quiet entry has \"%s\"", e.flags);
    e = (struct ledger_entry){.steal_ticks = 1,
                              .migrations = 2,
                              .preemptions = 1,
                              .major_faults = 1,
                              .throttle_events = 3,
                              .runnable = 1e9,
                              .canary_gbps = 30};
    ledger_flag(&e, 40);
    expect(!strcmp(e.flags, "steal migrated preempted major_fault throttled crowded canary_low"),
           "all flags are \"%s\"", e.flags);
    e = (struct ledger_entry){.steal_ticks = NAN,
                              .migrations = NAN,
                              .preemptions = NAN,
                              .major_faults = NAN,
                              .throttle_events = NAN,
                              .runnable = NAN,
                              .canary_gbps = 33};
    ledger_flag(&e, 40);
    expect(!strcmp(e.flags, ""), "what is not known raises \"%s\"", e.flags);
    double mhz = ledger_effective_mhz(4e6, (uint64_t)(clock_hz() / 1000)); // 4e6 adds in 1 ms
    expect(fabs(mhz / 4000 - 1) < 1e-3 && isnan(ledger_effective_mhz(1, 0)), "%g MHz, not 4000",
           mhz);
    return 0;
}

static int ledger_fork(void) { // a child's ledger is its own, not its parent's
    struct ledger_reading r;
    ledger_read(&r);
    size_t bytes = 64 << 20;
    char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return skip("no memory");
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        memset(memory, 1, bytes);
        ledger_read(&r);
        _exit(r.peak_rss_bytes >= (double)bytes ? 0 : 1);
    }
    int status = -1;
    if (child > 0) waitpid(child, &status, 0);
    expect(status == 0, "the child does not see its own 64 MiB");
    struct ledger_reading after;
    ledger_read(&after);
    expect(after.peak_rss_bytes < (double)bytes, "the parent sees the child's memory");
    munmap(memory, bytes);
    return 0;
}

static int ledger_cost(void) {
    struct ledger_reading r;
    double best = INFINITY;
    clock_hz();
    ledger_read(&r);
    for (int i = 0; i < 500; i++) {
        uint64_t begin = clock_ticks();
        ledger_read(&r);
        best = fmin(best, clock_ns(clock_ticks() - begin));
    }
    printf("  %.1f us a reading\n", best / 1e3);
    if (emulated()) return skip("emulated: the time says nothing");
    expect(best < 100e3, "%g ns a reading, more than 100 us", best);
    return 0;
}

// ---- machine
// ----------------------------------------------------------------------------------------
static int machine_facts_complete(void) {
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

static int machine_slug_anonymous(void) {
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

static int machine_cpus_ordered(void) {
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

static int cpu_lists(void) {
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

// ---- regions
// ----------------------------------------------------------------------------------------
static int ascending(const void *a, const void *b) {
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

// ns a region, begin and end: of 15 rounds the median of the shortest of 100 batches.
static double region_ns(struct probe *p, int regions) {
    double rounds[15];
    struct probe_sum sums[4] = {{0}};
    for (int round = 0; round < 15; round++) {
        rounds[round] = INFINITY;
        for (int batch = 0; batch < 100; batch++) {
            uint64_t begin = clock_ticks_fenced();
            for (int i = 0; i < regions; i++) {
                probe_begin(p);
                probe_end(p, &sums[i & 3]);
            }
            rounds[round] = fmin(rounds[round], clock_ns(clock_ticks_fenced() - begin) / regions);
        }
    }
    expect(sums[1].regions == 15u * 100u * (unsigned)regions / 4, "%llu regions",
           (unsigned long long)sums[1].regions);
    qsort(rounds, 15, sizeof rounds[0], ascending);
    return rounds[7];
}

static int region_cost(void) {
    clock_hz();
    struct probe plain = {0}, fenced = {.fenced = true}, counting = {0};
    const char *name = "task-clock";
    double unfenced_ns = region_ns(&plain, 1000);
    printf("  unfenced time stamps %.1f ns a region, fenced %.1f ns", unfenced_ns,
           region_ns(&fenced, 400));
    if (counters_open(&counting.counters, &name, 1) == 0 &&
        counters_event(counting.counters, 0)->status == STATUS_ok)
        printf(", one group of counters %.0f ns", region_ns(&counting, 20));
    counters_close(counting.counters);
    putchar('\n');
#if defined(__SANITIZE_ADDRESS__) || !defined(__OPTIMIZE__)
    return skip("a sanitized or unoptimized build: the time says nothing");
#endif
    if (emulated()) return skip("emulated: the time says nothing");
    expect(unfenced_ns <= 30, "%.1f ns a region, more than 30", unfenced_ns);
    return 0;
}

static int region_sums(void) {
    clock_hz();
    struct probe p = {0};
    struct probe_sum a = {0}, b = {0};
    probe_begin(&p);
    spin(0.004);
    probe_end(&p, &a);
    spin(0.002); // a's wait
    probe_begin(&p);
    spin(0.001);
    probe_end(&p, &b);
    probe_pause(&p);
    spin(0.002); // nobody's
    probe_begin(&p);
    probe_end(&p, &b);
    double ticks = clock_hz() / 1000; // of 1 ms
    expect(a.regions == 1 && b.regions == 2, "%llu and %llu regions", (unsigned long long)a.regions,
           (unsigned long long)b.regions);
    expect((double)a.ticks >= 3.99 * ticks && (double)a.wait_ticks >= 1.99 * ticks &&
               (double)b.ticks >= 0.99 * ticks && b.wait_ticks == 0,
           "a %g + %g ms, b %g + %g ms", (double)a.ticks / ticks, (double)a.wait_ticks / ticks,
           (double)b.ticks / ticks, (double)b.wait_ticks / ticks);
    return 0;
}

static const struct {
    const char *name;
    int (*run)(void);
} cases[] = {
    {"clock_monotonic", clock_monotonic},
    {"clock_calibrated", clock_calibrated},
    {"soft_context_switches", soft_context_switches},
    {"soft_page_faults", soft_page_faults},
    {"soft_migrations", soft_migrations},
    {"hardware_events", hardware_events},
    {"group_of_both_kinds", group_of_both_kinds},
    {"statuses", statuses},
    {"unknown_names", unknown_names},
    {"names_of_other_machines", names_of_other_machines},
    {"encode_inactive", encode_inactive},
    {"list", list},
    {"ledger_busy", ledger_busy},
    {"ledger_counts", ledger_counts},
    {"ledger_flags", ledger_flags},
    {"ledger_fork", ledger_fork},
    {"ledger_cost", ledger_cost},
    {"machine_facts", machine_facts_complete},
    {"machine_slug", machine_slug_anonymous},
    {"machine_cpus", machine_cpus_ordered},
    {"cpu_lists", cpu_lists},
    {"region_cost", region_cost},
    {"region_sums", region_sums},
};
#define CASES (sizeof cases / sizeof cases[0])

static int run_case(const char *program, size_t i) {
    printf("%s\n", cases[i].name);
    int result = cases[i].run();
    if (!failures && (result == 0 || result == SKIP)) return result;
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
        failed += !WIFEXITED(status) || (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != SKIP);
    }
    printf("%d of %zu cases failed\n", failed, CASES);
    return failed != 0;
}
