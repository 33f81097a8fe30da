// SPDX-License-Identifier: MIT
#include "experiments/compare_counted.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/core_cycles.h"
#include "experiments/failure.h"
#include "experiments/hot_loop.h"
#include "experiments/predict.h"
#include "experiments/simulate.h"
#include "experiments/table.h"

#define LOOP_SHARE_MIN 0.8 // of the instructions: else a call's cycles are not the loop's
#define VARIANTS_MAX 64
#define REGIONS_MAX (VARIANTS_MAX * COUNTED_SHAPES_MAX)

const char *const compare_columns[] = {"op",
                                       "variant",
                                       "isa",
                                       "shape",
                                       "threads",
                                       "source",
                                       "measure",
                                       "unit",
                                       "value",
                                       "lo",
                                       "hi",
                                       "n",
                                       "effect",
                                       "effect_lo",
                                       "effect_hi",
                                       "p",
                                       "verdict",
                                       "ceiling",
                                       "fraction_of_ceiling",
                                       "status",
                                       NULL};

void counted_shapes(enum op op, char shapes[COUNTED_SHAPES_MAX][48], size_t *count) {
    // Panels want many tokens before they are chosen; a count should meet them all.
    ptrdiff_t many = 24;
    for (size_t i = 0; i < kernel_count(); i++) {
        const struct kernel *k = kernel_at(i);
        if (k->op == op && k->tokens_min > many) many = k->tokens_min;
    }
    *count = COUNTED_SHAPES_MAX;
    switch (op_info(op)->op_class) {
    case CLASS_matmul:
        snprintf(shapes[0], 48, "64x256x1");
        snprintf(shapes[1], 48, "64x256x8");
        snprintf(shapes[2], 48, "64x256x%td", many);
        break;
    case CLASS_attention:
        snprintf(shapes[0], 48, "64x1x4x64x1");
        snprintf(shapes[1], 48, "64x1x4x64x4");
        snprintf(shapes[2], 48, "64x1x4x64x16");
        break;
    case CLASS_panel:
        snprintf(shapes[0], 48, "64x256");
        *count = 1;
        break;
    case CLASS_state:
        snprintf(shapes[0], 48, "64x8x4");
        *count = 1;
        break;
    case CLASS_yardstick:
        snprintf(shapes[0], 48, "16384x10");
        *count = 1;
        break;
    default:
        snprintf(shapes[0], 48, "1024x4");
        *count = 1;
        break;
    }
}

struct region { // a variant at a shape
    const struct kernel *kernel;
    const char *words;
    struct shape shape;
    struct sim_counts counts;
};
struct counted {
    struct table table;
    enum op op;
    enum arch arch;
    struct region regions[REGIONS_MAX]; // by shape, then by variant; arm A is a shape's first
    size_t count;
};
struct row {
    const struct region *region;
    const char *source, *measure, *unit, *ceiling, *status;
    double value, base; // NaN: missing; base: arm A's
};

// Fewer is better: positive effects are better than A.
static void print(struct counted *c, const struct row *r) {
    struct table *t = &c->table;
    const bool has_effect = r->base > 0 && r->value > 0;
    table_text(t, op_info(c->op)->name);
    table_text(t, r->region->kernel->variant);
    table_text(t, isa_name(r->region->kernel->isa));
    table_text(t, r->region->words);
    table_integer(t, 1);
    table_text(t, r->source);
    table_text(t, r->measure);
    table_text(t, r->unit);
    table_number(t, r->value);
    for (int i = 0; i < 3; i++) table_missing(t); // lo, hi, n
    table_number(t, has_effect ? log(r->base / r->value) : NAN);
    for (int i = 0; i < 3; i++) table_missing(t); // effect_lo, effect_hi, p
    table_text(t, isnan(r->value) ? "not measurable" : "exact");
    table_text(t, r->ceiling);
    table_missing(t);
    table_text(t, r->status);
}

// ---- what is compared
static bool is_target(const struct counted *c, const struct kernel *k) {
    return k->op == c->op && (k->arch == ARCH_any || k->arch == c->arch);
}

static int add_region(struct counted *c, const struct kernel *k, const char *words,
                      const struct shape *s) {
    if (s->tokens < k->tokens_min || s->tokens > k->tokens_max) return 0; // not one of its calls
    if (c->count == REGIONS_MAX) return fail(EXIT_USAGE, "more than %d regions", REGIONS_MAX);
    c->regions[c->count++] = (struct region){.kernel = k, .words = words, .shape = *s};
    return 0;
}

static int add_shape(struct counted *c, const char *variants, const char *words) {
    char message[512], name[64];
    struct shape s;
    int rc = 0;
    if (shape_parse(c->op, words, &s, message, sizeof message) != 0)
        return fail(EXIT_USAGE, "%s", message);
    for (size_t i = 0; variants == NULL && rc == 0 && i < kernel_count(); i++)
        if (is_target(c, kernel_at(i))) rc = add_region(c, kernel_at(i), words, &s);
    while (variants != NULL && *variants && rc == 0) {
        const size_t length = strcspn(variants, ",");
        snprintf(name, sizeof name, "%.*s", (int)length, variants);
        const struct kernel *k = kernel_find(c->op, name);
        if (k == NULL || !is_target(c, k))
            return fail(EXIT_USAGE,
                        "%s has no variant '%s' for this target (`inferometer list kernels`)",
                        op_info(c->op)->name, name);
        rc = add_region(c, k, words, &s);
        variants += length + (variants[length] == ',');
    }
    return rc;
}

static int count_regions(struct counted *c) {
    static struct sim_request requests[REGIONS_MAX];
    static struct sim_counts counts[REGIONS_MAX];
    for (size_t i = 0; i < c->count; i++)
        requests[i] =
            (struct sim_request){c->regions[i].kernel, c->regions[i].words, c->arch, SIM_TOOL_any};
    const int rc = simulate(requests, c->count, counts);
    for (size_t i = 0; rc == 0 && i < c->count; i++) {
        c->regions[i].counts = counts[i];
        if (!counts[i].ok)
            fprintf(stderr, "inferometer: %s at %s: unsupported: %s\n",
                    c->regions[i].kernel->symbol, c->regions[i].words, counts[i].message);
    }
    return rc;
}

// Arm A of a region's shape.
static const struct region *base_of(const struct counted *c, size_t i) {
    while (i > 0 && c->regions[i - 1].words == c->regions[i].words) i--;
    return &c->regions[i];
}

// ---- sim
static void print_sim(struct counted *c, size_t i) {
    const struct region *r = &c->regions[i], *a = base_of(c, i);
    for (int e = 0; e < SIM_EVENT_COUNT; e++) {
        const char *name = sim_event_info((enum sim_event)e)->name;
        const struct row row = {
            .region = r,
            .source = "sim",
            .measure = name,
            .unit = strstr(name, "bytes") != NULL ? "bytes" : "",
            .value = r->counts.net[e],
            .base = a->counts.net[e],
            .status = isnan(r->counts.net[e]) ? "unsupported" : "ok",
        };
        print(c, &row);
    }
    const double *net = r->counts.net, elements = shape_elements(c->op, &r->shape);
    struct row per = {.region = r, .source = "model-sim", .base = NAN};
    per.status = r->counts.ok ? "ok" : "unsupported";
    per.measure = "instructions_per_element";
    per.value = net[SIM_instructions] / elements;
    per.base = a->counts.net[SIM_instructions] / elements;
    print(c, &per);
    per = (struct row){.region = r,
                       .source = "sim",
                       .measure = "vector_share",
                       .value = net[SIM_vector_instructions] / net[SIM_instructions],
                       .base = NAN,
                       .status = per.status};
    print(c, &per);
}

// ---- static
struct predicted {
    double per_element, per_round, uops_per_element;
    struct prediction p;
    int status;
};

static struct predicted predict_region(const struct counted *c, const struct region *r,
                                       const struct hot_loop *loop, const char *cpu) {
    struct predicted x = {.per_element = NAN, .per_round = NAN, .uops_per_element = NAN};
    x.status = predict(loop->text, loop->instructions, c->arch, cpu, &x.p);
    if (x.status != 0) return x;
    const double rounds = loop->iterations / shape_elements(c->op, &r->shape);
    x.per_round = x.p.cycles;
    x.per_element = x.p.cycles * rounds;
    x.uops_per_element = x.p.uops * rounds;
    return x;
}

// What the loop says of an element holds where the loop is nearly all that runs.
static bool loop_is_all(const struct hot_loop *loop) {
    return loop != NULL && loop->share >= LOOP_SHARE_MIN && !loop->contains_a_loop;
}

static void print_prediction(struct counted *c, const struct region *r, const struct predicted *x,
                             const struct hot_loop *loop, const char *at) {
    const struct {
        const char *measure, *source;
        double value;
    } measures[] = {{"predicted_cycles_per_iteration", "static", x->per_round},
                    {"predicted_cycles_per_element", "static-sim", x->per_element},
                    {"predicted_uops_per_element", "static-sim", x->uops_per_element}};
    for (size_t i = 0; i < sizeof measures / sizeof *measures; i++) {
        char name[96];
        const bool holds = i == 0 || loop_is_all(loop);
        snprintf(name, sizeof name, "%s@%s", measures[i].measure, at);
        const struct row row = {.region = r,
                                .source = measures[i].source,
                                .measure = name,
                                .unit = "",
                                .ceiling = x->p.bound,
                                .value = holds ? measures[i].value : NAN,
                                .base = NAN,
                                .status = x->status != 0 ? "unsupported"
                                          : holds        ? "ok"
                                                         : "inexact"};
        print(c, &row);
    }
}

static int print_static(struct counted *c, size_t i) {
    struct region *r = &c->regions[i];
    struct hot_loop loop;
    const char *const *models = predict_models(c->arch);
    char host[32] = "";
    int rc = hot_loop_find(r->kernel, c->arch, &r->counts, &loop);
    if (rc == EXIT_FAILED) return rc;
    if (rc != 0 && r->counts.ok) fprintf(stderr, "inferometer: unsupported: %s\n", failure());
    if (rc != 0) {
        struct predicted none = {
            .per_element = NAN, .per_round = NAN, .uops_per_element = NAN, .status = EXIT_CANNOT};
        print_prediction(c, r, &none, NULL, "host");
        return 0;
    }
    const struct row share = {.region = r,
                              .source = "sim",
                              .measure = "loop_share",
                              .value = loop.share,
                              .base = NAN,
                              .status = "ok"};
    print(c, &share);
    if (c->arch == sim_host_arch()) {
        struct predicted x = predict_region(c, r, &loop, "native");
        if (x.status == EXIT_FAILED) rc = x.status;
        if (x.status != 0) fprintf(stderr, "inferometer: unsupported: %s\n", failure());
        snprintf(host, sizeof host, "%s", x.p.model);
        print_prediction(c, r, &x, &loop, *host ? host : "host");
        struct core_cycles measured;
        struct row row = {.region = r,
                          .measure = "predicted_minus_measured",
                          .unit = "",
                          .ceiling = x.p.bound,
                          .value = NAN,
                          .base = NAN,
                          .source = "static-soft",
                          .status = "unsupported"};
        if (x.status == 0 && core_cycles_measure(r->kernel, &r->shape, &measured) == 0) {
            row.source = strcmp(measured.source, "pmu") == 0 ? "static-pmu" : "static-soft";
            row.status = loop_is_all(&loop) ? "ok" : "inexact";
            if (strcmp(row.status, "ok") == 0)
                row.value = x.p.cycles - measured.cycles / loop.iterations;
        }
        print(c, &row);
    }
    for (; rc == 0 && *models != NULL; models++) {
        if (strcmp(*models, host) == 0) continue;
        const struct predicted x = predict_region(c, r, &loop, *models);
        if (x.status == EXIT_FAILED) rc = x.status;
        if (x.status != 0) fprintf(stderr, "inferometer: unsupported: %s\n", failure());
        print_prediction(c, r, &x, &loop, *models);
    }
    hot_loop_free(&loop);
    return rc;
}

int compare_counted(const struct command *command) {
    static struct counted c;
    char shapes[COUNTED_SHAPES_MAX][48];
    const char *asked = command_value(command, "--shape", NULL),
               *target = command_value(command, "--target", NULL),
               *variants = command_value(command, "--variants", NULL);
    const bool is_static = strcmp(command_value(command, "--source", "sim"), "static") == 0;
    size_t shape_count = 1;
    if (!command_has(command, "--source"))
        return fail(EXIT_USAGE, "compare is not built yet for times: --source sim or static");
    const int op = op_find(command->positional[0]);
    if (op < 0)
        return fail(EXIT_USAGE, "no op '%s' (`inferometer list ops`)", command->positional[0]);
    c = (struct counted){.op = (enum op)op, .arch = sim_host_arch()};
    if (target != NULL) c.arch = strcmp(target, "aarch64") == 0 ? ARCH_aarch64 : ARCH_x86_64;
    if (asked == NULL) counted_shapes(c.op, shapes, &shape_count);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < shape_count; i++)
        rc = add_shape(&c, variants, asked != NULL ? asked : shapes[i]);
    if (rc == 0 && c.count == 0) rc = fail(EXIT_USAGE, "no variant takes so many tokens");
    if (rc == 0) rc = count_regions(&c);
    if (rc != 0) return rc;
    table_open(&c.table, table_format(command), compare_columns);
    for (size_t i = 0; rc == 0 && i < c.count; i++) {
        if (is_static)
            rc = print_static(&c, i);
        else
            print_sim(&c, i);
    }
    for (size_t i = 0; i < c.count; i++) sim_free(&c.regions[i].counts);
    const int closed = table_close(&c.table);
    return rc != 0 ? rc : closed;
}
