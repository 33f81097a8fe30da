// SPDX-License-Identifier: MIT
#include "experiments/counted_region.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/core_cycles.h"
#include "experiments/failure.h"
#include "experiments/hot_loop.h"
#include "experiments/predict.h"

#define LOOP_SHARE_MIN 0.8 // of the instructions: else a call's cycles are not the loop's

int counted_simulate(struct counted_region *regions, size_t count) {
    struct sim_request *requests = calloc(count + 1, sizeof *requests);
    struct sim_counts *counts = calloc(count + 1, sizeof *counts);
    int rc = requests != NULL && counts != NULL ? 0 : fail(EXIT_FAILED, "out of memory for counts");
    for (size_t i = 0; rc == 0 && i < count; i++)
        requests[i] = (struct sim_request){regions[i].kernel, regions[i].words, regions[i].arch,
                                           SIM_TOOL_any};
    if (rc == 0) rc = simulate(requests, count, counts);
    for (size_t i = 0; rc == 0 && i < count; i++) regions[i].counts = counts[i];
    free(requests);
    free(counts);
    return rc;
}

struct list {
    struct counted_value *values;
    size_t count;
    char *why;
};

static void complain(struct list *l, const char *message) {
    if (*l->why == '\0') snprintf(l->why, 256, "%.*s", (int)strcspn(message, "\n"), message);
}

static struct counted_value *add(struct list *l, const char *name, const char *source,
                                 const char *unit, double value, const char *status) {
    struct counted_value *v = &l->values[l->count++];
    const bool good = strcmp(status, "ok") == 0;
    *v = (struct counted_value){.source = source, .unit = unit, .status = status};
    v->value = v->raw = good ? value : NAN;
    v->overhead = NAN;
    snprintf(v->name, sizeof v->name, "%s", name);
    if (good && isnan(value)) v->status = "unsupported";
    return v;
}

// ---- sim
static void add_counts(struct list *l, const struct counted_region *r) {
    static const struct {
        const char *name;
        enum sim_event event;
    } per_element[] = {{"instructions_per_element", SIM_instructions},
                       {"branches_per_element", SIM_branches},
                       {"dot_instructions_per_element", SIM_dot_instructions},
                       {"loaded_bytes_per_element", SIM_loaded_bytes},
                       {"stored_bytes_per_element", SIM_stored_bytes},
                       {"l1_misses_per_element", SIM_l1_misses}};
    const double *net = r->counts.net, elements = shape_elements(r->kernel->op, &r->shape);
    const char *status = r->counts.ok ? "ok" : "unsupported";
    const size_t first = l->count;
    for (int e = 0; e < SIM_EVENT_COUNT; e++) {
        const char *name = sim_event_info((enum sim_event)e)->name;
        const char *unit = strstr(name, "bytes") != NULL ? "bytes" : "";
        struct counted_value *v = add(l, name, "sim", unit, net[e], status);
        if (!isnan(v->value)) {
            v->raw = r->counts.raw[e];
            v->overhead = r->counts.overhead[e];
        }
    }
    for (size_t i = 0; i < sizeof per_element / sizeof *per_element; i++)
        add(l, per_element[i].name, "sim", "", net[per_element[i].event] / elements, status);
    add(l, "vector_share", "sim", "", net[SIM_vector_instructions] / net[SIM_instructions], status);
    for (size_t i = first; i < l->count; i++)
        snprintf(l->values[i].encoding, sizeof l->values[i].encoding, "%s", r->counts.encoding);
    if (!r->counts.ok) complain(l, r->counts.message);
}

// ---- static
// What the loop says of an element holds where the loop is nearly all that runs.
static bool is_all(const struct hot_loop *loop) {
    return loop->share >= LOOP_SHARE_MIN && !loop->contains_a_loop;
}

// *cycles: what the model predicts for a round, NaN where it cannot.
static int add_model(struct list *l, const struct counted_region *r, const struct hot_loop *loop,
                     const char *cpu, struct prediction *p) {
    const double rounds = loop->iterations / shape_elements(r->kernel->op, &r->shape);
    const int rc = predict(loop->text, loop->instructions, r->arch, cpu, p);
    if (rc == EXIT_FAILED) return rc;
    if (rc != 0) complain(l, failure());
    if (rc != 0) p->cycles = p->uops = NAN;
    const char *model = rc == 0 ? p->model : strcmp(cpu, "native") == 0 ? "host" : cpu;
    const char *element_status = rc != 0 ? "unsupported" : is_all(loop) ? "ok" : "inexact";
    const struct {
        const char *name, *status;
        double value;
    } measures[] = {{"predicted_cycles_per_iteration", rc == 0 ? "ok" : "unsupported", p->cycles},
                    {"predicted_cycles_per_element", element_status, p->cycles * rounds},
                    {"predicted_uops_per_element", element_status, p->uops * rounds}};
    for (size_t i = 0; i < sizeof measures / sizeof *measures; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s@%s", measures[i].name, model);
        struct counted_value *v = add(l, name, "static", "", measures[i].value, measures[i].status);
        if (strcmp(measures[i].status, "inexact") == 0) v->raw = measures[i].value;
        snprintf(v->bound, sizeof v->bound, "%s", p->bound);
        if (rc == 0)
            snprintf(v->encoding, sizeof v->encoding, "llvm-mca %s %s", p->version, p->bound);
    }
    return 0;
}

static void add_measured(struct list *l, const struct counted_region *r,
                         const struct hot_loop *loop, const struct prediction *p) {
    struct core_cycles measured;
    const int rc = core_cycles_measure(r->kernel, &r->shape, &measured);
    const char *status = rc == 0 ? "ok" : "unsupported";
    const bool pmu = rc == 0 && strcmp(measured.source, "pmu") == 0;
    if (rc != 0) complain(l, failure());
    add(l, "measured_cycles_per_element", pmu ? "pmu" : "soft", "",
        measured.cycles / shape_elements(r->kernel->op, &r->shape), status);
    if (loop == NULL) return;
    double lacks = p->cycles - measured.cycles / loop->iterations;
    if (rc == 0 && !is_all(loop)) status = "inexact";
    if (rc == 0 && isnan(lacks)) status = "unsupported";
    struct counted_value *v =
        add(l, "predicted_minus_measured", pmu ? "static-pmu" : "static-soft", "", lacks, status);
    if (strcmp(status, "inexact") == 0) v->raw = lacks;
    snprintf(v->bound, sizeof v->bound, "%s", p->bound);
}

static int add_static(struct list *l, const struct counted_region *r) {
    struct hot_loop loop;
    struct prediction p = {.cycles = NAN};
    const bool host = r->arch == sim_host_arch();
    char host_model[32] = "";
    int rc = hot_loop_find(r->kernel, r->arch, &r->counts, &loop);
    if (rc == EXIT_FAILED) return rc;
    if (rc != 0) {
        complain(l, failure());
        if (host) add_measured(l, r, NULL, NULL);
        add(l, "predicted_cycles_per_iteration", "static", "", NAN, "unsupported");
        return 0;
    }
    struct counted_value *v = add(l, "loop_share", "sim", "", loop.share, "ok");
    snprintf(v->encoding, sizeof v->encoding, "%s", loop.marked ? "marked loop" : "hottest loop");
    if (host) {
        rc = add_model(l, r, &loop, "native", &p);
        snprintf(host_model, sizeof host_model, "%s", p.model);
        if (rc == 0) add_measured(l, r, &loop, &p);
    }
    for (const char *const *m = predict_models(r->arch); rc == 0 && *m != NULL; m++)
        if (strcmp(*m, host_model) != 0) rc = add_model(l, r, &loop, *m, &p);
    hot_loop_free(&loop);
    return rc;
}

int counted_values(const struct counted_region *r, unsigned what,
                   struct counted_value values[COUNTED_VALUES_MAX], size_t *count, char why[256]) {
    struct list l = {.values = values, .why = why};
    int rc = 0;
    *why = '\0';
    if (what & COUNTED_SIM) add_counts(&l, r);
    if (what & COUNTED_STATIC) rc = add_static(&l, r);
    *count = l.count;
    return rc;
}
