// SPDX-License-Identifier: MIT
// Slices of kernels: all workers meet, run their parts, and are timed each for itself.
#include "experiments/sample_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/failure.h"
#include "probes/clock.h"

struct slice_probe { // of one worker
    _Alignas(128) struct probe probe;
    struct probe_sum sum;
};

struct binding {
    struct slice_probe *probes;
    const char *const *events;
    size_t count;
};

static void bind_thread(void *arg, int thread) {
    struct binding *b = arg;
    struct probe *p = &b->probes[thread].probe;
    // The names were tried before; a thread that cannot open them has no counts.
    if (b->count > 0 && counters_open(&p->counters, b->events, b->count) != 0) p->counters = NULL;
}

int sampler_bind(struct sampler *s, int threads, const char *const *events) {
    for (int i = 0; i < s->probe_count; i++) counters_close(s->probes[i].probe.counters);
    free(s->probes);
    s->probes = NULL;
    s->probe_count = 0;
    if (threads == 0) return 0;
    struct binding b = {.events = events};
    while (events != NULL && events[b.count] != NULL) b.count++;
    if (b.count > COUNTERS_MAX)
        return fail(EXIT_USAGE, "a pass of %zu events (at most %d)", b.count, COUNTERS_MAX);
    s->probes = aligned_alloc(128, (size_t)threads * sizeof *s->probes);
    if (s->probes == NULL) return fail(EXIT_FAILED, "out of memory for the probes of slices");
    memset(s->probes, 0, (size_t)threads * sizeof *s->probes);
    s->probe_count = threads;
    for (int i = 0; i < threads; i++) s->probes[i].probe.fenced = true;
    b.probes = s->probes;
    if (events != NULL) team_run(s->ceilings->team, threads, bind_thread, &b);
    return 0;
}

struct slice_job {
    struct sampler *s;
    const struct kernel_slice *slice;
};

static void slice_thread(void *arg, int thread) {
    const struct slice_job *job = arg;
    struct slice_probe *p = &job->s->probes[thread];
    p->sum = (struct probe_sum){0};
    probe_pause(&p->probe);
    if (job->slice->before != NULL) job->slice->before(job->slice->arg, thread);
    team_barrier(job->s->ceilings->team, thread);
    probe_begin(&p->probe);
    job->slice->work(job->slice->arg, thread);
    probe_end(&p->probe, &p->sum);
}

static void write_slice_counts(struct sampler *s, int64_t key, int threads) {
    struct count counts[COUNTERS_MAX];
    for (int thread = 0; thread < threads; thread++) {
        const struct slice_probe *p = &s->probes[thread];
        const struct counters *c = p->probe.counters;
        if (c == NULL) continue;
        counters_total(c, &p->sum.counts, p->sum.regions, counts);
        for (size_t i = 0; i < counters_event_count(c); i++)
            if (counters_event_opened(counters_event(c, i)))
                sample_count(s, key, "", thread, counters_event(c, i), &counts[i]);
    }
    sample_unopened(s, s->probes[0].probe.counters, key);
}

// Other passes over the same arm count the same cycles and instructions for the same work.
static void flag_slice(struct sampler *s, const struct kernel_slice *slice,
                       struct ledger_entry *e) {
    struct anchor now = {0, 0};
    const char *held = "";
    bool any = false;
    for (int i = 0; i < slice->threads; i++) {
        const struct slice_probe *p = &s->probes[i];
        if (p->probe.counters == NULL) continue;
        any = true;
        anchors_of_thread(p->probe.counters, &p->sum.counts, p->sum.regions, &now, e->flags,
                          sizeof e->flags, &held);
    }
    if (*held && !s->told_held) fprintf(stderr, "inferometer: %s\n", held);
    s->told_held = s->told_held || *held;
    const double work = slice->ops > 0 ? slice->ops : slice->bytes;
    now.instructions /= work;
    now.cycles /= work;
    if (any && !slice->warmup) anchors_keep(slice->anchor, &now, e->flags, sizeof e->flags);
}

double sampler_kernel(struct sampler *s, const struct kernel_slice *slice) {
    struct ledger_reading before, after;
    struct ledger_entry entry;
    struct slice_job job = {s, slice};
    ledger_read(&before);
    const double cpu_before_ns = sample_cpu_ns(s);
    team_run(s->ceilings->team, slice->threads, slice_thread, &job);
    const double cpu_used_ns = sample_cpu_ns(s) - cpu_before_ns;
    ledger_read(&after);
    ledger_difference(&before, &after, &entry);
    entry.cpu_ns = cpu_used_ns;
    entry.canary_gbps = s->canary_gbps;
    entry.eff_mhz = s->eff_mhz;
    ledger_flag(&entry, s->canary_best_gbps);
    flag_slice(s, slice, &entry);
    uint64_t begin = UINT64_MAX, end = 0; // the first worker's begin to the last one's end
    for (int i = 0; i < slice->threads; i++) {
        const struct probe *p = &s->probes[i].probe;
        uint64_t ended = p->begin_ticks + s->probes[i].sum.ticks;
        if (p->begin_ticks < begin) begin = p->begin_ticks;
        if (ended > end) end = ended;
    }
    int64_t key = sample_begin(s, slice->arm, slice->warmup);
    struct record *r = &s->samples;
    const double wall_ns = round(clock_ns(end - begin));
    record_number(r, "wall_ns", wall_ns);
    record_number(r, "bytes", slice->bytes);
    record_number(r, "ops", slice->ops);
    sample_ledger(s, &entry);
    record_end(r);
    write_slice_counts(s, key, slice->threads);
    return wall_ns;
}
