// SPDX-License-Identifier: MIT
// Time stamps: TSC on x86-64, CNTVCT on AArch64, calibrated against CLOCK_MONOTONIC_RAW once.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

static inline uint64_t clock_ticks(void) { // unfenced: 8-10 ns; orders nothing
#if defined(__x86_64__)
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
#elif defined(__aarch64__)
    uint64_t t;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(t));
    return t;
#endif
}
static inline uint64_t clock_ticks_fenced(void) { // about 20 ns; waits for what came before
#if defined(__x86_64__)
    uint32_t low, high, cpu;
    __asm__ volatile("lfence\n\trdtscp\n\tlfence" : "=a"(low), "=d"(high), "=c"(cpu)::"memory");
    return (uint64_t)high << 32 | low;
#elif defined(__aarch64__)
    uint64_t t;
    __asm__ volatile("isb\n\tmrs %0, cntvct_el0\n\tisb" : "=r"(t)::"memory");
    return t;
#endif
}

double clock_hz(void); // calibrated at the first call (about 20 ms); thread-safe

extern double clock_ns_per_tick; // set by clock_hz; NaN before, so that a forgotten call is seen
static inline double clock_ns(uint64_t ticks) {
    return (double)ticks * clock_ns_per_tick;
}

// What the processor itself states about the counter: CPUID leaf 0x15 or a hypervisor's leaf
// 0x40000010 on x86-64, CNTFRQ_EL0 on AArch64. 0 where it states nothing. *source (not NULL) names
// the place.
double clock_stated_hz(const char **source);
// The counter runs at one rate in every power state (CPUID 0x80000007 EDX bit 8; always on
// AArch64).
bool clock_invariant(void);
