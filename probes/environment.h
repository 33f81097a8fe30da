// SPDX-License-Identifier: MIT
// What a careful person would fix before measuring: one line each, with the command. Nothing is
// changed.
#pragma once
#include <stddef.h>

#include "probes/machine.h"

// What the lines are about, as the kernel writes it; "" where it is not known.
struct environment {
    char governor[32];    // of cpu0
    char turbo[8];        // on, off
    char turbo_path[64];  // that says so
    char smt[8];          // on, off: whether siblings share cores of the cpuset
    char nmi_watchdog[8]; // 1: it holds a counter
    char paranoid[8];     // perf_event_paranoid
    char thp[16];         // always, madvise, never
    char prefetchers[8];  // on, off: whether all of them run; "" where the register cannot be read
    char prefetchers_by[64]; // how they were read, or would be
    bool prefetchers_denied; // the register is there, but not for this user
    bool capable;            // CAP_PERFMON or CAP_SYS_ADMIN
};
void environment_read(struct environment *e, const struct machine *m);
struct environment_line {
    const char *key; // "governor"
    char text[320];  // what is so, what it does, what to type
};
#define ENVIRONMENT_MAX 8
// Lines about what should be otherwise; how many.
size_t environment_judge(const struct environment *e,
                         struct environment_line lines[ENVIRONMENT_MAX]);
