// SPDX-License-Identifier: MIT
#include "experiments/kernel_point.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/driver.h"
#include "experiments/failure.h"

bool kernel_point_is(const struct settings *s) {
    return s->phase == PHASE_kernel || s->phase == PHASE_yardstick;
}

enum format kernel_point_format(const struct settings *s) {
    return op_info((enum op)op_find(s->op))->weights;
}

static bool takes_tokens(const struct kernel *k, ptrdiff_t tokens) {
    return tokens >= k->tokens_min && tokens <= k->tokens_max;
}

// What the arm names for the op and these tokens, else the table's order.
static int arm_kernel(const struct arm *arm, const struct kernel_point *k,
                      const struct kernel **out) {
    struct kernel_rules rules = {0};
    char message[1024];
    const struct kernel *named = NULL;
    const char *base = getenv("INFEROMETER_KERNEL");
    int status = kernel_rules_parse(&rules, base != NULL ? base : "", message, sizeof message);
    if (status == 0)
        status = kernel_rules_parse(&rules, arm->kernel_rules, message, sizeof message);
    if (status != 0) return fail(status, "arm %s: %s", arm->name, message);
    const char *factor = arm->act != NULL         ? "act"
                         : arm->kv != NULL        ? "kv"
                         : arm->partition != NULL ? "partition"
                         : arm->observer != NULL  ? "observer"
                                                  : NULL;
    if (factor != NULL)
        return fail(EXIT_USAGE, "arm %s: '%s' is no factor of a kernel", arm->name, factor);
    for (int i = 0; i < rules.count; i++)
        if (rules.forced[i]->op == k->op &&
            (named == NULL || !takes_tokens(named, k->shape.tokens) ||
             takes_tokens(rules.forced[i], k->shape.tokens)))
            named = rules.forced[i];
    *out = named != NULL ? named : kernel_select(k->op, k->shape.tokens, 0, &rules);
    return 0;
}

int kernel_point_resolve(const struct protocol *p, const struct protocol_case *c,
                         const struct point *point, int physical_cores, struct kernel_point *out) {
    const struct settings *s = &point->settings;
    char message[256];
    *out = (struct kernel_point){.op = (enum op)op_find(s->op), .arm_count = c->arm_count};
    if (shape_parse(out->op, s->shape, &out->shape, message, sizeof message) != 0)
        return fail(EXIT_USAGE, "%s:%d: %s", p->path, c->line, message);
    if (c->arm_count > KERNEL_ARMS_MAX)
        return fail(EXIT_USAGE, "%s:%d: case %s has more than %d arms", p->path, c->line, c->name,
                    KERNEL_ARMS_MAX);
    for (size_t i = 0; i < c->arm_count; i++) {
        int status = arm_kernel(&c->arms[i], out, &out->kernels[i]);
        char reason[1200];
        if (status != 0) {
            snprintf(reason, sizeof reason, "%s", failure());
            return fail(status, "%s:%d: case %s: %s", p->path, c->line, c->name, reason);
        }
        out->threads[i] = driver_arm_threads(&c->arms[i], s, physical_cores);
        if (out->threads[i] > out->most_threads) out->most_threads = out->threads[i];
    }
    return 0;
}

int kernel_point_open(const struct kernel_point *k, const struct point *point, uint64_t seed,
                      uint64_t layout_seed, const unsigned char *ring, size_t ring_bytes,
                      struct kernel_work **out) {
    const struct kernel_work_options o = {
        .threads = k->most_threads,
        .seed = seed,
        .kernels = k->kernels,
        .kernel_count = k->arm_count,
        .ring = point->settings.ring_mib > 0 ? ring : NULL,
        .ring_bytes = ring_bytes,
        .layout_seed = layout_seed,
    };
    return kernel_work_open(out, k->op, &k->shape, &o);
}

void kernel_point_share(ptrdiff_t granule, ptrdiff_t begin, ptrdiff_t end, int thread, int threads,
                        ptrdiff_t *from, ptrdiff_t *to) {
    ptrdiff_t granules = (end - begin + granule - 1) / granule;
    *from = begin + granules * thread / threads * granule;
    *to = begin + granules * (thread + 1) / threads * granule;
    if (*to > end) *to = end;
}
