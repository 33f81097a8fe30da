// SPDX-License-Identifier: MIT
#include "tests/probes/expect.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "probes/counters.h"

int expect_failures;

__attribute__((format(printf, 2, 3))) void expect(bool holds, const char *format, ...) {
    if (holds) return;
    va_list args;
    va_start(args, format);
    fputs("  not so: ", stdout);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
    expect_failures++;
}

__attribute__((format(printf, 1, 2))) int expect_skip(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fputs("  skipped: ", stdout);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
    return EXPECT_CANNOT;
}

double expect_seconds(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void expect_spin(double s) {
    for (double begin = expect_seconds(CLOCK_MONOTONIC);
         expect_seconds(CLOCK_MONOTONIC) - begin < s;)
        continue;
}

bool expect_emulated(void) { // qemu-user knows no perf_event at all
    struct event events[16];
    counters_standard(events, 16);
    return !strncmp(events[0].reason, "ENOSYS", 6);
}

void expect_sleep(void *times) {
    for (int i = 0; i < *(int *)times; i++) usleep(200);
}

// Not sanitized: the shadow memory has faults of its own.
__attribute__((no_sanitize("address"))) void expect_touch(void *pages) {
    size_t step = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < EXPECT_PAGES; i++) ((volatile char *)pages)[i * step] = 1;
}

void expect_move(void *cpus) {
    for (int i = 0; i < 20; i++) {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET((size_t)((int *)cpus)[i & 1], &one);
        sched_setaffinity(0, sizeof one, &one);
    }
}

void *expect_pages(void) {
    size_t bytes = EXPECT_PAGES * (size_t)sysconf(_SC_PAGESIZE);
    void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) return NULL;
    madvise(pages, bytes, MADV_NOHUGEPAGE);
    return pages;
}

void expect_unmap(void *pages) {
    munmap(pages, EXPECT_PAGES * (size_t)sysconf(_SC_PAGESIZE));
}
