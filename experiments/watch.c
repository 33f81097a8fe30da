// SPDX-License-Identifier: MIT
#include "experiments/watch.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/failure.h"
#include "probes/clock.h"

static void watch_attach(void *self, int thread) {
    struct watch *w = self;
    struct watch_thread *t = &w->workers[thread];
    t->cpu = sched_getcpu();
    if (w->event_count > 0 && t->counters == NULL &&
        counters_open(&t->counters, w->events, w->event_count) != 0)
        t->counters = NULL;
}

static inline uint64_t stamp(const struct watch *w) {
    return w->fenced ? clock_ticks_fenced() : clock_ticks();
}

static void watch_begin(void *self, int thread, const struct step *s, const struct eval *e) {
    struct watch *w = self;
    struct watch_thread *t = &w->workers[thread];
    (void)s, (void)e;
    if (t->counters != NULL) counters_read(t->counters, &t->begin_reading);
    t->begin_ticks = stamp(w);
    if (t->last != NULL) t->last->wait_ticks += t->begin_ticks - t->end_ticks;
}

static void add_counts(struct watch *w, struct watch_thread *t, size_t step) {
    struct counters_reading now;
    struct count counts[COUNTERS_MAX];
    counters_read(t->counters, &now);
    counters_difference(t->counters, &t->begin_reading, &now, counts);
    for (size_t i = 0; i < w->event_count; i++) {
        struct count *sum = &t->counts[step * w->event_count + i];
        if (sum->enabled_ns == 0 || counts[i].status > sum->status) sum->status = counts[i].status;
        sum->source = counts[i].source;
        sum->value_raw += counts[i].value_raw;
        sum->value_net += counts[i].value_net;
        sum->overhead += counts[i].overhead;
        sum->enabled_ns += counts[i].enabled_ns;
        sum->running_ns += counts[i].running_ns;
    }
}

static void watch_end(void *self, int thread, const struct step *s, const struct eval *e,
                      const struct work *work) {
    struct watch *w = self;
    struct watch_thread *t = &w->workers[thread];
    (void)e;
    t->end_ticks = stamp(w);
    size_t index = (size_t)(s - w->plan->steps);
    struct watch_step *sum = &t->steps[index];
    sum->ticks += t->end_ticks - t->begin_ticks;
    sum->calls++;
    sum->kernel = work->kernel;
    sum->bytes += work->bytes;
    sum->ops += work->ops;
    t->last = sum;
    if (t->counters != NULL) add_counts(w, t, index);
}

void watch_finish(struct watch *w, uint64_t end_ticks) {
    for (int i = 0; i < w->threads; i++) {
        struct watch_thread *t = &w->workers[i];
        if (t->last != NULL && end_ticks > t->end_ticks)
            t->last->wait_ticks += end_ticks - t->end_ticks;
        t->last = NULL;
    }
}

void watch_clear(struct watch *w) {
    for (int i = 0; i < w->threads; i++) {
        struct watch_thread *t = &w->workers[i];
        memset(t->steps, 0, w->plan->step_count * sizeof *t->steps);
        if (t->counts != NULL)
            memset(t->counts, 0, w->plan->step_count * w->event_count * sizeof *t->counts);
        t->last = NULL;
    }
}

int watch_bind(struct watch *w, struct context *c, const char *const *events, bool fenced) {
    *w = (struct watch){.context = c, .plan = context_plan(c), .threads = context_threads(c)};
    w->fenced = fenced;
    w->events = events;
    while (events != NULL && events[w->event_count] != NULL && w->event_count < COUNTERS_MAX)
        w->event_count++;
    size_t threads = (size_t)w->threads, steps = w->plan->step_count;
    w->workers = aligned_alloc(128, threads * sizeof *w->workers);
    if (w->workers == NULL) return fail(EXIT_FAILED, "out of memory for the observer");
    memset(w->workers, 0, threads * sizeof *w->workers);
    for (size_t i = 0; i < threads; i++) {
        w->workers[i].steps = aligned_alloc(64, steps * sizeof(struct watch_step));
        w->workers[i].counts =
            w->event_count > 0 ? calloc(steps * w->event_count, sizeof(struct count)) : NULL;
        if (w->workers[i].steps == NULL || (w->event_count > 0 && w->workers[i].counts == NULL)) {
            watch_unbind(w);
            return fail(EXIT_FAILED, "out of memory for the observer");
        }
    }
    watch_clear(w);
    w->observer = (struct observer){w, watch_attach, watch_begin, watch_end};
    context_observe(c, &w->observer);
    return 0;
}

void watch_unbind(struct watch *w) {
    if (w->workers == NULL) return;
    if (w->observer.begin != NULL) context_observe(w->context, NULL);
    for (int i = 0; i < w->threads; i++) {
        if (w->workers[i].counters != NULL) counters_close(w->workers[i].counters);
        free(w->workers[i].steps);
        free(w->workers[i].counts);
    }
    free(w->workers);
    *w = (struct watch){0};
}
