// SPDX-License-Identifier: MIT
#include "tests/probes/expect.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probes/counters.h"
#include "probes/counters_judge.h"
#include "probes/counters_open.h"
#include "probes/counters_parts.h"
#include "probes/encode.h"
#include "probes/error.h"
#include "probes/group_formula.h"
#include "probes/machine.h"
#include "probes/probe.h"

// Counts one event around work(argument). 0, or EXPECT_CANNOT where the event cannot be had.
static int count_one(const char *name, void (*work)(void *), void *argument, struct count *count) {
    struct counters *c;
    int error = counters_open(&c, &name, 1);
    expect(error == 0, "counters_open(%s): %s", name, probes_error());
    if (error) return 1;
    const struct event *event = counters_event(c, 0);
    if (event->status == STATUS_unsupported || event->status == STATUS_denied) {
        int result = expect_skip("%s is %s: %s", name, status_name(event->status), event->reason);
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

int check_soft_context_switches(void) {
    int times = 50;
    struct count n;
    int result = count_one("context-switches", expect_sleep, &times, &n);
    if (result) return result;
    expect(n.source == SOURCE_soft && n.status == STATUS_ok, "source %d status %d", n.source,
           n.status);
    expect(n.value_net >= 50, "%g switches in 50 sleeps", n.value_net);
    return 0;
}

int check_soft_page_faults(void) {
    void *pages = expect_pages();
    if (!pages) return expect_skip("no memory");
    struct count n;
    int result = count_one("perf::page-faults", expect_touch, pages, &n);
    expect_unmap(pages);
    if (result) return result;
    expect(n.value_raw >= EXPECT_PAGES && n.value_raw <= EXPECT_PAGES + 8, "%g faults for %d pages",
           n.value_raw, EXPECT_PAGES);
    return 0;
}

int check_soft_migrations(void) {
    const int *cpus;
    if (machine_cpus(machine_facts(), &cpus, NULL) < 2) return expect_skip("one CPU alone");
    int two[2] = {cpus[0], cpus[1]};
    struct count n;
    int result = count_one("cpu-migrations", expect_move, two, &n);
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

int check_hardware_events(void) {
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
        expect(e->source == SOURCE_pmu || e->source == SOURCE_emu, "%s has source %s", e->name,
               source_name(e->source));
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

int check_group_of_both_kinds(void) { // hardware that is missing must not take the others with it
    const char *names[] = {"cycles", "task-clock", "instructions", "page-faults"};
    struct counters *c;
    int error = counters_open(&c, names, 4);
    expect(error == 0, "counters_open: %s", probes_error());
    if (error) return 1;
    struct counters_reading begin, end, sum = {0};
    struct count counts[4];
    for (int i = 0; i < 5; i++) {
        counters_read(c, &begin);
        const double start = expect_seconds(CLOCK_THREAD_CPUTIME_ID); // whoever else runs
        while (expect_seconds(CLOCK_THREAD_CPUTIME_ID) - start < 0.002) continue;
        counters_read(c, &end);
        counters_add(c, &sum, &begin, &end);
    }
    counters_total(c, &sum, 5, counts);
    int result = 0;
    if (counters_event(c, 1)->status != STATUS_ok)
        result = expect_skip("task-clock: %s", counters_event(c, 1)->reason);
    else
        expect(counts[1].status == STATUS_ok && counts[1].value_net > 9e6 &&
                   counts[1].value_net < 1e9 &&
                   counts[1].value_net <= (double)counts[1].enabled_ns * 1.01,
               "task-clock of five times 2 ms: %g ns, %s", counts[1].value_net,
               status_name(counts[1].status));
    counters_close(c);
    return result;
}

// What an observation is worth, without the hardware that would make it.
int check_statuses(void) {
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
        {{STATUS_unverified, 0, 1000, 1000, 1, false, false, 0, 0}, STATUS_zero_suspect, -1, -1},
        {{STATUS_ok, 0, 1000, 1000, 1, false, true, 0, 0}, STATUS_zero_suspect, -1, -1},
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

int check_unknown_names(void) {
    expect_unknown("cycels", "cycles");
    expect_unknown("perf::instuctions", "instructions");
    expect_unknown("context-swiches", "context-switches");
    expect_unknown("page_fault", "page-faults");
    expect_unknown("", "nearest");
    const char *many[COUNTERS_MAX + 1];
    for (int i = 0; i <= COUNTERS_MAX; i++) many[i] = "task-clock";
    struct counters *c;
    expect(counters_open(&c, many, COUNTERS_MAX + 1) == -EINVAL, "17 events are taken");
#if defined(HAVE_PFM) && defined(__x86_64__)
    expect_unknown("sprr::INST_RETIRED:ANY_P", "spr");
    expect_unknown("spr::INST_RETIERD:ANY_P", "INST_RETIRED");
#elif defined(HAVE_PFM)
    expect_unknown("arm_n1::INST_RETIERD", "INST_RETIRED");
#endif
    return 0;
}

int check_names_of_other_machines(void) { // real names: no error, but nothing that could be opened
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

int check_encode_inactive(void) {
    setenv("LIBPFM_ENCODE_INACTIVE", "1", 1);
    if (!*encode_library()) return expect_skip("built without libpfm4");
#if !defined(__x86_64__)
    return expect_skip("libpfm4 has Intel's tables on x86 alone");
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

int check_list(void) {
    counters_list(see_row, NULL);
    printf("  %d names\n", rows_listed);
    expect(saw_cycles && saw_switches, "cycles and context-switches are not both in the list");
    return 0;
}

// The wraps of counters of 32 and 48 bits, and of one that the kernel set half-way up its range.
int check_counter_wraps(void) {
    static const struct {
        int64_t offset;
        uint64_t pmc;
        unsigned width;
        uint64_t value;
    } rows[] = {
        {1000, 5, 48, 1005},
        {0, 0xffffffffffff, 48, UINT64_MAX}, // one below zero: the kernel set it there
        {1, 0xffffffffffff, 48, 0},
        {INT64_C(0x80000000), 0x80000001, 32, 1},                     // started at half range
        {INT64_C(0x80000000), 0xffffffff, 32, 0x7fffffff},            // just before the interrupt
        {INT64_C(0x180000000), 0x80000001, 32, INT64_C(0x100000001)}, // after it once
        {7, 0x7fffffff, 32, 0x80000006},
        {-5, 12, 64, 7},
        {0, 0x8000000000000000, 64, 0x8000000000000000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t value = counters_user_value(rows[i].offset, rows[i].pmc, rows[i].width);
        expect(value == rows[i].value, "row %zu: 0x%llx, not 0x%llx", i, (unsigned long long)value,
               (unsigned long long)rows[i].value);
    }
    return 0;
}

static void count_loop(struct counters *c, struct count counts[2]) {
    struct counters_reading begin, end;
    counters_read(c, &begin);
    known_loop(NULL);
    counters_read(c, &end);
    counters_difference(c, &begin, &end, counts);
}

int check_user_reading(void) { // rdpmc, or the EL0 registers, against read()
    const char *names[] = {"instructions", "cycles"};
    struct counters *c;
    struct count fast[2], slow[2];
    if (counters_open(&c, names, 2) != 0) {
        expect(false, "%s", probes_error());
        return 1;
    }
    const struct event *e = counters_event(c, 0);
    int result = 0;
    if (!counters_event_opened(e))
        result = expect_skip("instructions are %s: %s", status_name(e->status), e->reason);
    else if (!counters_read_in_user_space(c))
        result = expect_skip("the kernel does not let user space read counters (x86-64: "
                             "/sys/devices/cpu/rdpmc; AArch64: kernel.perf_user_access=1)");
    if (!result) {
        count_loop(c, fast);
        struct calibration own = counters_calibration(c, 0);
        counters_use_system_calls(c);
        count_loop(c, slow);
        printf("  in user space %.0f instructions (overhead %g, spread %g), by read() %.0f "
               "(overhead %g); cycles %.0f and %.0f\n",
               fast[0].value_net, own.overhead, own.spread, slow[0].value_net,
               counters_calibration(c, 0).overhead, fast[1].value_net, slow[1].value_net);
        expect(formula_has_value(fast[0].status) && formula_has_value(slow[0].status),
               "statuses %s and %s", status_name(fast[0].status), status_name(slow[0].status));
        expect(fabs(fast[0].value_net - slow[0].value_net) <= 16,
               "the two ways differ by %g instructions", fast[0].value_net - slow[0].value_net);
        expect(fabs(fast[0].value_net - 2.0 * LOOP) <= 16, "%.0f instructions of %.0f",
               fast[0].value_net, 2.0 * LOOP);
        expect(fast[0].enabled_ns > 0 && fast[0].enabled_ns == fast[0].running_ns,
               "enabled %llu ns, running %llu ns", (unsigned long long)fast[0].enabled_ns,
               (unsigned long long)fast[0].running_ns);
    }
    counters_close(c);
    return result;
}

int check_denials(void) {
    static const struct {
        int error;
        struct permissions p;
        const char *says[3];
    } rows[] = {
        {EACCES, {"3", false, false}, {"perf_event_paranoid is 3", "CAP_PERFMON", "sysctl"}},
        {EPERM, {"2", false, false}, {"perf_event_paranoid is 2", "setcap", "EPERM"}},
        {EPERM, {"1", false, true}, {"seccomp filter (one is active)", "container", "missing"}},
        {EPERM, {"2", true, false}, {"CAP_PERFMON is there", "security module", "EPERM"}},
        {EACCES, {"not readable", false, true}, {"not readable", "no CAP_PERFMON", "EACCES"}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[240];
        counters_explain_denial(rows[i].error, &rows[i].p, text, sizeof text);
        printf("  %s\n", text);
        for (int k = 0; k < 3; k++)
            expect(strstr(text, rows[i].says[k]) != NULL, "row %zu does not say \"%s\"", i,
                   rows[i].says[k]);
    }
    return 0;
}

// What begin and end of a region execute besides reading the counters, counted by the counters.
int check_region_instructions(void) {
    const char *names[] = {"instructions", "cycles"};
    struct counters *outer, *inner;
    enum { REGIONS = 1000, MOST = 60 };
    if (counters_open(&outer, names, 1) != 0 || counters_open(&inner, names, 2) != 0) {
        expect(false, "%s", probes_error());
        return 1;
    }
    int result = 0;
    if (!counters_event_opened(counters_event(outer, 0)) || !counters_read_in_user_space(inner))
        result = expect_skip("instructions cannot be read in user space here");
    struct probe p = {.counters = inner};
    struct probe_sum sum = {0};
    struct counters_reading begin, end, reading;
    struct count whole, reads;
    if (!result) {
        counters_read(outer, &begin);
        for (int i = 0; i < REGIONS; i++) {
            probe_begin(&p);
            probe_end(&p, &sum);
        }
        counters_read(outer, &end);
        counters_difference(outer, &begin, &end, &whole);
        counters_read(outer, &begin);
        for (int i = 0; i < 2 * REGIONS; i++)
            if (!counters_user_read(inner, 0, &reading)) expect(false, "off the PMU");
        counters_read(outer, &end);
        counters_difference(outer, &begin, &end, &reads);
        const double more = (whole.value_net - reads.value_net) / REGIONS;
        printf("  begin and end: %.1f instructions, of them %.1f read two counters twice, %.1f "
               "others\n",
               whole.value_net / REGIONS, reads.value_net / REGIONS, more);
        expect(more <= MOST, "%.1f instructions besides the counters, more than %d", more, MOST);
        expect(more > 4, "%.1f instructions cannot be all", more); // four time stamps alone
    }
    counters_close(outer);
    counters_close(inner);
    return result;
}
