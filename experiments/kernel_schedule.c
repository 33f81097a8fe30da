// SPDX-License-Identifier: MIT
#include "experiments/kernel_schedule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/error.h"
#include "engine/team.h"
#include "experiments/counted.h"
#include "experiments/driver.h"
#include "experiments/failure.h"
#include "experiments/kernel_ring.h"
#include "probes/clock.h"
#include "probes/machine.h"

#define SLICE_NS 2e6            // of the slowest arm, at most
#define SHORTEST_SLICE_NS 2.5e5 // of the fastest arm, at least
#define LONGEST_SLICE_NS 2e7    // what that may make of the slowest arm's
#define BLOCK_NS 1e9            // of a point in a block
#define QUADS_MIN 2
#define QUADS_MAX 16
#define TRIAL_NS 2e5 // what is timed to decide
#define TRIALS 3
// Around a slice: the ledger's readings, the row; a turn of ceilings. Both as measured here.
#define SAMPLE_NS 1.6e5
#define CEILINGS_NS 2.2e6
#define CEILINGS_EVERY_NS 2e6

struct trial {
    const struct kernel_work *w;
    const struct kernel *k;
    ptrdiff_t units;
    int threads;
};

static void trial_thread(void *arg, int thread) {
    const struct trial *t = arg;
    ptrdiff_t from, to;
    kernel_point_share(kernel_work_granule(t->w), 0, t->units, thread, t->threads, &from, &to);
    kernel_work_call(t->w, t->k, thread, from, to);
}

// The shortest of some trials: what else ran on the machine only makes them longer.
static double shortest_ns(struct team *team, const struct trial *t, struct kernel_work *w,
                          size_t *cursor) {
    double best = 0;
    for (int i = 0; i < TRIALS; i++) {
        *cursor = kernel_work_place(w, 0, t->units, *cursor);
        uint64_t begin = clock_ticks_fenced();
        team_run(team, t->threads, trial_thread, (void *)(uintptr_t)t);
        double ns = clock_ns(clock_ticks_fenced() - begin);
        if (i == 0 || ns < best) best = ns;
        if (ns > LONGEST_SLICE_NS) break; // slow enough to be sure
    }
    return best;
}

// Nanoseconds of `step` units, from as many at once as take long enough to be timed.
static double step_ns(struct team *team, struct kernel_work *w, const struct kernel *k, int threads,
                      ptrdiff_t step, size_t *cursor) {
    struct trial t = {w, k, step, threads};
    double ns = shortest_ns(team, &t, w, cursor);
    while (ns < TRIAL_NS && t.units < step << 24) {
        t.units *= ns < TRIAL_NS / 8 ? 4 : 2;
        ns = shortest_ns(team, &t, w, cursor);
    }
    return ns * (double)step / (double)t.units;
}

static struct slice_plan plan_of(const struct kernel_point *k, const struct settings *s,
                                 const double *ns, ptrdiff_t step, size_t passes) {
    double slowest = 0, fastest = 0, all = 0;
    for (size_t i = 0; i < k->arm_count; i++) {
        if (ns[i] > slowest) slowest = ns[i];
        if (fastest == 0 || ns[i] < fastest) fastest = ns[i];
    }
    double steps = SLICE_NS / slowest, least = SHORTEST_SLICE_NS / fastest;
    if (least > LONGEST_SLICE_NS / slowest) least = LONGEST_SLICE_NS / slowest;
    if (steps < least) steps = least;
    struct slice_plan plan = {.units = step * (steps > 1 ? (ptrdiff_t)steps : 1)};
    for (size_t i = 0; i < k->arm_count; i++)
        all += ns[i] * (double)(plan.units / step) + SAMPLE_NS;
    double round_ns = all + CEILINGS_NS * (1 + all / CEILINGS_EVERY_NS);
    plan.quads = s->quads;
    if (plan.quads == 0) {
        double quads = BLOCK_NS / (2 * round_ns);
        plan.quads = quads > QUADS_MAX ? QUADS_MAX : quads < QUADS_MIN ? QUADS_MIN : (int)quads;
    }
    double rounds = 1 + 2 * plan.quads; // warm-up; then passes of counters have half as many
    rounds += (double)passes * (plan.quads > 1 ? plan.quads : 2);
    plan.seconds = rounds * round_ns * 1e-9;
    plan.samples = (size_t)(rounds * ((double)k->arm_count + 2 * (1 + all / CEILINGS_EVERY_NS)));
    return plan;
}

struct planning {
    const struct protocol *p;
    struct team *team;
    struct kernel_ring ring;
    int cores;
};

static int calibrate(struct planning *c, const struct protocol_case *pc, const struct point *point,
                     struct slice_plan *plan) {
    struct kernel_point k;
    struct kernel_work *w = NULL;
    double ns[KERNEL_ARMS_MAX];
    size_t cursor = 0;
    int status = kernel_point_resolve(c->p, pc, point, c->cores, &k);
    if (status == 0) kernel_ring_fill(&c->ring, kernel_point_format(&point->settings), c->p->seed);
    if (status == 0)
        status = kernel_point_open(&k, point, c->p->seed, 0, c->ring.data, c->ring.bytes, &w);
    if (status != 0) {
        char reason[1400];
        snprintf(reason, sizeof reason, "%s", failure());
        return strncmp(reason, c->p->path, strlen(c->p->path)) == 0
                   ? status
                   : fail(status, "%s:%d: case %s, point '%s': %s", c->p->path, pc->line, pc->name,
                          point->id, reason);
    }
    ptrdiff_t step = kernel_work_granule(w) * k.most_threads;
    for (size_t i = 0; i < k.arm_count; i++) {
        if (pc->arms[i].control) // as arm A
            ns[i] = ns[0];
        else
            ns[i] = step_ns(c->team, w, k.kernels[i], k.threads[i], step, &cursor);
    }
    *plan = plan_of(&k, &point->settings, ns, step, pc->pass_count);
    kernel_work_close(w);
    return 0;
}

static int open_planning(struct planning *c, int ring_fd) {
    const int *cpus = NULL;
    size_t cores = 0, count = machine_cpus(machine_facts(), &cpus, &cores);
    c->cores = (int)cores;
    int threads = driver_threads(c->p, (int)cores);
    if (team_open(&c->team, threads, (size_t)threads <= count ? cpus : NULL) != 0)
        return fail(EXIT_FAILED, "%s", engine_error());
    clock_hz();
    return kernel_ring_open(&c->ring, ring_fd);
}

int kernel_schedule_make(struct kernel_schedule *s, const struct protocol *p, int ring_fd) {
    struct planning c = {.p = p};
    size_t at = 0;
    bool any = false;
    *s = (struct kernel_schedule){0};
    for (size_t i = 0; i < p->case_count; i++) s->count += p->cases[i].point_count;
    for (size_t i = 0; i < p->case_count; i++)
        any =
            any || (kernel_point_is(&p->cases[i].points[0].settings) && !counted_is(&p->cases[i]));
    s->plans = calloc(s->count + 1, sizeof *s->plans);
    if (s->plans == NULL) return fail(EXIT_FAILED, "out of memory for a schedule");
    if (!any) return 0;
    int status = open_planning(&c, ring_fd);
    for (size_t i = 0; i < p->case_count; i++) {
        const struct protocol_case *pc = &p->cases[i];
        for (size_t j = 0; j < pc->point_count; j++, at++)
            if (status == 0 && kernel_point_is(&pc->points[j].settings) && !counted_is(pc))
                status = calibrate(&c, pc, &pc->points[j], &s->plans[at]);
    }
    kernel_ring_close(&c.ring);
    if (c.team != NULL) team_close(c.team);
    if (status != 0) kernel_schedule_free(s);
    return status;
}

void kernel_schedule_free(struct kernel_schedule *s) {
    free(s->plans);
    *s = (struct kernel_schedule){0};
}

const struct slice_plan *kernel_schedule_plan(const struct kernel_schedule *s,
                                              const struct protocol *p, size_t case_index,
                                              size_t point_index) {
    size_t at = point_index;
    for (size_t i = 0; i < case_index; i++) at += p->cases[i].point_count;
    return &s->plans[at];
}

int kernel_schedule_text(const struct kernel_schedule *s, const struct protocol *p,
                         size_t case_index, char **text) {
    size_t count = p->cases[case_index].point_count, n = 0, room = 48 * count + 1;
    *text = calloc(room, 1);
    if (*text == NULL) return fail(EXIT_FAILED, "out of memory for a schedule");
    for (size_t j = 0; j < count; j++) {
        const struct slice_plan *plan = kernel_schedule_plan(s, p, case_index, j);
        n += (size_t)snprintf(*text + n, room - n, "%s%td:%d", j > 0 ? "," : "", plan->units,
                              plan->quads);
    }
    return 0;
}

int kernel_schedule_read(const char *text, size_t count, struct slice_plan *plans) {
    const char *at = text;
    for (size_t j = 0; j < count; j++) {
        char *end = NULL;
        plans[j] = (struct slice_plan){.units = strtoll(at, &end, 10)};
        if (*end == ':') plans[j].quads = (int)strtol(end + 1, &end, 10);
        if (*end != (j + 1 < count ? ',' : '\0') || plans[j].units < 0 || plans[j].quads < 0)
            return fail(EXIT_USAGE, "--slices %s: not UNITS:QUADS of %zu points", text, count);
        at = end + 1;
    }
    return 0;
}
