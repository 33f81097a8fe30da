// SPDX-License-Identifier: MIT
#include "tests/probes/expect.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probes/clock.h"
#include "probes/ledger.h"
#include "probes/machine.h"

int check_ledger_busy(void) {
    struct ledger_reading begin, end;
    struct ledger_entry e;
    ledger_read(&begin);
    for (double t = expect_seconds(CLOCK_PROCESS_CPUTIME_ID);
         expect_seconds(CLOCK_PROCESS_CPUTIME_ID) - t < 0.05;)
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
    // The kernel counts a thread's pages in batches of 64, so a small process can look smaller.
    expect(e.peak_rss_bytes >= 4096, "a peak of %g bytes", e.peak_rss_bytes);
    expect(isnan(e.eff_mhz) && isnan(e.canary_gbps) && !*e.flags, "what the caller sets is set");
    expect(isnan(e.energy_j) == !*e.energy_domain, "energy without a domain, or the other way");
    return 0;
}

int check_ledger_counts(void) {
    struct ledger_reading begin, end;
    struct ledger_entry e;
    void *pages = expect_pages();
    if (!pages) return expect_skip("no memory");
    int times = 20, two[2] = {0, 0};
    const int *cpus;
    bool movable = machine_cpus(machine_facts(), &cpus, NULL) >= 2;
    for (int i = 0; movable && i < 2; i++) two[i] = cpus[i];
    ledger_read(&begin);
    expect_touch(pages);
    expect_sleep(&times);
    if (movable) expect_move(two);
    ledger_read(&end);
    ledger_difference(&begin, &end, &e);
    expect(e.faults >= EXPECT_PAGES && e.faults < EXPECT_PAGES + 64, "%g faults for %d pages",
           e.faults, EXPECT_PAGES);
    expect(e.ctx_switches >= 20, "%g switches in 20 sleeps", e.ctx_switches);
    if (movable)
        expect(isnan(e.migrations) || (e.migrations >= 19 && e.migrations < 40),
               "%g migrations, 19 or 20 were made", e.migrations);
    else
        expect(!(e.migrations > 0), "%g migrations on one CPU", e.migrations);
    printf("  faults %g, switches %g, migrations %g\n", e.faults, e.ctx_switches, e.migrations);
    expect_unmap(pages);
    return 0;
}

int check_ledger_flags(void) {
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

int check_ledger_fork(void) { // a child's ledger is its own, not its parent's
    struct ledger_reading r;
    ledger_read(&r);
    size_t bytes = 64 << 20;
    char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return expect_skip("no memory");
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

int check_ledger_cost(void) {
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
    if (expect_emulated()) return expect_skip("emulated: the time says nothing");
    expect(best < 100e3, "%g ns a reading, more than 100 us", best);
    return 0;
}
