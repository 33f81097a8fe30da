// SPDX-License-Identifier: MIT
#include "experiments/watch.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/failure.h"
#include "probes/clock.h"
#include "probes/error.h"

static void watch_attach(void *self, int thread) {
    struct watch *w = self;
    struct watch_thread *t = &w->workers[thread];
    t->cpu = sched_getcpu();
    // The names were tried before; a thread that cannot open them has no counts.
    if (w->event_count > 0 && t->probe.counters == NULL &&
        counters_open(&t->probe.counters, w->events, w->event_count) != 0)
        t->probe.counters = NULL;
}

static void watch_begin(void *self, int thread, const struct step *s, const struct eval *e) {
    struct watch *w = self;
    struct watch_thread *t = &w->workers[thread];
    (void)e;
    // The weights of a token have driven the sums out of the caches: they return while the step
    // runs.
    __builtin_prefetch(&t->steps[s - w->plan->steps], 1);
    probe_begin(&t->probe);
}

static void watch_end(void *self, int thread, const struct step *s, const struct eval *e,
                      const struct work *work) {
    struct watch *w = self;
    struct watch_thread *t = &w->workers[thread];
    struct watch_step *sum = &t->steps[s - w->plan->steps];
    (void)e;
    probe_end(&t->probe, &sum->time);
    sum->kernel = work->kernel;
    sum->bytes += work->bytes;
    sum->ops += work->ops;
}

void watch_finish(struct watch *w, uint64_t end_ticks) {
    for (int i = 0; i < w->threads; i++) {
        struct probe *p = &w->workers[i].probe;
        if (p->ended != NULL && end_ticks > p->end_ticks)
            p->ended->wait_ticks += end_ticks - p->end_ticks;
        probe_pause(p);
    }
}

void watch_clear(struct watch *w, int thread) {
    struct watch_thread *t = &w->workers[thread];
    for (size_t i = 0; i < w->plan->step_count; i++) {
        struct watch_step *s = &t->steps[i];
        if (w->event_count > 0) s->time.counts = (struct counters_reading){0};
        s->time.regions = s->time.ticks = s->time.wait_ticks = 0;
        s->bytes = s->ops = 0;
        s->kernel = NULL;
    }
    probe_pause(&t->probe);
}

int watch_bind(struct watch *w, struct context *c, const char *const *events, bool fenced) {
    *w = (struct watch){.context = c, .plan = context_plan(c), .threads = context_threads(c)};
    w->events = events;
    while (events != NULL && events[w->event_count] != NULL) w->event_count++;
    if (w->event_count > COUNTERS_MAX)
        return fail(EXIT_USAGE, "a pass of %zu events (at most %d)", w->event_count, COUNTERS_MAX);
    clock_hz();
    w->workers = aligned_alloc(128, (size_t)w->threads * sizeof *w->workers);
    if (w->workers == NULL) return fail(EXIT_FAILED, "out of memory for the observer");
    memset(w->workers, 0, (size_t)w->threads * sizeof *w->workers);
    for (int i = 0; i < w->threads; i++) {
        w->workers[i].probe.fenced = fenced;
        w->workers[i].steps = aligned_alloc(64, w->plan->step_count * sizeof(struct watch_step));
        if (w->workers[i].steps == NULL) {
            watch_unbind(w);
            return fail(EXIT_FAILED, "out of memory for the observer");
        }
        memset(w->workers[i].steps, 0, w->plan->step_count * sizeof *w->workers[i].steps);
    }
    w->observer = (struct observer){w, watch_attach, watch_begin, watch_end};
    context_observe(c, &w->observer);
    return 0;
}

void watch_unbind(struct watch *w) {
    if (w->workers == NULL) return;
    if (w->observer.begin != NULL) context_observe(w->context, NULL);
    for (int i = 0; i < w->threads; i++) {
        counters_close(w->workers[i].probe.counters);
        free(w->workers[i].steps);
    }
    free(w->workers);
    *w = (struct watch){0};
}
