// SPDX-License-Identifier: MIT
// A block: one fresh process that runs all arms of a case, its points in a seeded order. The driver
// starts it as `inferometer block PROTOCOL CASE BLOCK DIRECTORY FIRST_KEY`; it writes headerless
// fragments of samples, regions, steps and counts there, which the driver appends.
#include "experiments/driver.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/error.h"
#include "experiments/failure.h"
#include "experiments/kernel_phase.h"
#include "experiments/lane.h"
#include "experiments/prompt.h"
#include "experiments/random.h"
#include "experiments/sample.h"
#include "experiments/selftest.h"
#include "probes/clock.h"
#include "probes/ledger.h"
#include "probes/machine.h"

#define MODELS_MAX 16
// A slice of the read ceiling: this much of the mapping, so several milliseconds from DRAM. Models
// whose turns are short are small: all of their weights, wherever they lie, as the turn reads them.
#define READ_SLICE_BYTES ((size_t)96 << 20)
#define CEILINGS_EVERY_NS 2e6
#define SHORT_TURN_NS 5e6
// A prompt is warmed up by its whole first chunk, so that no sample pays for pages touched first.
// Models whose weights are larger than this take seconds for that, beside which those pages are
// nothing: the first tokens touch all of their weights.
#define WARMUP_WHOLE_BYTES ((size_t)64 << 20)
#define WARMUP_TOKENS 16

struct block {
    const struct protocol *protocol;
    const struct protocol_case *c;
    struct random order;
    struct team *team;
    int physical_cores; // the threads of arms and points that say nothing of them
    struct ceilings ceilings;
    struct sampler sampler;
    struct model *models[MODELS_MAX];
    size_t model_count;
    struct lane lanes[LANES_MAX];
    size_t lane_count;
};

static int block_model(struct block *b, const char *spec, struct model **out) {
    for (size_t i = 0; i < b->model_count; i++)
        if (strcmp(b->models[i]->spec, spec) == 0) return *out = b->models[i], 0;
    if (b->model_count == MODELS_MAX)
        return fail(EXIT_USAGE, "more than %d models in a case", MODELS_MAX);
    if (model_open(out, spec) != 0) return fail(EXIT_FAILED, "%s", engine_error());
    b->models[b->model_count++] = *out;
    return 0;
}

// Tokens of cache that the case's largest point with this model takes.
static ptrdiff_t block_capacity(const struct block *b, const char *spec) {
    ptrdiff_t most = 0;
    for (size_t i = 0; i < b->c->point_count; i++) {
        const struct settings *s = &b->c->points[i].settings;
        ptrdiff_t need = driver_point_tokens(s);
        if (strcmp(s->model, spec) == 0 && need > most) most = need;
    }
    return most;
}

static int block_lane(struct block *b, const struct arm *arm, const struct settings *s,
                      struct lane **out) {
    struct model *m = NULL;
    int status = block_model(b, s->model, &m);
    if (status != 0) return status;
    ptrdiff_t capacity = block_capacity(b, s->model);
    int threads = driver_arm_threads(arm, s, b->physical_cores);
    for (size_t i = 0; i < b->lane_count; i++)
        if (lane_fits(&b->lanes[i], arm, s, threads, driver_point_tokens(s)))
            return *out = &b->lanes[i], 0;
    if (b->lane_count == LANES_MAX)
        return fail(EXIT_USAGE, "more than %d contexts in a case", LANES_MAX);
    *out = &b->lanes[b->lane_count];
    status = lane_open(*out, arm, s, m, b->team, threads, capacity);
    if (status == 0) b->lane_count++;
    return status;
}

// What one rep of a phase needs of a lane.
struct arm_run {
    struct lane *lane;
    const struct arm *arm;
    double wall_ns; // of the rep's prompt turns so far
};

struct phase_run { // one point
    struct block *block;
    const struct point *point;
    struct arm_run runs[LANES_MAX];
    size_t run_count;
    int32_t *tokens; // depth, then what the phase feeds
    float *logits;
    double last_turn_ns, since_ceilings_ns; // of turns
};

static void take_ceilings(struct phase_run *p, bool all) {
    p->since_ceilings_ns = 0;
    struct sampler *s = &p->block->sampler;
    struct lane *l = p->runs[0].lane;
    // The canary evicts caches: beside short turns it stays at the ends of a rep.
    bool brief = p->last_turn_ns < SHORT_TURN_NS;
    sampler_ceiling(s, l, CEILING_read, READ_SLICE_BYTES);
    // The peak that binds is taken in every round, so it is also the one taken most often: by that
    // the summary knows it.
    for (int c = CEILING_fma; all && c < CEILING_COUNT; c++)
        sampler_ceiling(s, l, (enum ceiling)c, 0);
    sampler_ceiling(s, l, l->peak, 0);
    if (!brief || all) sampler_canary(s);
}

static int fill(struct phase_run *p, struct lane *l, ptrdiff_t depth) {
    const struct settings *s = &p->point->settings;
    int status = 0;
    if (strcmp(s->fill, "seeded") == 0 || depth == 0) {
        context_rewind(l->context, 0);
        status = context_seed_kv(l->context, depth, p->block->protocol->seed);
    } else if (context_position(l->context) >= depth) {
        context_rewind(l->context, depth); // the same tokens lie there already
    } else {
        context_rewind(l->context, 0);
        status = context_eval(l->context, p->tokens, depth, OUTPUTS_none, NULL);
    }
    return status == 0 ? 0 : fail(EXIT_FAILED, "point %s: %s", p->point->id, engine_error());
}

static int one_turn(struct phase_run *p, struct arm_run *r, ptrdiff_t count, const char *part,
                    bool warmup, bool last_of_prompt) {
    ptrdiff_t position = context_position(r->lane->context);
    struct turn t = {
        .tokens = p->tokens + position,
        .count = count,
        .outputs = last_of_prompt || strcmp(part, "gen") == 0 ? OUTPUTS_last : OUTPUTS_none,
        .logits = p->logits,
        .part = part,
        .warmup = warmup,
        .settle = count == 1 && position > 0 && !warmup && p->last_turn_ns < SHORT_TURN_NS,
        .before_ns = r->wall_ns,
        .first_token = last_of_prompt,
    };
    double wall_ns = 0;
    int status = sampler_turn(&p->block->sampler, r->lane, &t, &wall_ns);
    if (strcmp(part, "prompt") == 0) r->wall_ns += wall_ns;
    p->last_turn_ns = wall_ns;
    p->since_ceilings_ns += wall_ns;
    return status;
}

// All arms once, forwards or backwards (A B, then B A: the quads of measurement.md).
static int round_of_turns(struct phase_run *p, const size_t *order, bool backwards, ptrdiff_t count,
                          const char *part, bool last_of_prompt) {
    int status = 0;
    // Slices of about two milliseconds alternate with as much of what is measured, or more.
    if (p->since_ceilings_ns >= CEILINGS_EVERY_NS) take_ceilings(p, false);
    for (size_t i = 0; status == 0 && i < p->run_count; i++) {
        struct arm_run *r = &p->runs[order[backwards ? p->run_count - 1 - i : i]];
        status = one_turn(p, r, count, part, false, last_of_prompt);
    }
    return status;
}

ptrdiff_t block_warmup_tokens(const struct model *m, const struct settings *s) {
    if (s->phase == PHASE_decode) return 1;
    ptrdiff_t most = s->chunk;
    if (m->weight_bytes > WARMUP_WHOLE_BYTES && most > WARMUP_TOKENS) most = WARMUP_TOKENS;
    return s->tokens < most ? s->tokens : most;
}

static int one_rep(struct phase_run *p, const size_t *order, bool backwards) {
    const struct settings *s = &p->point->settings;
    struct sampler *sampler = &p->block->sampler;
    int status = 0, warmups = p->block->protocol->warmup;
    sampler->slot = 0;
    sampler_canary(sampler);
    for (size_t i = 0; status == 0 && i < p->run_count; i++) {
        struct arm_run *r = &p->runs[order[i]];
        for (int w = 0; status == 0 && w < (sampler->rep == 0 ? warmups : 0); w++) {
            if ((status = fill(p, r->lane, s->depth)) != 0) break;
            ptrdiff_t count = block_warmup_tokens(r->lane->model, s);
            status =
                one_turn(p, r, count, s->phase == PHASE_decode ? "gen" : "prompt", true, false);
        }
        r->wall_ns = 0;
        if (status == 0) status = fill(p, r->lane, s->depth);
    }
    sampler_canary(sampler);
    if (status == 0) take_ceilings(p, true);
    bool turned = backwards;
    if (s->phase != PHASE_decode) {
        for (ptrdiff_t done = 0; status == 0 && done < s->tokens; turned = !turned) {
            ptrdiff_t count = s->tokens - done < s->chunk ? s->tokens - done : s->chunk;
            done += count;
            status = round_of_turns(p, order, turned, count, "prompt", done == s->tokens);
        }
    }
    if (s->phase != PHASE_prefill) {
        for (long g = 0; status == 0 && g < s->gen; g++, turned = !turned)
            status = round_of_turns(p, order, turned, 1, "gen", false);
    }
    if (status == 0) take_ceilings(p, true);
    return status;
}

// What an arm's observer counts besides what a pass asks for: itself is what is measured then.
static const char *const *observer_events(const char *how, const char *const *events) {
    static const char *const soft[] = {"task-clock", "page-faults", NULL};
    static const char *const pmu[] = {"cycles", "instructions", NULL};
    if (how != NULL && strcmp(how, "soft") == 0) return soft;
    if (how != NULL && strcmp(how, "pmu") == 0) return pmu;
    return events;
}

static int bind_pass(struct phase_run *p, const char *const *events) {
    for (size_t i = 0; i < p->run_count; i++) {
        struct lane *l = p->runs[i].lane;
        watch_unbind(&l->watch);
        const char *how = p->runs[i].arm->observer;
        if (how != NULL && strcmp(how, "none") == 0) continue;
        if (how == NULL && p->block->c->granularity == GRANULARITY_phase && events == NULL)
            continue;
        bool fenced = how != NULL && strcmp(how, "fenced") == 0;
        int status = watch_bind(&l->watch, l->context, observer_events(how, events), fenced);
        if (status != 0) return status;
    }
    return 0;
}

static int run_point(struct block *b, const struct point *point) {
    struct phase_run p = {.block = b, .point = point};
    const struct settings *s = &point->settings;
    size_t order[LANES_MAX];
    int status = 0;
    for (size_t i = 0; status == 0 && i < b->c->arm_count; i++) {
        p.runs[i] = (struct arm_run){.arm = &b->c->arms[i]};
        order[i] = i;
        p.run_count++;
        status = block_lane(b, &b->c->arms[i], s, &p.runs[i].lane);
    }
    if (status != 0) return status;
    struct model *m = p.runs[0].lane->model;
    size_t tokens = (size_t)driver_point_tokens(s);
    p.tokens = malloc(tokens * sizeof *p.tokens);
    p.logits = malloc((size_t)m->h.vocabulary * sizeof *p.logits);
    if (p.tokens == NULL || p.logits == NULL)
        status = fail(EXIT_FAILED, "out of memory for a prompt");
    if (status == 0) status = prompt_tokens(m, s->prompt, b->protocol->seed, p.tokens, tokens);
    b->sampler.point = point->id;
    // Ceilings and canary are those of the threads of arm A; other teams have other canaries.
    if (b->ceilings.threads != p.runs[0].lane->threads) b->sampler.canary_best_gbps = NAN;
    b->ceilings.threads = p.runs[0].lane->threads;
    random_shuffle(&b->order, order, p.run_count);
    ceilings_choose_read(&b->ceilings, &p.runs[0].lane->weights);
    // Pass 0 takes times and no counters, which could slow down what is timed; each `pass` of the
    // protocol is one more, where at least one of its events can be counted here.
    int reps = 0;
    for (size_t pass = 0; status == 0 && pass <= b->c->pass_count; pass++) {
        const char *const *events = pass > 0 ? (const char *const *)b->c->passes[pass - 1] : NULL;
        b->sampler.pass = (int)pass;
        if (events != NULL && !sampler_can_count(&b->sampler, events)) continue;
        status = bind_pass(&p, events);
        // Two arms or more run in a random order and then reversed; a decode does so token by
        // token.
        int both_ways = p.run_count > 1 && s->phase != PHASE_decode ? 2 : 1;
        for (int i = 0; status == 0 && i < both_ways; i++) {
            b->sampler.rep = reps++;
            status = one_rep(&p, order, i == 1);
        }
    }
    free(p.tokens);
    free(p.logits);
    return status;
}

static int run_kernel_point(struct block *b, const struct point *point,
                            const struct slice_plan *plan) {
    const struct kernel_phase phase = {
        .protocol = b->protocol,
        .c = b->c,
        .point = point,
        .plan = *plan,
        .block = b->sampler.block,
        .physical_cores = b->physical_cores,
        .ceilings = &b->ceilings,
        .sampler = &b->sampler,
        .order = &b->order,
    };
    return kernel_phase_run(&phase);
}

static int open_team(struct block *b) {
    const int *cpus = NULL;
    size_t cores = 0;
    size_t count = machine_cpus(machine_facts(), &cpus, &cores);
    b->physical_cores = (int)cores;
    int threads = driver_threads(b->protocol, (int)cores);
    bool pinned = threads <= (int)count;
    if (!pinned && b->protocol->require_pin)
        return fail(EXIT_FAILED, "%s: require pin=strict: %d threads, but the cpuset has %zu CPUs",
                    b->protocol->path, threads, count);
    if (team_open(&b->team, threads, pinned ? cpus : NULL) != 0)
        return fail(EXIT_FAILED, "%s", engine_error());
    return 0;
}

// Each event of the case's passes answers loops of known counts before anything is counted.
static int ask_events(const struct protocol_case *c) {
    const char *names[SELFTEST_EVENTS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < c->pass_count; i++)
        for (char **e = c->passes[i]; *e != NULL; e++) {
            size_t k = 0;
            while (k < count && strcmp(names[k], *e) != 0) k++;
            if (k == count && count < SELFTEST_EVENTS_MAX) names[count++] = *e;
        }
    return count > 0 ? selftest_session(names, count) : 0;
}

int block_run(const struct protocol *protocol, size_t case_index, int block, const char *directory,
              int64_t first_key, int canary_fd, const struct slice_plan *plans) {
    struct block *b = calloc(1, sizeof *b);
    if (b == NULL) return fail(EXIT_FAILED, "out of memory");
    const struct protocol_case *c = &protocol->cases[case_index];
    b->protocol = protocol;
    b->c = c;
    b->order = random_seeded(protocol->seed ^ (uint64_t)(block + 1) << 32 ^ case_index);
    b->sampler.case_name = c->name;
    b->sampler.block = block;
    b->sampler.granularity = c->granularity;
    b->sampler.ceilings = &b->ceilings;
    size_t *order = malloc(c->point_count * sizeof *order);
    // The start of the heap moves with the block where the protocol asks for it.
    void *pad = NULL;
    if (protocol->layout_seed != 0) {
        struct random layout = random_seeded(protocol->layout_seed + (uint64_t)block);
        pad = malloc(16 + (size_t)random_below(&layout, 65536));
    }
    struct ledger_reading first;
    ledger_read(&first); // migrations are counted from here, for the threads that come
    clock_hz();
    int status = open_team(b);
    if (status == 0)
        status = ceilings_open(&b->ceilings, b->team, team_threads(b->team), canary_fd);
    if (status == 0) status = sampler_open(&b->sampler, directory, first_key);
    if (status == 0) status = ask_events(c);
    for (size_t i = 0; i < c->point_count; i++) order[i] = i;
    random_shuffle(&b->order, order, c->point_count);
    for (size_t i = 0; status == 0 && i < c->point_count; i++) {
        const struct point *point = &c->points[order[i]];
        if (kernel_point_is(&point->settings))
            status = run_kernel_point(b, point, &plans[order[i]]);
        else
            status = run_point(b, point);
        dprintf(STDOUT_FILENO, "point %zu\n", i + 1); // the driver's progress
    }
    if (b->sampler.samples.columns != NULL) {
        int closed = sampler_close(&b->sampler);
        if (status == 0) status = closed;
    }
    for (size_t i = 0; i < b->lane_count; i++) lane_close(&b->lanes[i]);
    for (size_t i = 0; i < b->model_count; i++) model_close(b->models[i]);
    ceilings_close(&b->ceilings);
    if (b->team != NULL) team_close(b->team);
    if (status == 0) dprintf(STDOUT_FILENO, "keys %lld\n", (long long)b->sampler.next_key);
    free(pad);
    free(order);
    free(b);
    return status;
}
