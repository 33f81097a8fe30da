// SPDX-License-Identifier: MIT
#include "experiments/sample_parts.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/error.h"
#include "engine/plan_cost.h"
#include "experiments/failure.h"
#include "probes/clock.h"
#include "probes/ledger.h"
#include "probes/machine.h"
#include "probes/uncore.h"

// The clock of the whole process knows what other threads used only up to their last timer tick,
// milliseconds ago; the clock of each thread is exact.
static int open_cpu_clocks(struct sampler *s) {
    DIR *tasks = opendir("/proc/self/task");
    if (tasks == NULL) return fail(EXIT_FAILED, "/proc/self/task: %s", strerror(errno));
    int status = 0;
    for (struct dirent *e; status == 0 && (e = readdir(tasks)) != NULL;) {
        if (e->d_name[0] == '.') continue;
        clockid_t *more = realloc(s->cpu_clocks, (s->cpu_clock_count + 1) * sizeof *s->cpu_clocks);
        if (more == NULL) {
            status = fail(EXIT_FAILED, "out of memory for the clocks of threads");
            break;
        }
        // The kernel's encoding of a thread's CPU time: its id negated, "per thread", "scheduler".
        s->cpu_clocks = more;
        s->cpu_clocks[s->cpu_clock_count++] =
            (clockid_t)(~(unsigned)strtoul(e->d_name, NULL, 10) << 3 | 4u | 2u);
    }
    closedir(tasks);
    return status;
}

double sample_cpu_ns(const struct sampler *s) {
    double ns = 0;
    for (size_t i = 0; i < s->cpu_clock_count; i++) {
        struct timespec t;
        if (clock_gettime(s->cpu_clocks[i], &t) != 0) return NAN;
        ns += (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
    }
    return ns;
}

int sampler_open(struct sampler *s, const char *directory, int64_t first_key) {
    int status;
    s->next_key = first_key;
    s->canary_gbps = s->canary_best_gbps = s->eff_mhz = NAN;
    if ((status = record_open(&s->samples, directory, RUN_samples, false, NULL, 0)) != 0 ||
        (status = record_open(&s->regions, directory, RUN_regions, false, NULL, 0)) != 0 ||
        (status = record_open(&s->steps, directory, RUN_steps, false, NULL, 0)) != 0 ||
        (status = record_open(&s->counts, directory, RUN_counts, false, NULL, 0)) != 0)
        return status;
    return open_cpu_clocks(s);
}

int sampler_close(struct sampler *s) {
    sampler_bind(s, 0, NULL);
    uncore_close(s->uncore);
    free(s->cpu_clocks);
    int a = record_close(&s->samples), b = record_close(&s->regions);
    int c = record_close(&s->steps), d = record_close(&s->counts);
    return a != 0 ? a : b != 0 ? b : c != 0 ? c : d;
}

void sampler_canary(struct sampler *s) {
    s->canary_gbps = ceiling_canary_gbps(s->ceilings);
    if (!(s->canary_best_gbps >= s->canary_gbps)) s->canary_best_gbps = s->canary_gbps;
    s->eff_mhz = ceiling_effective_mhz();
}

void sample_ledger(struct sampler *s, const struct ledger_entry *e) {
    struct record *r = &s->samples;
    record_number(r, "cpu_ns", e->cpu_ns);
    // The canary's ring is the instrument's memory, not the engine's.
    record_number(r, "peak_rss_bytes", e->peak_rss_bytes - (double)s->ceilings->canary.bytes);
    record_number(r, "energy_j", e->energy_j);
    record_text(r, "energy_domain", e->energy_domain);
    record_number(r, "temperature_c", e->temperature_c);
    record_number(r, "throttle_events", e->throttle_events);
    record_number(r, "ctx_switches", e->ctx_switches);
    record_number(r, "migrations", e->migrations);
    record_number(r, "faults", e->faults);
    record_number(r, "steal_ticks", e->steal_ticks);
    record_number(r, "runnable", e->runnable);
    record_number(r, "eff_mhz", round(e->eff_mhz * 10) / 10);
    record_number(r, "canary_gbps", round(e->canary_gbps * 100) / 100);
    record_text(r, "flags", e->flags);
}

int64_t sample_begin(struct sampler *s, const char *arm, bool warmup) {
    struct record *r = &s->samples;
    int64_t key = s->next_key++;
    record_integer(r, "key", key);
    record_text(r, "case", s->case_name);
    record_text(r, "point", s->point);
    record_text(r, "arm", arm);
    record_integer(r, "block", s->block);
    record_integer(r, "slot", s->slot++);
    record_integer(r, "rep", s->rep);
    record_integer(r, "warmup", warmup);
    record_integer(r, "pass", s->pass);
    return key;
}

void sampler_take_ceiling(struct sampler *s, enum ceiling which, const struct ceiling_from *from) {
    char arm[32];
    if (s->ceilings->kernels[which] == NULL) return;
    struct ledger_reading before, after;
    struct ledger_entry entry;
    struct ceiling_slice slice = {0};
    for (int timed = from->warm ? 0 : 1; timed < 2; timed++) {
        ledger_read(&before);
        const double cpu_before_ns = sample_cpu_ns(s);
        if (from->target != NULL)
            slice = ceiling_read(s->ceilings, from->target, from->bytes);
        else if (from->own != NULL)
            slice = ceiling_own(s->ceilings, which, from->own, from->bytes, from->iterations);
        else
            slice = ceiling_compute(s->ceilings, which);
        const double cpu_used_ns = sample_cpu_ns(s) - cpu_before_ns;
        ledger_read(&after);
        ledger_difference(&before, &after, &entry);
        entry.cpu_ns = cpu_used_ns;
    }
    entry.canary_gbps = s->canary_gbps;
    entry.eff_mhz = s->eff_mhz;
    ledger_flag(&entry, s->canary_best_gbps);
    snprintf(arm, sizeof arm, "ceiling:%s", ceiling_name(which));
    sample_begin(s, arm, false);
    record_number(&s->samples, "wall_ns", round(clock_ns(slice.end_ticks - slice.begin_ticks)));
    record_number(&s->samples, "bytes", slice.bytes);
    record_number(&s->samples, "ops", slice.ops);
    sample_ledger(s, &entry);
    record_end(&s->samples);
}

void sampler_ceiling(struct sampler *s, struct lane *l, enum ceiling which, size_t read_bytes) {
    struct ceiling_from from = {.bytes = read_bytes};
    if (which == CEILING_read) from.target = &l->weights;
    // Weights that fit into the caches are read from there, as the model's own turns read them:
    // what the canary and the writing of rows drove out returns in a pass that is not timed.
    from.warm = which == CEILING_read && l->weights.bytes <= read_bytes;
    sampler_take_ceiling(s, which, &from);
}

void sample_count(struct sampler *s, int64_t key, const char *region, int thread,
                  const struct event *event, const struct count *count) {
    struct record *r = &s->counts;
    record_integer(r, "key", key);
    record_text(r, "region", region);
    if (thread >= 0) record_integer(r, "thread", thread);
    record_text(r, "event", event->name);
    record_text(r, "source", source_name(event->source));
    record_text(r, "encoding", event->encoding);
    record_text(r, "status", status_name(count != NULL ? count->status : event->status));
    if (count != NULL) { // the probe has left what its status leaves empty as NaN
        record_number(r, "value_raw", count->value_raw);
        record_number(r, "value_net", count->value_net);
        record_number(r, "overhead", count->overhead);
        record_number(r, "enabled_ns", (double)count->enabled_ns);
        record_number(r, "running_ns", (double)count->running_ns);
    }
    record_end(r);
}

// Sums of the steps of one kind, of one thread.
struct region_sum {
    const struct step *step; // the first of its kind
    struct watch_step sum;
};

static void add_reading(struct counters_reading *to, const struct counters_reading *from) {
    for (size_t i = 0; i < COUNTERS_MAX; i++) to->values[i] += from->values[i];
    for (size_t g = 0; g < COUNTERS_GROUPS; g++) {
        to->enabled_ns[g] += from->enabled_ns[g];
        to->running_ns[g] += from->running_ns[g];
    }
    to->lost_groups |= from->lost_groups;
}

static size_t sum_regions(const struct watch *w, const struct watch_thread *t,
                          struct region_sum *sums) {
    size_t count = 0;
    for (size_t i = 0; i < w->plan->step_count; i++) {
        const struct step *step = &w->plan->steps[i];
        const struct watch_step *one = &t->steps[i];
        if (one->time.regions == 0) continue;
        size_t j = 0;
        while (j < count && strcmp(sums[j].step->region, step->region) != 0) j++;
        if (j == count) {
            memset(&sums[count], 0, sizeof sums[count]);
            sums[count++].step = step;
        }
        struct watch_step *sum = &sums[j].sum;
        sum->time.ticks += one->time.ticks;
        sum->time.wait_ticks += one->time.wait_ticks;
        sum->time.regions += one->time.regions;
        sum->bytes += one->bytes;
        sum->ops += one->ops;
        if (one->kernel != NULL) sum->kernel = one->kernel;
        if (w->event_count > 0) add_reading(&sum->time.counts, &one->time.counts);
    }
    return count;
}

static void write_work(struct record *r, int64_t key, const struct step *step, int thread,
                       const struct watch_thread *t, const struct watch_step *sum) {
    record_integer(r, "key", key);
    record_text(r, "region", step->region);
    record_text(r, "role", role_name(step->role));
    record_text(r, "kernel", sum->kernel != NULL ? sum->kernel->symbol : "");
    record_integer(r, "thread", thread);
    record_integer(r, "cpu", t->cpu);
    record_text(r, "core_type", machine_core_type(machine_facts(), t->cpu));
    record_integer(r, "calls", (int64_t)sum->time.regions);
    record_number(r, "ns", round(clock_ns(sum->time.ticks)));
    record_number(r, "wait_ns", round(clock_ns(sum->time.wait_ticks)));
    record_number(r, "bytes", sum->bytes);
    record_number(r, "ops", sum->ops);
}

static void write_counts(struct sampler *s, int64_t key, const struct region_sum *region,
                         int thread, const struct counters *c) {
    struct count counts[COUNTERS_MAX];
    if (c == NULL) return;
    counters_total(c, &region->sum.time.counts, region->sum.time.regions, counts);
    for (size_t i = 0; i < counters_event_count(c); i++)
        if (counters_event_opened(counters_event(c, i)))
            sample_count(s, key, region->step->region, thread, counters_event(c, i), &counts[i]);
}

void sample_unopened(struct sampler *s, const struct counters *c, int64_t key) {
    for (size_t i = 0; c != NULL && i < counters_event_count(c); i++)
        if (!counters_event_opened(counters_event(c, i)))
            sample_count(s, key, "", -1, counters_event(c, i), NULL);
}

static int write_watch(struct sampler *s, const struct watch *w, int64_t key) {
    struct region_sum *sums = aligned_alloc(64, w->plan->step_count * sizeof *sums);
    if (sums == NULL) return fail(EXIT_FAILED, "out of memory for a sample's regions");
    for (int thread = 0; thread < w->threads; thread++) {
        const struct watch_thread *t = &w->workers[thread];
        size_t count = sum_regions(w, t, sums);
        for (size_t i = 0; i < count; i++) {
            write_work(&s->regions, key, sums[i].step, thread, t, &sums[i].sum);
            record_end(&s->regions);
            write_counts(s, key, &sums[i], thread, t->probe.counters);
        }
        for (size_t i = 0; s->granularity == GRANULARITY_step && i < w->plan->step_count; i++) {
            if (t->steps[i].time.regions == 0) continue;
            write_work(&s->steps, key, &w->plan->steps[i], thread, t, &t->steps[i]);
            record_integer(&s->steps, "step", (int64_t)i);
            if (w->plan->steps[i].layer >= 0)
                record_integer(&s->steps, "layer", w->plan->steps[i].layer);
            record_end(&s->steps);
        }
    }
    sample_unopened(s, w->workers[0].probe.counters, key);
    free(sums);
    return 0;
}

bool sampler_can_count(struct sampler *s, const char *const *events) {
    struct counters *c = NULL;
    size_t count = 0;
    bool usable = false;
    while (events[count] != NULL) count++;
    if (counters_open(&c, events, count) != 0) return false;
    for (size_t i = 0; i < count; i++)
        usable = usable || counters_event_opened(counters_event(c, i));
    if (!usable && s != NULL) sample_unopened(s, c, s->next_key - 1);
    counters_close(c);
    return usable;
}

// Counts of the whole machine over a sample. Where there are none, one row a pass says so.
static void write_uncore(struct sampler *s, int64_t key, const struct uncore_count *before,
                         const struct uncore_count *after) {
    const bool both = after[UNCORE_both].status == STATUS_unverified;
    for (int d = 0; d < UNCORE_DIRECTIONS; d++) {
        const bool counted = after[d].status == STATUS_unverified;
        struct event event = {.source = SOURCE_pmu, .status = after[d].status};
        struct count count = {.status = after[d].status,
                              .source = SOURCE_pmu,
                              .value_raw = after[d].bytes - before[d].bytes,
                              .value_net = after[d].bytes - before[d].bytes,
                              .overhead = NAN};
        if (!counted && ((d == UNCORE_both) != both || s->uncore_told_pass == s->pass)) continue;
        snprintf(event.name, sizeof event.name, "%s",
                 uncore_direction_name((enum uncore_direction)d));
        sample_count(s, key, "", -1, &event, counted ? &count : NULL);
    }
    s->uncore_told_pass = s->pass;
}

static int settle(struct lane *l, const struct turn *t) {
    context_rewind(l->context, context_position(l->context) - 1);
    return context_eval_chunk(l->context, t->tokens - 1, 1, t->outputs, t->logits);
}

static void get_ready(void *lane, int thread) {
    struct lane *l = lane;
    if (l->watch.workers != NULL) watch_clear(&l->watch, thread);
}

// Counters that others hold are said once a block; each sample that they touched is flagged.
static void flag_counters(struct sampler *s, struct lane *l, ptrdiff_t position,
                          struct ledger_entry *e) {
    const char *held;
    anchors_flag(&l->anchors, &l->watch, s->point, position, l->capacity, e->flags, sizeof e->flags,
                 &held);
    if (*held && !s->told_held) fprintf(stderr, "inferometer: %s\n", held);
    s->told_held = s->told_held || *held;
}

int sampler_turn(struct sampler *s, struct lane *l, const struct turn *t, double *wall_ns) {
    struct ledger_reading before, after;
    struct ledger_entry entry;
    double bytes, ops;
    bool watched = l->watch.workers != NULL;
    const ptrdiff_t position = context_position(l->context);
    plan_cost(context_plan(l->context), t->count, context_position(l->context),
              t->outputs == OUTPUTS_none ? 0 : 1, &bytes, &ops);
    if (t->settle && settle(l, t) != 0)
        return fail(EXIT_FAILED, "case %s, point %s: %s", s->case_name, s->point, engine_error());
    const bool counting = s->pass > 0 && !t->warmup;
    struct uncore_count traffic_before[UNCORE_DIRECTIONS], traffic[UNCORE_DIRECTIONS];
    if (counting && s->uncore == NULL && (s->uncore = uncore_open()) == NULL)
        return fail(EXIT_FAILED, "out of memory for the memory controllers' counters");
    ledger_read(&before);
    if (counting) uncore_read(s->uncore, traffic_before);
    // The team dozed off while rows were written. Between the tokens of a real decode it spins:
    // waking it is no part of what is measured.
    team_run(s->ceilings->team, l->threads, get_ready, l);
    const double cpu_before_ns = sample_cpu_ns(s);
    uint64_t begin = clock_ticks_fenced();
    int status = context_eval_chunk(l->context, t->tokens, t->count, t->outputs, t->logits);
    uint64_t end = clock_ticks_fenced();
    const double cpu_used_ns = sample_cpu_ns(s) - cpu_before_ns;
    if (counting) uncore_read(s->uncore, traffic);
    ledger_read(&after);
    if (status != 0)
        return fail(EXIT_FAILED, "case %s, point %s: %s", s->case_name, s->point, engine_error());
    if (watched) watch_finish(&l->watch, end);
    ledger_difference(&before, &after, &entry);
    entry.cpu_ns = cpu_used_ns;
    entry.canary_gbps = s->canary_gbps;
    entry.eff_mhz = s->eff_mhz;
    ledger_flag(&entry, s->canary_best_gbps);
    if (watched && l->watch.event_count > 0 && !t->warmup) flag_counters(s, l, position, &entry);

    *wall_ns = round(clock_ns(end - begin));
    int64_t key = sample_begin(s, l->arm->name, t->warmup);
    struct record *r = &s->samples;
    record_text(r, "part", t->part);
    record_number(r, "wall_ns", *wall_ns);
    if (t->first_token) record_number(r, "first_token_ns", t->before_ns + *wall_ns);
    record_integer(r, "tokens", (int64_t)t->count);
    record_number(r, "bytes", bytes);
    record_number(r, "ops", ops);
    sample_ledger(s, &entry);
    record_end(r);
    if (counting) write_uncore(s, key, traffic_before, traffic);
    return watched ? write_watch(s, &l->watch, key) : 0;
}
