// SPDX-License-Identifier: MIT
#include "tests/probes/expect.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "probes/clock.h"
#include "probes/probe.h"

int check_clock_monotonic(void) {
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

int check_clock_calibrated(void) {
    expect(isnan(clock_ns(1)), "clock_ns before clock_hz is not NaN");
    double hz = clock_hz(), best = INFINITY;
    for (int i = 0; i < 5; i++) { // the least disturbed of five
        uint64_t begin = clock_ticks_fenced();
        double s = expect_seconds(CLOCK_MONOTONIC_RAW);
        expect_spin(0.02);
        double ns = clock_ns(clock_ticks_fenced() - begin);
        s = expect_seconds(CLOCK_MONOTONIC_RAW) - s;
        if (fabs(ns / 1e9 / s - 1) < fabs(best)) best = ns / 1e9 / s - 1;
    }
    const char *source;
    double stated = clock_stated_hz(&source);
    printf("  %.0f Hz, off by %.1e of clock_gettime; stated: %.0f Hz (%s); invariant: %s\n", hz,
           best, stated, *source ? source : "nowhere", clock_invariant() ? "yes" : "no");
    expect(fabs(best) < 1e-3, "off by %g, more than 0.1 %%", best);
    return 0;
}

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

int check_region_cost(void) {
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
    return expect_skip("a sanitized or unoptimized build: the time says nothing");
#endif
    if (expect_emulated()) return expect_skip("emulated: the time says nothing");
    expect(unfenced_ns <= 30, "%.1f ns a region, more than 30", unfenced_ns);
    return 0;
}

int check_region_sums(void) {
    clock_hz();
    struct probe p = {0};
    struct probe_sum a = {0}, b = {0};
    probe_begin(&p);
    expect_spin(0.004);
    probe_end(&p, &a);
    expect_spin(0.002); // a's wait
    probe_begin(&p);
    expect_spin(0.001);
    probe_end(&p, &b);
    probe_pause(&p);
    expect_spin(0.002); // nobody's
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
