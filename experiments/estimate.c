// SPDX-License-Identifier: MIT
// How long a run will take and how large it will be: costs by the op table over the ceilings of
// now.
#include "experiments/driver.h"

#include <string.h>

#include "engine/error.h"
#include "engine/model.h"
#include "engine/plan_cost.h"
#include "experiments/ceiling.h"
#include "experiments/counted.h"
#include "experiments/failure.h"
#include "experiments/quantile.h"
#include "experiments/sample.h"
#include "probes/clock.h"
#include "probes/machine.h"

// Rules of thumb, for estimates only: an engine at half of its ceilings; CSV rows as they come out.
#define SHARE_OF_CEILING 0.5
#define SAMPLE_ROW_BYTES 190.0
#define REGION_ROW_BYTES 95.0
#define CEILINGS_A_TURN 2.5
#define CEILING_SECONDS 0.006
#define BLOCK_START_SECONDS 0.5
#define POINT_SECONDS 0.15 // the choice of a read kernel, the filling of a cache
#define RATE_SLICES 9

static size_t plan_kinds(const struct plan *p) {
    size_t kinds = 0;
    for (size_t i = 0; i < p->step_count; i++) {
        size_t j = 0;
        while (j < i && p->steps[j].region != p->steps[i].region) j++;
        if (j == i) kinds++;
    }
    return kinds;
}

static double turn_seconds(const struct plan *p, ptrdiff_t tokens, ptrdiff_t position, double read,
                           double ops) {
    double bytes, operations;
    plan_cost(p, tokens, position, 1, &bytes, &operations);
    double ns = bytes / read > operations / ops ? bytes / read : operations / ops;
    return ns / SHARE_OF_CEILING * 1e-9;
}

static void add_turn(struct estimate *e, const struct protocol_case *c, const struct plan *p,
                     size_t kinds, int threads, double seconds, double arms) {
    e->samples += (size_t)arms;
    e->seconds += arms * seconds + CEILINGS_A_TURN * CEILING_SECONDS;
    e->bytes += (arms + CEILINGS_A_TURN) * SAMPLE_ROW_BYTES;
    if (c->granularity != GRANULARITY_phase)
        e->bytes += arms * (double)kinds * threads * REGION_ROW_BYTES;
    if (c->granularity == GRANULARITY_step)
        e->bytes += arms * (double)p->step_count * threads * REGION_ROW_BYTES;
}

// One case of one block; read and ops a nanosecond.
static int estimate_case(const struct protocol *protocol, size_t case_index, double read,
                         double ops, struct estimate *e) {
    const struct protocol_case *c = &protocol->cases[case_index];
    size_t cores = 0;
    const int *cpus = NULL;
    machine_cpus(machine_facts(), &cpus, &cores);
    *e = (struct estimate){.seconds = BLOCK_START_SECONDS};
    for (size_t i = 0; i < c->point_count; i++) {
        const struct settings *s = &c->points[i].settings;
        struct model *m = NULL;
        struct plan *p = NULL;
        struct plan_options po = {
            .max_tokens = s->chunk, .kv = FORMAT_f16, .act = -1, .matmul_partition = -1};
        if (model_open(&m, s->model) != 0) return fail(EXIT_FAILED, "%s", engine_error());
        if (plan_build(&p, m, &po) != 0) {
            model_close(m);
            return fail(EXIT_FAILED, "%s", engine_error());
        }
        size_t kinds = plan_kinds(p);
        int threads = s->threads > 0 ? s->threads : (int)cores;
        // As run_point of block.c: times alone, then each pass that can be counted; arms both ways.
        double reps = 1;
        for (size_t pass = 0; pass < c->pass_count; pass++)
            reps += sampler_can_count(NULL, (const char *const *)c->passes[pass]);
        if (c->arm_count > 1 && s->phase != PHASE_decode) reps *= 2;
        double arms = (double)c->arm_count * reps;
        e->seconds += POINT_SECONDS;
        ptrdiff_t warmup = block_warmup_tokens(m, s);
        e->seconds +=
            (double)c->arm_count * protocol->warmup * turn_seconds(p, warmup, s->depth, read, ops);
        if (s->depth > 0 && strcmp(s->fill, "prefill") == 0)
            e->seconds += (double)c->arm_count * turn_seconds(p, s->depth, 0, read, ops);
        for (long done = 0; s->phase != PHASE_decode && done < s->tokens; done += s->chunk) {
            long n = s->tokens - done < s->chunk ? s->tokens - done : s->chunk;
            double seconds = turn_seconds(p, n, s->depth + done, read, ops);
            add_turn(e, c, p, kinds, threads, seconds, arms);
        }
        for (long g = 0; s->phase != PHASE_prefill && g < s->gen; g++)
            add_turn(e, c, p, kinds, threads, turn_seconds(p, 1, s->depth + g, read, ops), arms);
        plan_free(p);
        model_close(m);
    }
    return 0;
}

// The rates of now: bytes a nanosecond and operations a nanosecond.
static int rates(int threads, int canary_fd, double *read, double *ops) {
    struct team *team = NULL;
    struct ceilings ceilings;
    const int *cpus = NULL;
    size_t cores = 0;
    size_t count = machine_cpus(machine_facts(), &cpus, &cores);
    if (team_open(&team, threads, (size_t)threads <= count ? cpus : NULL) != 0)
        return fail(EXIT_FAILED, "%s", engine_error());
    int status = ceilings_open(&ceilings, team, threads, canary_fd);
    if (status == 0) {
        double reads[RATE_SLICES], computes[RATE_SLICES]; // one alone may meet a busy moment
        enum ceiling which = ceilings.kernels[CEILING_int8] != NULL ? CEILING_int8 : CEILING_fma;
        for (int i = 0; i < RATE_SLICES; i++) {
            struct ceiling_slice r = ceiling_read(&ceilings, &ceilings.canary, (size_t)32 << 20);
            struct ceiling_slice o = ceiling_compute(&ceilings, which);
            reads[i] = r.bytes / clock_ns(r.end_ticks - r.begin_ticks);
            computes[i] = o.ops / clock_ns(o.end_ticks - o.begin_ticks);
        }
        *read = quantile_of(reads, RATE_SLICES, 0.5);
        *ops = quantile_of(computes, RATE_SLICES, 0.5);
        ceilings_close(&ceilings);
    }
    team_close(team);
    return status;
}

// One case of one block, of kernels: what was measured to plan its slices.
// Counted in the first block: what a process under a simulator and a few predictions take.
#define COUNTED_SECONDS 0.5
#define COUNTED_SAMPLE_BYTES 70.0 // hardly a column is filled
#define COUNTED_ROW_BYTES 1300.0
static struct estimate estimate_counted(const struct protocol *p, const struct protocol_case *c) {
    const double n = (double)(c->point_count * c->arm_count), blocks = p->blocks;
    return (struct estimate){.seconds = n * COUNTED_SECONDS / blocks,
                             .samples = c->point_count * c->arm_count,
                             .bytes = n * (COUNTED_SAMPLE_BYTES + COUNTED_ROW_BYTES / blocks)};
}

static struct estimate estimate_kernels(const struct protocol *p, size_t case_index,
                                        const struct kernel_schedule *schedule) {
    struct estimate e = {.seconds = BLOCK_START_SECONDS};
    for (size_t j = 0; j < p->cases[case_index].point_count; j++) {
        const struct slice_plan *plan = kernel_schedule_plan(schedule, p, case_index, j);
        e.seconds += plan->seconds + POINT_SECONDS;
        e.samples += plan->samples;
    }
    e.bytes = (double)e.samples * SAMPLE_ROW_BYTES;
    return e;
}

int estimate_run(const struct protocol *p, int canary_fd, struct kernel_schedule *schedule,
                 struct estimate *e) {
    double read = 0, ops = 0;
    const int *cpus = NULL;
    size_t cores = 0;
    bool models = false;
    machine_cpus(machine_facts(), &cpus, &cores);
    *e = (struct estimate){0};
    for (size_t i = 0; i < p->case_count; i++)
        models = models || !kernel_point_is(&p->cases[i].points[0].settings);
    int status = kernel_schedule_make(schedule, p, canary_fd);
    if (status == 0 && models)
        status = rates(driver_threads(p, (int)cores), canary_fd, &read, &ops);
    for (size_t i = 0; status == 0 && i < p->case_count; i++) {
        struct estimate one;
        if (counted_is(&p->cases[i]))
            one = estimate_counted(p, &p->cases[i]);
        else if (kernel_point_is(&p->cases[i].points[0].settings))
            one = estimate_kernels(p, i, schedule);
        else
            status = estimate_case(p, i, read, ops, &one);
        if (status != 0) break;
        e->seconds += one.seconds * p->blocks;
        e->bytes += one.bytes * p->blocks;
        e->samples += one.samples * (size_t)p->blocks;
    }
    if (status == 0) e->seconds += (double)p->cool_seconds * (p->blocks - 1);
    return status;
}
