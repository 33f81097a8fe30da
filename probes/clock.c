// SPDX-License-Identifier: MIT
#include "probes/clock.h"

#include <math.h>
#include <pthread.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

double clock_ns_per_tick = NAN;

static double calibrated_hz;
static pthread_once_t calibrated = PTHREAD_ONCE_INIT;

struct pair {
    uint64_t ticks;
    int64_t ns;
};

// The system's clock between two time stamps; of some tries the one with the least between them, so
// that neither a preemption nor an interrupt gets into the pair.
static struct pair read_pair(void) {
    struct pair best = {0, 0};
    uint64_t narrowest = UINT64_MAX;
    for (int i = 0; i < 64; i++) {
        struct timespec t;
        uint64_t before = clock_ticks_fenced();
        clock_gettime(CLOCK_MONOTONIC_RAW, &t);
        uint64_t after = clock_ticks_fenced();
        if (after - before >= narrowest) continue;
        narrowest = after - before;
        best.ticks = before + narrowest / 2;
        best.ns = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
    }
    return best;
}

static void calibrate(void) {
    struct pair begin = read_pair();
    struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
    nanosleep(&pause, NULL);
    struct pair end = read_pair();
    calibrated_hz = (double)(end.ticks - begin.ticks) * 1e9 / (double)(end.ns - begin.ns);
#if defined(__aarch64__)
    // CNTFRQ is exact where the firmware set it; the calibration is what catches firmware that did
    // not.
    double stated = clock_stated_hz(NULL);
    if (stated > 0 && fabs(calibrated_hz / stated - 1) < 1e-3) calibrated_hz = stated;
#endif
    clock_ns_per_tick = 1e9 / calibrated_hz;
}

double clock_hz(void) {
    pthread_once(&calibrated, calibrate);
    return calibrated_hz;
}

double clock_stated_hz(const char **source) {
    const char *where = "";
    double hz = 0;
#if defined(__x86_64__)
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (__get_cpuid_count(0x15, 0, &a, &b, &c, &d) && a && b && c) {
        where = "cpuid 0x15"; // crystal Hz × numerator / denominator
        hz = (double)c * b / a;
    } else if (__get_cpuid(1, &a, &b, &c, &d) && c >> 31) {
        __cpuid(0x40000000, a, b, c, d);
        if (a >= 0x40000010) { // the timing leaf that VMware began and others share: EAX = TSC kHz
            __cpuid(0x40000010, a, b, c, d);
            if (a) {
                where = "cpuid 0x40000010";
                hz = 1e3 * a;
            }
        }
    }
#elif defined(__aarch64__)
    uint64_t frequency;
    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    where = "cntfrq_el0";
    hz = (double)frequency;
#endif
    if (source) *source = where;
    return hz;
}

bool clock_invariant(void) {
#if defined(__x86_64__)
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid(0x80000007, &a, &b, &c, &d) && d >> 8 & 1;
#else
    return true;
#endif
}
