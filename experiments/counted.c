// SPDX-License-Identifier: MIT
#include "experiments/counted.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/counted_region.h"
#include "experiments/failure.h"
#include "experiments/kernel_point.h"
#include "experiments/record.h"

bool counted_is(const struct protocol_case *c) {
    const struct settings *s = &c->points[0].settings;
    return kernel_point_is(s) && s->source != NULL &&
           (strcmp(s->source, "sim") == 0 || strcmp(s->source, "static") == 0);
}

enum arch counted_target(const struct settings *s) {
    if (s->target == NULL) return sim_host_arch();
    return strcmp(s->target, "aarch64") == 0 ? ARCH_aarch64 : ARCH_x86_64;
}

static bool fits_target(const struct kernel *k, enum op op, enum arch target) {
    return k->op == op && (k->arch == ARCH_any || k->arch == target);
}

// The last word OP=VARIANT of the op; `*=c` the reference.
const struct kernel *counted_kernel(const struct arm *arm, enum op op, enum arch target) {
    const struct kernel *found = NULL;
    const char *name = op_info(op)->name;
    for (const char *word = arm->kernel_rules; *word;) {
        const size_t length = strcspn(word, ","), key = strcspn(word, "=");
        char variant[64] = "";
        if (key < length)
            snprintf(variant, sizeof variant, "%.*s", (int)(length - key - 1), word + key + 1);
        const bool named = key == strlen(name) && strncmp(word, name, key) == 0;
        if (named || (strncmp(word, "*", key) == 0 && strcmp(variant, "c") == 0)) {
            const struct kernel *k = kernel_find(op, variant);
            if (k != NULL && fits_target(k, op, target)) found = k;
        }
        word += length + (word[length] == ',');
    }
    return found;
}

static unsigned what_of(const struct protocol_case *c) {
    return strcmp(c->points[0].settings.source, "static") == 0 ? COUNTED_SIM | COUNTED_STATIC
                                                               : COUNTED_SIM;
}

int counted_check(const struct protocol *p, const struct protocol_case *c) {
    const enum op op = (enum op)op_find(c->points[0].settings.op);
    const enum arch target = counted_target(&c->points[0].settings);
    for (size_t i = 0; i < c->arm_count; i++)
        if (counted_kernel(&c->arms[i], op, target) == NULL)
            return fail(EXIT_USAGE,
                        "%s:%d: case %s is counted: arm %s must name a variant %s=VARIANT for %s "
                        "(`inferometer list kernels`)",
                        p->path, c->line, c->name, c->arms[i].name, op_info(op)->name,
                        target == ARCH_aarch64 ? "aarch64" : "x86_64");
    return 0;
}

// ---- figures, kept from block to block
struct figure { // of a point and an arm
    struct counted_value values[COUNTED_VALUES_MAX];
    size_t count;
    double bytes, ops;
};
struct kept {
    const struct protocol_case *c; // NULL: nothing yet
    struct figure *figures;        // [points][arms]
};
static struct kept *kept; // [cases] of one protocol
static const struct protocol *kept_of;

static int count_case(const struct protocol_case *c, struct kept *k) {
    const size_t n = c->point_count * c->arm_count;
    struct counted_region *regions = calloc(n, sizeof *regions);
    char why[256], message[256];
    k->figures = calloc(n, sizeof *k->figures);
    int rc = regions != NULL && k->figures != NULL ? 0 : fail(EXIT_FAILED, "out of memory");
    for (size_t i = 0; rc == 0 && i < n; i++) {
        const struct settings *s = &c->points[i / c->arm_count].settings;
        const enum op op = (enum op)op_find(s->op);
        struct counted_region *r = &regions[i];
        r->arch = counted_target(s);
        r->kernel = counted_kernel(&c->arms[i % c->arm_count], op, r->arch);
        r->words = s->shape;
        if (shape_parse(op, s->shape, &r->shape, message, sizeof message) != 0)
            rc = fail(EXIT_USAGE, "%s", message);
    }
    if (rc == 0) rc = counted_simulate(regions, n);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct figure *f = &k->figures[i];
        const struct op_info *op = op_info(regions[i].kernel->op);
        f->bytes = op->bytes(&regions[i].shape);
        f->ops = op->ops(&regions[i].shape);
        rc = counted_values(&regions[i], what_of(c), f->values, &f->count, why);
        const struct kernel *kernel = regions[i].kernel;
        const ptrdiff_t tokens = regions[i].shape.tokens;
        // Rows say so too; that an arm does not take a point's tokens is no news.
        if (*why && tokens >= kernel->tokens_min && tokens <= kernel->tokens_max &&
            kernel->packer == NULL)
            fprintf(stderr, "inferometer: %s at %s: unsupported: %s\n", regions[i].kernel->symbol,
                    regions[i].words, why);
        sim_free(&regions[i].counts);
    }
    free(regions);
    if (rc == 0) k->c = c;
    return rc;
}

static bool wanted(const struct protocol_case *c, const char *name) {
    if (c->pass_count == 0) return true;
    for (size_t i = 0; i < c->pass_count; i++)
        for (char **event = c->passes[i]; *event != NULL; event++)
            if (strcmp(*event, name) == 0) return true;
    return false;
}

static void write_values(struct record *r, const struct protocol_case *c, const struct figure *f,
                         int64_t key) {
    for (size_t i = 0; i < f->count; i++) {
        const struct counted_value *v = &f->values[i];
        if (!wanted(c, v->name)) continue;
        record_integer(r, "key", key);
        record_text(r, "event", v->name);
        record_text(r, "source", v->source);
        record_text(r, "encoding", v->encoding);
        record_number(r, "value_raw", v->raw);
        record_number(r, "value_net", v->value);
        record_number(r, "overhead", v->overhead);
        record_text(r, "status", v->status);
        record_end(r);
    }
}

int counted_block(const struct protocol *p, size_t case_index, int block, const char *fragment,
                  int64_t *next_key) {
    static const enum run_file empty[] = {RUN_regions, RUN_steps};
    const struct protocol_case *c = &p->cases[case_index];
    if (kept_of != p) {
        kept = calloc(p->case_count, sizeof *kept);
        if (kept == NULL) return fail(EXIT_FAILED, "out of memory for counts");
        kept_of = p;
    }
    struct kept *k = &kept[case_index];
    int rc = k->c == NULL ? count_case(c, k) : 0;
    struct record *samples = malloc(2 * sizeof *samples), *counts = samples + 1;
    if (rc == 0 && samples == NULL) rc = fail(EXIT_FAILED, "out of memory");
    for (size_t i = 0; rc == 0 && i < sizeof empty / sizeof *empty; i++) {
        rc = record_open(samples, fragment, empty[i], false, NULL, 0);
        if (rc == 0) rc = record_close(samples);
    }
    if (rc == 0) rc = record_open(samples, fragment, RUN_samples, false, NULL, 0);
    if (rc == 0) rc = record_open(counts, fragment, RUN_counts, false, NULL, 0);
    for (size_t i = 0; rc == 0 && i < c->point_count * c->arm_count; i++) {
        const struct figure *f = &k->figures[i];
        record_integer(samples, "key", *next_key);
        record_text(samples, "case", c->name);
        record_text(samples, "point", c->points[i / c->arm_count].id);
        record_text(samples, "arm", c->arms[i % c->arm_count].name);
        record_integer(samples, "block", block);
        record_integer(samples, "slot", (int64_t)(i % c->arm_count));
        record_integer(samples, "rep", 0);
        record_integer(samples, "warmup", 0);
        record_integer(samples, "pass", 1);
        record_number(samples, "bytes", f->bytes);
        record_number(samples, "ops", f->ops);
        record_end(samples);
        if (block == 0) write_values(counts, c, f, *next_key);
        ++*next_key;
    }
    if (rc == 0) rc = record_close(samples);
    if (rc == 0) rc = record_close(counts);
    free(samples);
    return rc;
}
