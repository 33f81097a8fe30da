// SPDX-License-Identifier: MIT
// Counters read in user space: the kernel's page of an event (perf_event_mmap_page) says which
// register holds it, and changes under a sequence lock; rdpmc, or PMEVCNTRn_EL0 on AArch64, reads
// the register.
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "probes/clock.h"
#include "probes/counters_parts.h"

#define barrier() __asm__ volatile("" ::: "memory")

#if defined(__x86_64__)
static inline uint64_t read_register(uint32_t index) { // index of the page, less one
    uint32_t low, high;
    __asm__ volatile("rdpmc" : "=a"(low), "=d"(high) : "c"(index));
    return (uint64_t)high << 32 | low;
}
static inline void fence(void) { // what comes before has retired, what follows has not begun
    __asm__ volatile("lfence" ::: "memory");
}
#elif defined(__aarch64__)
static inline void fence(void) {
    __asm__ volatile("isb" ::: "memory");
}
// The register's number is part of the instruction.
#define REGISTER(n)                                                                                \
    case n:                                                                                        \
        __asm__ volatile("mrs %0, pmevcntr" #n "_el0" : "=r"(value));                              \
        break
static inline uint64_t read_register(uint32_t index) {
    uint64_t value = 0;
    switch (index) {
        REGISTER(0);
        REGISTER(1);
        REGISTER(2);
        REGISTER(3);
        REGISTER(4);
        REGISTER(5);
        REGISTER(6);
        REGISTER(7);
        REGISTER(8);
        REGISTER(9);
        REGISTER(10);
        REGISTER(11);
        REGISTER(12);
        REGISTER(13);
        REGISTER(14);
        REGISTER(15);
        REGISTER(16);
        REGISTER(17);
        REGISTER(18);
        REGISTER(19);
        REGISTER(20);
        REGISTER(21);
        REGISTER(22);
        REGISTER(23);
        REGISTER(24);
        REGISTER(25);
        REGISTER(26);
        REGISTER(27);
        REGISTER(28);
        REGISTER(29);
        REGISTER(30);
    default: // 31: the cycle counter
        __asm__ volatile("mrs %0, pmccntr_el0" : "=r"(value));
    }
    return value;
}
#undef REGISTER
#endif

// Time since the page was last written, by the clock that it is written with.
static inline uint64_t since_update_ns(const volatile struct perf_event_mmap_page *page) {
    uint64_t ticks = clock_ticks();
    if (page->cap_user_time_short) // counters of fewer than 64 bits
        ticks = page->time_cycles + ((ticks - page->time_cycles) & page->time_mask);
    const unsigned shift = page->time_shift;
    const uint64_t whole = ticks >> shift, rest = ticks & (((uint64_t)1 << shift) - 1);
    return page->time_offset + whole * page->time_mult + ((rest * page->time_mult) >> shift);
}

// One event's count. False: it is not on the PMU now.
static inline bool read_event(const volatile struct perf_event_mmap_page *page, uint64_t *value) {
    uint64_t pmc;
    int64_t offset;
    uint32_t sequence;
    do {
        sequence = page->lock;
        barrier();
        const uint32_t index = page->index;
        if (index == 0) return false;
        offset = page->offset;
        pmc = read_register(index - 1);
        barrier();
    } while (page->lock != sequence);
    *value = counters_user_value(offset, pmc, page->pmc_width);
    return true;
}

// The members of a group go on and off together: its leader's times are theirs.
static inline void read_times(const volatile struct perf_event_mmap_page *page, uint64_t *enabled,
                              uint64_t *running) {
    uint32_t sequence;
    do {
        sequence = page->lock;
        barrier();
        const uint64_t since = since_update_ns(page);
        *enabled = page->time_enabled + since;
        *running = page->time_running + since;
        barrier();
    } while (page->lock != sequence);
}

bool counters_user_read(const struct counters *c, size_t g, struct counters_reading *r) {
    const struct counter_group *group = &c->groups[g];
    fence();
    for (size_t m = 0, members = group->members; m < members; m++)
        if (!read_event(group->pages[m], &r->values[group->slots[m]])) return false;
    read_times(group->pages[0], &r->enabled_ns[g], &r->running_ns[g]);
    fence();
    return true;
}

void counters_fast_read(const struct counters *c, struct counters_reading *r) {
    const struct counter_group *group = &c->groups[0];
    fence();
    for (size_t m = 0, members = group->members; m < members; m++)
        if (!read_event(group->pages[m], &r->values[group->slots[m]])) {
            counters_read_groups(c, r);
            return;
        }
    read_times(group->pages[0], &r->enabled_ns[0], &r->running_ns[0]);
    fence();
}

void counters_fast_add(const struct counters *c, const struct counters_reading *begin,
                       struct counters_reading *sum) {
    const struct counter_group *group = &c->groups[0];
    uint64_t value, enabled, running;
    fence();
    for (size_t m = 0, members = group->members; m < members; m++) {
        if (!read_event(group->pages[m], &value)) {
            if (m == 0)
                counters_add_groups(c, begin, sum);
            else
                sum->lost_groups = 1; // taken away between two of its events
            return;
        }
        const size_t slot = group->slots[m];
        sum->values[slot] += value - begin->values[slot];
    }
    read_times(group->pages[0], &enabled, &running);
    sum->enabled_ns[0] += enabled - begin->enabled_ns[0];
    sum->running_ns[0] += running - begin->running_ns[0];
    sum->lost_groups |= begin->lost_groups;
    fence();
}

void counters_user_map(struct counters *c) {
    const size_t bytes = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t g = 0; g < c->group_count; g++) {
        struct counter_group *group = &c->groups[g];
        group->user = g == c->core_group && !group->calls;
        for (size_t m = 0; group->user && m < group->members; m++) {
            void *mapped =
                mmap(NULL, bytes, PROT_READ, MAP_SHARED, c->slots[group->slots[m]].fd, 0);
            const struct perf_event_mmap_page *page = mapped == MAP_FAILED ? NULL : mapped;
            group->pages[m] = page;
            group->user = page && page->cap_user_rdpmc && page->cap_user_time &&
                          page->pmc_width > 0 && page->pmc_width <= 64;
        }
    }
    c->fast = c->group_count == 1 && c->groups[0].user && !c->core;
}

void counters_user_unmap(struct counters *c) {
    const size_t bytes = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t g = 0; g < c->group_count; g++)
        for (size_t m = 0; m < c->groups[g].members; m++)
            if (c->groups[g].pages[m]) munmap((void *)(uintptr_t)c->groups[g].pages[m], bytes);
}
