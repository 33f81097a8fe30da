// SPDX-License-Identifier: MIT
// What only a PMU can show: more events than counters, counts beyond 32 bits. tests/check_vm.sh
// runs these in a guest with an emulated one.
#include <math.h>
#include <stdio.h>

#include "probes/counters.h"
#include "probes/counters_parts.h"
#include "probes/error.h"
#include "tests/probes/expect.h"

static void loop(uint64_t iterations) { // two instructions each
#if defined(__x86_64__)
    __asm__ volatile("1: dec %0\n\tjnz 1b" : "+r"(iterations));
#else
    __asm__ volatile("1: subs %0, %0, #1\n\tb.ne 1b" : "+r"(iterations));
#endif
}

// NULL where the machine has no PMU; then *result is why.
static struct counters *open_counters(const char *const *names, size_t count, int *result) {
    struct counters *c = NULL;
    *result = 0;
    if (counters_open(&c, names, count) != 0) {
        expect(false, "%s", probes_error());
        return NULL;
    }
    const struct event *e = counters_event(c, 0);
    if (counters_event_opened(e)) return c;
    *result = expect_skip("%s is %s: %s", e->name, status_name(e->status), e->reason);
    counters_close(c);
    return NULL;
}

int check_multiplexing(void) {
    enum { SETS = 16 }; // of two events: more than any core can count at once
    static const char *const names[] = {"instructions", "branches"};
    static const char *const alone[] = {"instructions", "cycles"};
    struct counters *sets[SETS];
    struct counters_reading begin[SETS], end;
    struct count counts[2];
    int result, multiplexed = 0;
    const char *const *wanted = names;
    struct counters *probe = open_counters(alone, 2, &result);
    if (probe == NULL) return result;
    counters_close(probe);
    if ((probe = open_counters(names, 2, &result)) == NULL) return result;
    if (!counters_event_opened(counters_event(probe, 1))) wanted = alone; // QEMU has no branches
    counters_close(probe);
    for (int i = 0; i < SETS; i++)
        if ((sets[i] = open_counters(wanted, 2, &result)) == NULL) return result;
    for (int i = 0; i < SETS; i++) counters_read(sets[i], &begin[i]);
    double before = expect_seconds(CLOCK_MONOTONIC);
    uint64_t rounds = 0; // long enough for the kernel to rotate all of them
    for (; expect_seconds(CLOCK_MONOTONIC) - before < 0.5; rounds++) loop(1000000);
    for (int i = 0; i < SETS; i++) {
        counters_read(sets[i], &end);
        counters_difference(sets[i], &begin[i], &end, counts);
        double share = (double)counts[0].running_ns / (double)counts[0].enabled_ns;
        if (i < 2)
            printf("  %s: %s, raw %g of %g, running %.0f %%\n", wanted[0],
                   status_name(counts[0].status), counts[0].value_raw, 2e6 * (double)rounds,
                   100 * share);
        bool partly = counts[0].running_ns < counts[0].enabled_ns;
        multiplexed += partly;
        expect(partly ==
                   (counts[0].status == STATUS_multiplexed || counts[0].status == STATUS_lost),
               "set %d ran %.0f %% of its time and is %s", i, 100 * share,
               status_name(counts[0].status));
        // Never a scaled or a partial figure in the place of a count.
        expect(!partly || isnan(counts[0].value_net), "set %d: net %g", i, counts[0].value_net);
        counters_close(sets[i]);
    }
    expect(multiplexed >= SETS / 2, "%d of %d sets were multiplexed", multiplexed, SETS);
    return 0;
}

int check_long_count(void) { // past the 32 bits of a counter, either way of reading
    const uint64_t iterations = UINT64_C(2200000000);
    static const char *const names[] = {"instructions"};
    int result;
    struct counters *c = open_counters(names, 1, &result);
    if (c == NULL) return result;
    for (int by_call = !counters_read_in_user_space(c); by_call < 2; by_call++) {
        struct counters_reading begin, end;
        struct count n;
        if (by_call) counters_use_system_calls(c);
        counters_read(c, &begin);
        loop(iterations);
        counters_read(c, &end);
        counters_difference(c, &begin, &end, &n);
        printf("  %.0f of 4400000000 %s\n", n.value_raw, by_call ? "by read()" : "in user space");
        expect(fabs(n.value_raw - 2.0 * (double)iterations) < 2000, "%.0f", n.value_raw);
    }
    counters_close(c);
    return 0;
}
