// SPDX-License-Identifier: MIT
#include "experiments/counted_model.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "experiments/child.h"
#include "experiments/failure.h"
#include "experiments/record.h"
#include "experiments/region_model.h"
#include "experiments/simulate.h"

#define IDS (REGION_MODEL_EMPTY + 1)
#define ARGUMENTS_MAX 160

bool counted_model_is(const struct protocol_case *c) {
    const struct settings *s = &c->points[0].settings;
    const bool model = s->phase != PHASE_kernel && s->phase != PHASE_yardstick;
    return model && s->source != NULL && strcmp(s->source, "sim") == 0;
}

int counted_model_check(const struct protocol *p, const struct protocol_case *c) {
    for (size_t i = 0; i < c->arm_count; i++)
        for (size_t j = 0; j < c->point_count; j++)
            if (c->arms[i].threads > 1 || c->points[j].settings.threads != 1)
                return fail(
                    EXIT_USAGE,
                    "%s:%d: case %s is counted by simulation, on one thread: say `threads 1`",
                    p->path, c->line, c->name);
    return 0;
}

struct step_counts_of { // of one step, and of generated tokens or of the prompt
    bool ran;
    int layer;
    char region[48], role[24], kernel[96];
    unsigned calls;
    double counts[SIM_EVENT_COUNT];
};
struct evaluation_counts {
    struct step_counts_of steps[IDS];
    bool ok;
    char why[256], encoding[64];
};

static int event_named(const char *name) {
    for (int e = 0; e < SIM_EVENT_COUNT; e++)
        if (strcmp(sim_event_info((enum sim_event)e)->name, name) == 0) return e;
    return -1;
}

static void read_line(const char *line, struct evaluation_counts *x) {
    struct step_counts_of s = {.ran = true};
    char name[64];
    unsigned id, vcpu;
    unsigned long long value;
    if (sscanf(line, "step,%u,%d,%47[^,],%23[^,],%95[^,],%u", &id, &s.layer, s.region, s.role,
               s.kernel, &s.calls) == 6 &&
        id < IDS) {
        memcpy(s.counts, x->steps[id].counts, sizeof s.counts);
        x->steps[id] = s;
    } else if (sscanf(line, "count,%u,%u,%63[a-z0-9_],%llu", &id, &vcpu, name, &value) == 4 &&
               id < IDS) {
        const int e = event_named(name);
        if (e >= 0) x->steps[id].counts[e] += (double)value;
    }
}

// Runs the arm; program: NULL, or qemu and its options.
static int run_arm(char *const *program, size_t program_count, const char *spec,
                   const char *const *overrides, size_t override_count,
                   struct evaluation_counts *x) {
    char *argv[ARGUMENTS_MAX];
    const char *why = "";
    size_t n = 0;
    struct child child;
    char *out = NULL, *err = NULL, *binary = sim_binary(sim_host_arch(), &why);
    int status = 0;
    if (binary == NULL) return fail(EXIT_FAILED, "%s", why);
    for (size_t i = 0; i < program_count; i++) argv[n++] = program[i];
    argv[n++] = binary;
    argv[n++] = (char[]){"region"};
    argv[n++] = (char *)(uintptr_t)spec;
    for (size_t i = 0; i < override_count && n + 3 < ARGUMENTS_MAX; i++) {
        argv[n++] = (char *)(uintptr_t) "--set";
        argv[n++] = (char *)(uintptr_t)overrides[i];
    }
    argv[n] = NULL;
    int rc = child_start(&child, argv, NULL, true);
    if (rc == 0) rc = child_wait(&child, &status, &out, &err);
    for (char *line = rc == 0 ? strtok(out, "\n") : NULL; line != NULL; line = strtok(NULL, "\n"))
        read_line(line, x);
    x->ok = rc == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (rc == 0 && !x->ok) snprintf(x->why, sizeof x->why, "%.*s", (int)strcspn(err, "\n"), err);
    free(out);
    free(err);
    free(binary);
    return rc;
}

// What the arm takes on this machine, and under the simulator with its counts.
static int count_arm(const char *spec, const char *const *overrides, size_t override_count,
                     struct evaluation_counts *here, struct evaluation_counts *simulated) {
    char version[32], options[PATH_MAX + 128];
    const char *why = "";
    char *qemu = sim_qemu(sim_host_arch(), version, &why), *plugin = sim_plugin();
    int rc = run_arm(NULL, 0, spec, overrides, override_count, here);
    if (rc == 0 && !here->ok) rc = fail(EXIT_FAILED, "%s: %s", spec, here->why);
    if (qemu == NULL || plugin == NULL) {
        snprintf(simulated->why, sizeof simulated->why, "%s",
                 qemu == NULL ? why : "no inferometer_qemu.so beside the program: make builds it");
    } else if (rc == 0) {
        snprintf(simulated->encoding, sizeof simulated->encoding, "%s %s", strrchr(qemu, '/') + 1,
                 version);
        snprintf(options, sizeof options, "%s,fd=1,l1=" SIM_L1 ",l2=" SIM_L2, plugin);
        char *const program[] = {qemu, (char[]){"-cpu"}, (char[]){"max"}, (char[]){"-plugin"},
                                 options};
        rc = run_arm(program, 5, spec, overrides, override_count, simulated);
    }
    free(qemu);
    free(plugin);
    return rc;
}

// ---- rows
struct region_sum {
    char name[72];
    const struct step_counts_of *first;
    bool ok;
    unsigned calls;
    double raw[SIM_EVENT_COUNT], overhead[SIM_EVENT_COUNT];
};

static size_t sum_regions(const struct evaluation_counts *here,
                          const struct evaluation_counts *simulated, unsigned offset, bool by_layer,
                          struct region_sum *sums) {
    const struct step_counts_of *empty = &simulated->steps[REGION_MODEL_EMPTY];
    size_t count = 0;
    for (unsigned i = offset; i < offset + REGION_MODEL_GENERATED && i < REGION_MODEL_EMPTY; i++) {
        const struct step_counts_of *h = &here->steps[i], *s = &simulated->steps[i];
        char name[72];
        size_t at = 0;
        if (!h->ran) continue;
        if (by_layer && h->layer >= 0)
            snprintf(name, sizeof name, "%s@%d", h->region, h->layer);
        else
            snprintf(name, sizeof name, "%s", h->region);
        while (at < count && strcmp(sums[at].name, name) != 0) at++;
        if (at == count) {
            sums[count] = (struct region_sum){.first = h, .ok = simulated->ok};
            snprintf(sums[count++].name, sizeof sums->name, "%s", name);
        }
        sums[at].calls += h->calls;
        sums[at].ok = sums[at].ok && s->ran && strcmp(s->kernel, h->kernel) == 0;
        for (int e = 0; e < SIM_EVENT_COUNT; e++) {
            sums[at].raw[e] += s->counts[e];
            sums[at].overhead[e] += empty->counts[e] / REGION_MODEL_EMPTY_CALLS * h->calls;
        }
    }
    return count;
}

struct files {
    struct record samples, regions, steps, counts;
};

static void write_counts(struct record *r, const struct evaluation_counts *x,
                         const struct region_sum *sum, int64_t key) {
    for (int e = 0; e < SIM_EVENT_COUNT; e++) {
        // What misses the marks' own instructions cause is not a property of a step.
        const bool misses = e == SIM_l1_misses || e == SIM_l2_misses;
        const double overhead = misses ? 0 : sum->overhead[e];
        record_integer(r, "key", key);
        record_text(r, "region", sum->name);
        record_text(r, "event", sim_event_info((enum sim_event)e)->name);
        record_text(r, "source", "sim");
        record_text(r, "encoding", x->encoding);
        record_number(r, "value_raw", sum->ok ? sum->raw[e] : NAN);
        record_number(r, "value_net", sum->ok ? sum->raw[e] - overhead : NAN);
        record_number(r, "overhead", sum->ok ? overhead : NAN);
        record_text(r, "status", sum->ok ? "ok" : "unsupported");
        record_end(r);
    }
}

static void write_part(struct files *f, const struct protocol_case *c, size_t arm, size_t point,
                       int block, const char *part, long tokens, int slot,
                       const struct evaluation_counts *here,
                       const struct evaluation_counts *simulated, int64_t key) {
    static struct region_sum sums[REGION_MODEL_GENERATED];
    const unsigned offset = strcmp(part, "gen") == 0 ? REGION_MODEL_GENERATED : 0;
    const size_t count =
        sum_regions(here, simulated, offset, c->granularity == GRANULARITY_step, sums);
    record_integer(&f->samples, "key", key);
    record_text(&f->samples, "case", c->name);
    record_text(&f->samples, "point", c->points[point].id);
    record_text(&f->samples, "arm", c->arms[arm].name);
    record_integer(&f->samples, "block", block);
    record_integer(&f->samples, "slot", slot);
    record_integer(&f->samples, "rep", 0);
    record_text(&f->samples, "part", part);
    record_integer(&f->samples, "warmup", 0);
    record_integer(&f->samples, "pass", 1);
    record_integer(&f->samples, "tokens", tokens);
    record_end(&f->samples);
    bool warned = false;
    for (size_t i = 0; i < count; i++) {
        record_integer(&f->regions, "key", key);
        record_text(&f->regions, "region", sums[i].name);
        record_text(&f->regions, "role", sums[i].first->role);
        record_text(&f->regions, "kernel", sums[i].first->kernel);
        record_integer(&f->regions, "thread", 0);
        record_integer(&f->regions, "calls", sums[i].calls);
        record_end(&f->regions);
        write_counts(&f->counts, simulated, &sums[i], key);
        if (!sums[i].ok && !warned)
            fprintf(stderr, "inferometer: case %s, region %s: unsupported: %s\n", c->name,
                    sums[i].name,
                    simulated->ok ? "the simulator takes another variant than this machine "
                                    "(INFEROMETER_ISA=avx2 makes them alike)"
                                  : simulated->why);
        warned = warned || !sums[i].ok;
    }
}

static int one_arm(struct files *f, const struct protocol *p, size_t case_index, size_t point,
                   size_t arm, int block, const char *const *overrides, size_t override_count,
                   int64_t *next_key) {
    static struct evaluation_counts here, simulated;
    const struct protocol_case *c = &p->cases[case_index];
    const struct settings *s = &c->points[point].settings;
    char spec[PATH_MAX + 64];
    here = simulated = (struct evaluation_counts){0};
    snprintf(spec, sizeof spec, "eval:%zu:%zu:%zu:%s", case_index, point, arm, p->path);
    const int rc = count_arm(spec, overrides, override_count, &here, &simulated);
    if (rc != 0) return rc;
    if (s->phase != PHASE_decode)
        write_part(f, c, arm, point, block, "prompt", s->tokens, (int)arm, &here, &simulated,
                   (*next_key)++);
    if (s->phase != PHASE_prefill)
        write_part(f, c, arm, point, block, "gen", s->gen, (int)arm, &here, &simulated,
                   (*next_key)++);
    return 0;
}

int counted_model_block(const struct protocol *p, size_t case_index, int block,
                        const char *const *overrides, size_t override_count, const char *fragment,
                        int64_t *next_key) {
    const struct protocol_case *c = &p->cases[case_index];
    struct files *f = calloc(1, sizeof *f);
    if (f == NULL) return fail(EXIT_FAILED, "out of memory");
    int rc = record_open(&f->samples, fragment, RUN_samples, false, NULL, 0);
    if (rc == 0) rc = record_open(&f->regions, fragment, RUN_regions, false, NULL, 0);
    if (rc == 0) rc = record_open(&f->steps, fragment, RUN_steps, false, NULL, 0);
    if (rc == 0) rc = record_open(&f->counts, fragment, RUN_counts, false, NULL, 0);
    for (size_t i = 0; rc == 0 && i < c->point_count * c->arm_count; i++)
        rc = one_arm(f, p, case_index, i / c->arm_count, i % c->arm_count, block, overrides,
                     override_count, next_key);
    struct record *all[] = {&f->samples, &f->regions, &f->steps, &f->counts};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const int closed = all[i]->columns != NULL ? record_close(all[i]) : 0;
        if (rc == 0) rc = closed;
    }
    free(f);
    return rc;
}
