// SPDX-License-Identifier: MIT
#include "experiments/region_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/error.h"
#include "experiments/failure.h"
#include "experiments/lane.h"
#include "experiments/prompt.h"
#include "probes/region_mark.h"

struct marks { // the observer: one thread
    const struct plan *plan;
    unsigned offset; // 0, or REGION_MODEL_GENERATED
    const struct kernel *kernels[REGION_MODEL_EMPTY];
    unsigned calls[REGION_MODEL_EMPTY];
    char specs[REGION_MODEL_EMPTY][160]; // OP=VARIANT:SHAPE of the first call
    bool whole[REGION_MODEL_EMPTY];      // the shape's bytes and operations are the call's
};

static bool near(double a, double b) {
    return a >= b * 0.999 && a <= b * 1.001;
}

// The words of a step's shape, from what one call of it moved and computed.
static void describe(struct marks *m, unsigned id, const struct step *s, const struct eval *e,
                     const struct work *w) {
    const struct op_info *op = op_info(s->op);
    const struct hparams *h = &m->plan->model->h;
    struct shape shape = {.rows = s->rows,
                          .cols = s->cols,
                          .tokens = 1,
                          .run = 1,
                          .kv_heads = 1,
                          .group = 1,
                          .dim = 1};
    char words[96];
    if (w->kernel == NULL || (w->bytes == 0 && w->ops == 0)) return;
    if (op->op_class == CLASS_attention) {
        shape.tokens = e->token_count;
        shape.run = e->sequences[0].position + e->token_count;
        shape.kv_heads = h->kv_heads;
        shape.group = h->heads / h->kv_heads;
        shape.dim = s->cols;
    } else if (op->op_class == CLASS_state) {
        shape.kv_heads = s->rows;
        shape.dim = s->cols;
    } else if (op->op_class == CLASS_rope || op->op_class == CLASS_kv_store) {
        shape.cols = s->rows * s->cols;
    }
    if (op->op_class != CLASS_attention)
        shape.tokens = (ptrdiff_t)((op->ops(&shape) > 0 ? w->ops / op->ops(&shape)
                                                        : w->bytes / op->bytes(&shape)) +
                                   0.5);
    if (shape.tokens < 1) shape.tokens = 1;
    m->whole[id] = near(op->ops(&shape), w->ops) && near(op->bytes(&shape), w->bytes);
    if (op->op_class == CLASS_attention)
        snprintf(words, sizeof words, "%tdx%tdx%tdx%tdx%td", shape.run, shape.kv_heads, shape.group,
                 shape.dim, shape.tokens);
    else if (op->op_class == CLASS_matmul)
        snprintf(words, sizeof words, "%tdx%tdx%td", shape.rows, shape.cols, shape.tokens);
    else if (op->op_class == CLASS_state)
        snprintf(words, sizeof words, "%tdx%tdx%td", shape.dim, shape.kv_heads, shape.tokens);
    else
        snprintf(words, sizeof words, "%tdx%td", shape.cols, shape.tokens);
    snprintf(m->specs[id], sizeof m->specs[id], "%s=%s:%s", op->name, w->kernel->variant, words);
}

static void mark_attach(void *self, int thread) {
    (void)self;
    (void)thread;
}
static void mark_begin(void *self, int thread, const struct step *s, const struct eval *e) {
    const struct marks *m = self;
    (void)thread;
    (void)e;
    region_begin((unsigned)(s - m->plan->steps) + m->offset);
}
static void mark_end(void *self, int thread, const struct step *s, const struct eval *e,
                     const struct work *w) {
    struct marks *m = self;
    const unsigned id = (unsigned)(s - m->plan->steps) + m->offset;
    (void)thread;
    region_end(id);
    if (m->calls[id] == 0) describe(m, id, s, e, w);
    m->kernels[id] = w->kernel;
    m->calls[id]++;
}

static int bad(const struct context *c) {
    (void)c;
    return fail(EXIT_FAILED, "%s", engine_error());
}

static int fill(struct lane *l, const struct settings *s, uint64_t seed, const int32_t *tokens) {
    if (s->depth == 0) return 0;
    if (strcmp(s->fill, "seeded") == 0)
        return context_seed_kv(l->context, s->depth, seed) == 0 ? 0 : bad(l->context);
    return context_eval(l->context, tokens, s->depth, OUTPUTS_none, NULL) == 0 ? 0
                                                                               : bad(l->context);
}

static int evaluate(struct lane *l, const struct settings *s, struct marks *m,
                    const int32_t *tokens) {
    long done = 0;
    m->offset = 0;
    for (long n; s->phase != PHASE_decode && done < s->tokens; done += n) {
        n = s->tokens - done < s->chunk ? s->tokens - done : s->chunk;
        const enum outputs outputs = done + n == s->tokens ? OUTPUTS_last : OUTPUTS_none;
        if (context_eval_chunk(l->context, tokens + done, n, outputs, NULL) != 0)
            return bad(l->context);
    }
    m->offset = REGION_MODEL_GENERATED;
    for (long g = 0; s->phase != PHASE_prefill && g < s->gen; g++)
        if (context_eval_chunk(l->context, tokens + done + g, 1, OUTPUTS_last, NULL) != 0)
            return bad(l->context);
    return 0;
}

static void print_steps(const struct marks *m, const struct settings *s) {
    for (unsigned id = 0; id < REGION_MODEL_EMPTY; id++) {
        if (m->calls[id] == 0) continue;
        const bool generated = id >= REGION_MODEL_GENERATED;
        const struct step *step = &m->plan->steps[generated ? id - REGION_MODEL_GENERATED : id];
        printf("step,%u,%d,%s,%s,%s,%u,%ld,%s,%d\n", id, step->layer, step->region,
               role_name(step->role), m->kernels[id] != NULL ? m->kernels[id]->symbol : "none",
               m->calls[id], generated ? s->gen : s->tokens,
               m->specs[id][0] != 0 ? m->specs[id] : "none", m->whole[id]);
    }
}

static int run_arm(const struct protocol *p, const struct arm *arm, const struct settings *s) {
    static struct marks marks;
    struct model *model = NULL;
    struct team *team = NULL;
    struct lane lane = {0};
    const ptrdiff_t capacity = s->depth + s->tokens + s->gen + 1;
    int32_t *tokens = calloc((size_t)capacity, sizeof *tokens);
    if (tokens == NULL) return fail(EXIT_FAILED, "out of memory");
    int status = model_open(&model, s->model) == 0 ? 0 : fail(EXIT_FAILED, "%s", engine_error());
    if (status == 0 && team_open(&team, 1, NULL) != 0)
        status = fail(EXIT_FAILED, "%s", engine_error());
    if (status == 0) status = prompt_tokens(model, s->prompt, p->seed, tokens, (size_t)capacity);
    if (status == 0) status = lane_open(&lane, arm, s, model, team, 1, capacity);
    if (status == 0) {
        marks.plan = context_plan(lane.context);
        if (marks.plan->step_count > REGION_MODEL_GENERATED)
            status = fail(EXIT_CANNOT, "%s has more than %d steps to tell apart", s->model,
                          REGION_MODEL_GENERATED);
    }
    if (status == 0) status = fill(&lane, s, p->seed, tokens);
    const struct observer observer = {&marks, mark_attach, mark_begin, mark_end};
    if (status == 0) {
        context_observe(lane.context, &observer);
        for (int i = 0; i < REGION_MODEL_EMPTY_CALLS; i++) {
            region_begin(REGION_MODEL_EMPTY);
            region_end(REGION_MODEL_EMPTY);
        }
        status = evaluate(&lane, s, &marks, tokens);
        context_observe(lane.context, NULL);
    }
    if (status == 0) print_steps(&marks, s);
    lane_close(&lane);
    if (team != NULL) team_close(team);
    if (model != NULL) model_close(model);
    free(tokens);
    return status;
}

int region_model(const struct command *c, const char *spec) {
    const char *overrides[FLAG_VALUES_MAX];
    size_t override_count = 0, case_index, point_index, arm_index;
    struct protocol *p = NULL;
    int path_at = 0;
    for (size_t i = 0; i < c->flag_count; i++)
        if (strcmp(c->flags[i].flag, "--set") == 0) overrides[override_count++] = c->flags[i].value;
    if (sscanf(spec, "%zu:%zu:%zu:%n", &case_index, &point_index, &arm_index, &path_at) != 3 ||
        path_at == 0)
        return fail(EXIT_USAGE, "'eval:%s' is not eval:CASE:POINT:ARM:PROTOCOL", spec);
    int status = protocol_read(&p, spec + path_at, overrides, override_count);
    if (status != 0) return status;
    if (case_index >= p->case_count || point_index >= p->cases[case_index].point_count ||
        arm_index >= p->cases[case_index].arm_count)
        status = fail(EXIT_USAGE, "'eval:%s': no such case, point or arm", spec);
    if (status == 0)
        status = run_arm(p, &p->cases[case_index].arms[arm_index],
                         &p->cases[case_index].points[point_index].settings);
    protocol_free(p);
    return status;
}
