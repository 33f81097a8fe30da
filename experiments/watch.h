// SPDX-License-Identifier: MIT
// Binds the engine's observer to the probes: every step of the plan is a region with its time,
// wait, bytes, operations and counters, for each thread. Accumulators are per thread and per step,
// so that begin and end take no lock, allocate nothing and touch one cache line or two.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "engine/context.h"
#include "probes/probe.h"

struct watch_step { // of one thread, since the last watch_clear; without counters its first cache
                    // line
    _Alignas(64) const struct kernel *kernel; // that ran last
    double bytes, ops;
    struct probe_sum time;
};

struct watch_thread {
    _Alignas(128) struct probe probe;
    struct watch_step *steps; // [step_count]
    int cpu;
};

struct watch {
    struct context *context;
    struct observer observer;
    const struct plan *plan;
    int threads;
    const char *const *events;
    size_t event_count;
    struct watch_thread *workers; // [threads]
};

// Binds. events: NULL-terminated names of one pass, or NULL. 0, or an exit code with failure() set.
int watch_bind(struct watch *w, struct context *c, const char *const *events, bool fenced);
void watch_unbind(struct watch *w);
// Called by each worker for itself, so that its sums lie in its own core's caches.
void watch_clear(struct watch *w, int thread);
// Ends the wait of the last step of an evaluation (no begin follows it).
void watch_finish(struct watch *w, uint64_t end_ticks);
