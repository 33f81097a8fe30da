// SPDX-License-Identifier: MIT
#include "experiments/lane.h"

#include <stdlib.h>
#include <string.h>

#include "engine/error.h"
#include "experiments/failure.h"

static const char *lane_kv(const struct arm *arm, const struct settings *s) {
    return arm->kv != NULL ? arm->kv : s->kv;
}

bool lane_fits(const struct lane *l, const struct arm *arm, const struct settings *s, int threads,
               ptrdiff_t capacity) {
    return l->arm == arm && strcmp(l->model_spec, s->model) == 0 &&
           strcmp(l->kv, lane_kv(arm, s)) == 0 && strcmp(l->fill, s->fill) == 0 &&
           strcmp(l->prompt, s->prompt) == 0 && l->capacity >= capacity && l->threads == threads &&
           l->chunk >= s->chunk;
}

// The peak that binds: of the fastest activations that the plan makes.
static enum ceiling plan_peak(const struct plan *p) {
    enum ceiling peak = CEILING_fma;
    for (size_t i = 0; i < p->step_count; i++) {
        if (p->steps[i].op == OP_quantize_a8_32) return CEILING_int8;
        if (p->steps[i].op == OP_quantize_bf16 && ceiling_exists(CEILING_bf16)) peak = CEILING_bf16;
    }
    return peak;
}

int lane_open(struct lane *l, const struct arm *arm, const struct settings *s, struct model *m,
              struct team *team, int threads, ptrdiff_t capacity) {
    struct kernel_rules rules = {0};
    char message[512];
    *l = (struct lane){
        .arm = arm, .model = m, .capacity = capacity, .chunk = s->chunk, .model_spec = s->model};
    l->kv = lane_kv(arm, s);
    l->fill = s->fill;
    l->prompt = s->prompt;
    const char *base = getenv("INFEROMETER_KERNEL");
    int status = kernel_rules_parse(&rules, base != NULL ? base : "", message, sizeof message);
    if (status == 0)
        status = kernel_rules_parse(&rules, arm->kernel_rules, message, sizeof message);
    if (status != 0) return fail(status, "arm %s: %s", arm->name, message);
    l->threads = threads;
    struct context_options o = {
        .team = team,
        .threads = l->threads,
        .context_tokens = capacity,
        .plan = {.max_tokens = s->chunk,
                 .max_sequences = 1,
                 .kv = (enum format)format_find(l->kv),
                 .act = arm->act != NULL ? format_find(arm->act) : -1,
                 .matmul_partition = -1,
                 .rules = &rules},
    };
    if (arm->partition != NULL)
        o.plan.matmul_partition =
            strcmp(arm->partition, "tokens") == 0 ? PARTITION_tokens : PARTITION_rows;
    if (context_open(&l->context, m, &o) != 0)
        return fail(EXIT_FAILED, "%s, arm %s: %s", s->model, arm->name, engine_error());
    l->peak = plan_peak(context_plan(l->context));
    const unsigned char *begin = gguf_mapping(m->gguf);
    size_t offset = (gguf_data_offset(m->gguf) + 63) / 64 * 64;
    l->weights = (struct ceiling_target){begin + offset, gguf_file_bytes(m->gguf) - offset, 0};
    return 0;
}

void lane_close(struct lane *l) {
    watch_unbind(&l->watch);
    anchors_free(&l->anchors);
    if (l->context != NULL) context_close(l->context);
    *l = (struct lane){0};
}
