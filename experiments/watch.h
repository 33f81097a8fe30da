// SPDX-License-Identifier: MIT
// Binds the engine's observer to the probes: every step of the plan is a region with its time, wait,
// bytes, operations and counters, for each thread. Accumulators are per thread and per step, so that
// begin and end take no lock, allocate nothing and touch one cache line or two.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "engine/context.h"
#include "probes/counters.h"

struct watch_step { // of one thread, since the last watch_clear
    _Alignas(64) uint64_t ticks, wait_ticks;
    uint32_t calls;
    const struct kernel *kernel; // that ran last
    double bytes, ops;
};

struct watch_thread {
    _Alignas(128) uint64_t begin_ticks, end_ticks; // of the current or last step
    struct watch_step *steps;                      // [step_count]
    struct watch_step *last;                       // whose barrier we may be waiting at
    struct counters *counters;                     // NULL: none asked for
    struct counters_reading begin_reading;
    struct count *counts; // [step_count][event_count], sums
    int cpu;
    uint64_t attached_ticks;
};

struct watch {
    struct context *context;
    struct observer observer;
    const struct plan *plan;
    int threads;
    bool fenced; // time stamps that wait for what came before
    const char *const *events;
    size_t event_count;
    struct watch_thread *workers; // [threads]
};

// Binds. events: NULL-terminated names of one pass, or NULL. 0, or an exit code with failure() set.
int watch_bind(struct watch *w, struct context *c, const char *const *events, bool fenced);
void watch_unbind(struct watch *w);
void watch_clear(struct watch *w);
// Ends the wait of the last step of an evaluation (no begin follows it).
void watch_finish(struct watch *w, uint64_t end_ticks);
