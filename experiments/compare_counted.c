// SPDX-License-Identifier: MIT
#include "experiments/compare_counted.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/counted_region.h"
#include "experiments/failure.h"
#include "experiments/table.h"

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
    // One or few tokens: weights of about 12 KiB, which stay in L1, as predictions take for
    // granted.
    ptrdiff_t cols = 64;
    while (16 * format_row_bytes(op_info(op)->weights, cols + 64) <= 12288) cols += 64;
    *count = COUNTED_SHAPES_MAX;
    switch (op_info(op)->op_class) {
    case CLASS_matmul:
        snprintf(shapes[0], 48, "16x%tdx1", cols);
        snprintf(shapes[1], 48, "16x%tdx8", cols);
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

struct counted {
    struct table table;
    enum op op;
    enum arch arch;
    unsigned what;
    struct counted_region
        regions[REGIONS_MAX]; // by shape, then by variant; arm A is a shape's first
    size_t count;
};

// base: arm A's. Fewer is better: positive effects are better than A.
static void print(struct counted *c, const struct counted_region *r, const struct counted_value *v,
                  const struct counted_value *base) {
    struct table *t = &c->table;
    const bool has_effect = base != NULL && base->value > 0 && v->value > 0 &&
                            strcmp(v->source, "sim") == 0 && strcmp(v->name, "vector_share") != 0 &&
                            strcmp(v->name, "loop_share") != 0;
    const bool exact = strcmp(v->source, "sim") == 0 || strcmp(v->source, "static") == 0;
    table_text(t, op_info(c->op)->name);
    table_text(t, r->kernel->variant);
    table_text(t, isa_name(r->kernel->isa));
    table_text(t, r->words);
    table_integer(t, 1);
    table_text(t, v->source);
    table_text(t, v->name);
    table_text(t, v->unit);
    table_number(t, v->value);
    for (int i = 0; i < 3; i++) table_missing(t); // lo, hi, n
    table_number(t, has_effect ? log(base->value / v->value) : NAN);
    for (int i = 0; i < 3; i++) table_missing(t); // effect_lo, effect_hi, p
    table_text(t, isnan(v->value) ? "not measurable" : exact ? "exact" : "");
    table_text(t, v->bound);
    table_missing(t);
    table_text(t, v->status);
}

// ---- what is compared
static bool is_target(const struct counted *c, const struct kernel *k) {
    return k->op == c->op && (k->arch == ARCH_any || k->arch == c->arch);
}

static int add_region(struct counted *c, const struct kernel *k, const char *words,
                      const struct shape *s) {
    if (s->tokens < k->tokens_min || s->tokens > k->tokens_max) return 0; // not one of its calls
    if (c->count == REGIONS_MAX) return fail(EXIT_USAGE, "more than %d regions", REGIONS_MAX);
    c->regions[c->count++] =
        (struct counted_region){.kernel = k, .words = words, .arch = c->arch, .shape = *s};
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

// Of the regions of one shape the first is arm A.
static int print_all(struct counted *c) {
    static struct counted_value values[COUNTED_VALUES_MAX], base[COUNTED_VALUES_MAX];
    size_t count = 0, base_count = 0;
    char why[256];
    for (size_t i = 0; i < c->count; i++) {
        const struct counted_region *r = &c->regions[i];
        const int rc = counted_values(r, c->what, values, &count, why);
        if (rc != 0) return rc;
        if (*why)
            fprintf(stderr, "inferometer: %s at %s: unsupported: %s\n", r->kernel->symbol, r->words,
                    why);
        if (i == 0 || c->regions[i - 1].words != r->words) {
            memcpy(base, values, sizeof base);
            base_count = count;
        }
        for (size_t v = 0; v < count; v++) {
            size_t b = 0;
            while (b < base_count && strcmp(base[b].name, values[v].name) != 0) b++;
            print(c, r, &values[v], b < base_count ? &base[b] : NULL);
        }
    }
    return 0;
}

int compare_counted(const struct command *command) {
    static struct counted c;
    char shapes[COUNTED_SHAPES_MAX][48];
    const char *asked = command_value(command, "--shape", NULL),
               *target = command_value(command, "--target", NULL),
               *variants = command_value(command, "--variants", NULL);
    const char *source = command_value(command, "--source", "sim");
    size_t shape_count = 1;
    if (!command_has(command, "--source"))
        return fail(EXIT_USAGE, "compare is not built yet for times: --source sim or static");
    const int op = op_find(command->positional[0]);
    if (op < 0)
        return fail(EXIT_USAGE, "no op '%s' (`inferometer list ops`)", command->positional[0]);
    c = (struct counted){.op = (enum op)op, .arch = sim_host_arch()};
    c.what = strcmp(source, "static") == 0 ? COUNTED_STATIC : COUNTED_SIM;
    if (target != NULL) c.arch = strcmp(target, "aarch64") == 0 ? ARCH_aarch64 : ARCH_x86_64;
    if (asked == NULL) counted_shapes(c.op, shapes, &shape_count);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < shape_count; i++)
        rc = add_shape(&c, variants, asked != NULL ? asked : shapes[i]);
    if (rc == 0 && c.count == 0) rc = fail(EXIT_USAGE, "no variant takes so many tokens");
    if (rc == 0) rc = counted_simulate(c.regions, c.count);
    if (rc != 0) return rc;
    table_open(&c.table, table_format(command), compare_columns);
    rc = print_all(&c);
    for (size_t i = 0; i < c.count; i++) sim_free(&c.regions[i].counts);
    const int closed = table_close(&c.table);
    return rc != 0 ? rc : closed;
}
