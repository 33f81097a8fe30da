// SPDX-License-Identifier: MIT
// What must not depend on how an evaluation is cut up, shared out or watched.
//   check_contexts --list
//   check_contexts CASE        exit 0 right, 1 wrong
#include "tests/engine/golden.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/perplexity.h"
#include "engine/step_cost.h"

#define MODEL "embedded:kjv-3.7m"
#define QUANTIZED "tests/data/kjv/q8_0.gguf"
#define TOKENS 200
#define SUMS 1e-5 // of the largest logit: float sums in another order
// Another order of sums moves an activation over a rounding edge of int8 here and there.
#define ROUNDED 2e-2

static int failures;

static void expect(bool ok, const char *what, double got, double allowed) {
    printf("%s %s: %.3g (allowed %g)\n", ok ? "ok" : "FAILED", what, got, allowed);
    failures += !ok;
}

static void near(const char *what, const float *a, const float *b, ptrdiff_t count,
                 double allowed) {
    double d = golden_distance(a, b, count);
    expect(d <= allowed, what, d, allowed);
}

static struct golden_options options_of(const char *rules) {
    return (struct golden_options){.rules = rules, .act = -1, .partition = -1};
}

static void make_tokens(int32_t *tokens, ptrdiff_t count, ptrdiff_t vocabulary, uint32_t seed) {
    for (ptrdiff_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        tokens[i] = (int32_t)((seed >> 8) % (uint32_t)vocabulary);
    }
}

// Logits of the last of `count` tokens, evaluated in chunks of the given sizes, in turn.
static void in_chunks(struct context *c, const int32_t *tokens, ptrdiff_t count,
                      const ptrdiff_t *sizes, float *logits) {
    context_rewind(c, 0);
    for (ptrdiff_t done = 0, i = 0; done < count; i++) {
        if (sizes[i] == 0) i = 0;
        ptrdiff_t n = sizes[i] < count - done ? sizes[i] : count - done;
        golden_ok(context_eval(c, tokens + done, n, OUTPUTS_last, logits), "context_eval");
        done += n;
    }
}

static void chunks(const char *model, const char *rules, int threads, double allowed) {
    static const ptrdiff_t sizes[][4] = {{1, 0},          {3, 5, 1, 0}, {16, 0}, {64, 17, 0},
                                         {85, 85, 30, 0}, {169, 31, 0}, {199, 0}};
    struct golden g;
    struct golden_options o = options_of(rules);
    o.threads = threads;
    golden_open(&g, model, &o);
    ptrdiff_t vocabulary = g.model->h.vocabulary;
    int32_t tokens[TOKENS];
    make_tokens(tokens, TOKENS, vocabulary, 7);
    float *whole = golden_floats(vocabulary), *parts = golden_floats(vocabulary);
    golden_ok(context_eval(g.context, tokens, TOKENS, OUTPUTS_last, whole), "whole");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char what[64];
        in_chunks(g.context, tokens, TOKENS, sizes[i], parts);
        snprintf(what, sizeof what, "chunks of %td, ...", sizes[i][0]);
        near(what, parts, whole, vocabulary, allowed);
    }
    // A context whose largest chunk is 7 cuts by itself.
    o.max_tokens = 7;
    struct context *small = golden_context(&g, &o);
    golden_ok(context_eval(small, tokens, TOKENS, OUTPUTS_last, parts), "chunks of 7");
    near("largest chunk 7", parts, whole, vocabulary, allowed);
    context_close(small);
    free(whole);
    free(parts);
    golden_close(&g);
}

static void chunks_reference(void) {
    chunks(MODEL, "*=c", 1, 0);
}
static void chunks_default(void) {
    chunks(MODEL, NULL, 2, SUMS);
}
static void chunks_quantized(void) {
    chunks(QUANTIZED, NULL, 2, ROUNDED);
}
static void chunks_quantized_reference(void) {
    chunks(QUANTIZED, "*=c", 3, 0);
}

static void outputs_all(void) {
    struct golden g;
    struct golden_options o = options_of("*=c");
    o.threads = 2;
    o.max_tokens = 16;
    golden_open(&g, MODEL, &o);
    ptrdiff_t vocabulary = g.model->h.vocabulary;
    int32_t tokens[40];
    make_tokens(tokens, 40, vocabulary, 3);
    float *all = golden_floats(40 * vocabulary), *last = golden_floats(vocabulary);
    golden_ok(context_eval(g.context, tokens, 40, OUTPUTS_all, all), "all");
    context_rewind(g.context, 0);
    for (ptrdiff_t t = 0; t < 40; t++) {
        golden_ok(context_eval(g.context, tokens + t, 1, OUTPUTS_last, last), "last");
        if (t % 13 == 0) near("token by token", last, all + t * vocabulary, vocabulary, 0);
    }
    golden_ok(context_eval(g.context, tokens, 1, OUTPUTS_none, NULL), "none");
    golden_ok(context_eval(g.context, tokens, 1, OUTPUTS_last, NULL), "last, nowhere to put it");
    expect(context_eval(g.context, tokens, 1, OUTPUTS_all, NULL) == -EINVAL, "all without a buffer",
           0, 0);
    free(all);
    free(last);
    golden_close(&g);
}

static void two_contexts(void) {
    struct golden g;
    struct golden_options o = options_of(NULL), reference = options_of("*=c");
    o.threads = 2;
    golden_open(&g, MODEL, &o);
    struct context *b = golden_context(&g, &reference);
    ptrdiff_t vocabulary = g.model->h.vocabulary;
    int32_t left[60], right[60];
    make_tokens(left, 60, vocabulary, 1);
    make_tokens(right, 60, vocabulary, 2);
    float *alone_a = golden_floats(vocabulary), *alone_b = golden_floats(vocabulary);
    float *a = golden_floats(vocabulary), *bb = golden_floats(vocabulary);
    static const ptrdiff_t sizes[] = {20, 1, 1, 0};
    in_chunks(g.context, left, 60, sizes, alone_a);
    in_chunks(b, right, 60, sizes, alone_b);
    context_rewind(g.context, 0);
    context_rewind(b, 0);
    for (ptrdiff_t done = 0, i = 0; done < 60; i++) { // the same chunks, in turns
        ptrdiff_t n = i % 3 == 0 ? 20 : 1;
        if (n > 60 - done) n = 60 - done;
        golden_ok(context_eval_chunk(g.context, left + done, n, OUTPUTS_last, a), "a");
        golden_ok(context_eval_chunk(b, right + done, n, OUTPUTS_last, bb), "b");
        done += n;
    }
    near("first of two", a, alone_a, vocabulary, 0);
    near("second of two", bb, alone_b, vocabulary, 0);
    context_close(b);
    free(alone_a);
    free(alone_b);
    free(a);
    free(bb);
    golden_close(&g);
}

// The prompt at once and one token behind it, under some options.
static float *logits_under(const char *model, const struct golden_options *o, ptrdiff_t depth) {
    struct golden g;
    golden_open(&g, model, o);
    ptrdiff_t vocabulary = g.model->h.vocabulary;
    float *logits = golden_floats(2 * vocabulary);
    int32_t tokens[97];
    make_tokens(tokens, 97, vocabulary, 5);
    golden_ok(context_seed_kv(g.context, depth, 11), "context_seed_kv");
    golden_ok(context_eval(g.context, tokens, 96, OUTPUTS_last, logits), "prompt");
    golden_ok(context_eval(g.context, tokens + 96, 1, OUTPUTS_last, logits + vocabulary), "token");
    golden_close(&g);
    return logits;
}

static void same_under(const char *what, const char *model, struct golden_options a,
                       struct golden_options b, ptrdiff_t depth, double allowed) {
    float *x = logits_under(model, &a, depth), *y = logits_under(model, &b, depth);
    near(what, x, y, 2 * 2048, allowed);
    free(x);
    free(y);
}

static void partition_tokens(void) {
    struct golden_options rows = options_of("*=c"), tokens = rows;
    rows.threads = tokens.threads = 3;
    tokens.partition = PARTITION_tokens;
    same_under("reference", MODEL, tokens, rows, 0, 0);
    rows.rules = tokens.rules = NULL;
    same_under("default", MODEL, tokens, rows, 0, SUMS);
    same_under("default, quantized", QUANTIZED, tokens, rows, 0, ROUNDED);
}

static void threads(void) {
    struct golden_options one = options_of("*=c"), more = one;
    for (more.threads = 2; more.threads <= 4; more.threads++) {
        same_under("reference", MODEL, more, one, 0, 0);
        same_under("reference, quantized", QUANTIZED, more, one, 0, 0);
    }
    one.rules = more.rules = NULL;
    more.threads = 2;
    same_under("default", MODEL, more, one, 0, SUMS);
}

// 3 threads for 4 KV heads and a long cache: the keys are split and the states merged.
static void split_keys(void) {
    struct golden_options one = options_of("*=c");
    one.context_tokens = 2000;
    struct golden_options three = one;
    three.threads = 3;
    same_under("reference", MODEL, three, one, 1600, SUMS);
    one.rules = three.rules = NULL;
    same_under("default", MODEL, three, one, 1600, SUMS);
    one.kv = three.kv = FORMAT_f16;
    same_under("f16", MODEL, three, one, 1600, SUMS);
}

static void kv_f16(void) {
    struct golden_options exact = options_of(NULL), half = exact;
    half.kv = FORMAT_f16;
    same_under("f16", MODEL, half, exact, 0, 5e-3);
    float *x = logits_under(MODEL, &half, 0), *y = logits_under(MODEL, &exact, 0);
    expect(memcmp(x, y, 2048 * sizeof *x) != 0, "f16 is another cache than f32", 0, 0);
    free(x);
    free(y);
    const struct kernel *direct = kernel_find(OP_attention_f16, "avx2_direct");
    if (!direct || !kernel_usable(direct)) return;
    exact = half, exact.threads = 2, exact.rules = "attention_f16=avx2_direct";
    exact.context_tokens = half.context_tokens = 2000;
    same_under("direct, whole runs", MODEL, exact, half, 1200, SUMS);
}

// A key or value is off by at most 1/254 of the largest of its 32, f16 by 1/2048 of itself; the
// errors of many keys average out (0.004 was seen).
static void kv_q8_0(void) {
    struct golden_options exact = options_of(NULL), quarter = exact, c;
    quarter.kv = FORMAT_q8_0;
    same_under("q8_0", MODEL, quarter, exact, 0, 1e-2);
    float *x = logits_under(MODEL, &quarter, 0), *y = logits_under(MODEL, &exact, 0);
    expect(memcmp(x, y, 2048 * sizeof *x) != 0, "q8_0 is another cache than f32", 0, 0);
    free(x);
    free(y);
    c = quarter, c.rules = "*=c";
    same_under("q8_0, default and reference", MODEL, quarter, c, 0, ROUNDED);
    quarter.context_tokens = 2000;
    struct golden_options three = quarter;
    three.threads = 3;
    same_under("q8_0, keys split", MODEL, three, quarter, 1600, SUMS);
    // Rows that were rewound are stored again.
    struct golden g;
    golden_open(&g, MODEL, &quarter);
    ptrdiff_t vocabulary = g.model->h.vocabulary;
    int32_t tokens[80];
    make_tokens(tokens, 80, vocabulary, 3);
    float *first = golden_floats(vocabulary), *again = golden_floats(vocabulary);
    golden_ok(context_eval(g.context, tokens, 40, OUTPUTS_last, first), "first");
    golden_ok(context_eval(g.context, tokens + 40, 40, OUTPUTS_last, again), "beyond");
    context_rewind(g.context, 20);
    golden_ok(context_eval(g.context, tokens + 20, 20, OUTPUTS_last, again), "again");
    near("q8_0, rewound", again, first, vocabulary, SUMS);
    free(first);
    free(again);
    golden_close(&g);
}

static void seeded_kv(void) {
    struct golden_options a = options_of("*=c"), b = a;
    a.context_tokens = 1000;
    b.context_tokens = 1500;
    b.threads = 2;
    same_under("threads and capacities", MODEL, b, a, 700, 0);
    // Rows that an evaluation has overwritten are seeded again.
    struct golden g;
    golden_open(&g, MODEL, &a);
    ptrdiff_t vocabulary = g.model->h.vocabulary;
    int32_t tokens[50];
    make_tokens(tokens, 50, vocabulary, 9);
    float *first = golden_floats(vocabulary), *again = golden_floats(vocabulary);
    golden_ok(context_seed_kv(g.context, 300, 4), "seed");
    golden_ok(context_eval(g.context, tokens, 1, OUTPUTS_last, first), "first");
    golden_ok(context_seed_kv(g.context, 100, 4), "seed");
    golden_ok(context_eval(g.context, tokens, 50, OUTPUTS_last, again), "between");
    golden_ok(context_seed_kv(g.context, 300, 4), "seed");
    golden_ok(context_eval(g.context, tokens, 1, OUTPUTS_last, again), "again");
    near("seeded again", again, first, vocabulary, 0);
    golden_ok(context_seed_kv(g.context, 300, 5), "another seed");
    golden_ok(context_eval(g.context, tokens, 1, OUTPUTS_last, again), "another seed");
    double d = golden_distance(again, first, vocabulary);
    expect(d > 1e-3, "another seed differs", d, 1e-3);
    free(first);
    free(again);
    golden_close(&g);
}

static void names_model(int got, int error, const char *part) {
    const char *message = engine_error();
    expect(got == error && strstr(message, ".gguf: ") && strstr(message, part), part, got, error);
    printf("  %s\n", message);
}

static void refused_options(const struct golden *g) {
    struct context *c;
    struct context_options o = {.team = g->team, .context_tokens = 256};
    o.plan = (struct plan_options){.kv = FORMAT_q4_0, .act = -1, .matmul_partition = -1};
    names_model(context_open(&c, g->model, &o), -ENOTSUP, "a KV cache in q4_0");
    o.plan = (struct plan_options){.kv = FORMAT_f16, .act = -1, .matmul_partition = PARTITION_kv};
    names_model(context_open(&c, g->model, &o), -EINVAL, "not by kv");
    o.plan = (struct plan_options){.kv = FORMAT_f16, .act = FORMAT_i8, .matmul_partition = -1};
    names_model(context_open(&c, g->model, &o), -ENOTSUP, "activations in i8");
    o.plan = (struct plan_options){.kv = FORMAT_f16, .act = -1, .matmul_partition = -1};
    o.threads = 1000;
    names_model(context_open(&c, g->model, &o), -EINVAL, "1000 threads");
    int32_t ids[] = {1, 2, (int32_t)g->model->h.vocabulary};
    struct perplexity p;
    names_model(perplexity_of(&p, g->context, ids, 3, 1, 4, NULL), -EINVAL, "token 2 is");
    names_model(perplexity_of(&p, g->context, ids, 2, 1, 4, NULL), -EINVAL, "the text has 2");
}

static void refusals(void) {
    struct golden g;
    struct golden_options o = options_of(NULL);
    golden_open(&g, MODEL, &o);
    struct context *c = g.context;
    int32_t tokens[300] = {0}, wrong = (int32_t)g.model->h.vocabulary, negative = -1;
    expect(context_eval(c, tokens, 257, OUTPUTS_none, NULL) == -ERANGE, "beyond the context", 0, 0);
    printf("  %s\n", engine_error());
    expect(context_seed_kv(c, 257, 1) == -ERANGE, "a depth beyond the context", 0, 0);
    printf("  %s\n", engine_error());
    expect(context_eval(c, &wrong, 1, OUTPUTS_none, NULL) == -EINVAL, "token out of range", 0, 0);
    printf("  %s\n", engine_error());
    expect(context_eval(c, &negative, 1, OUTPUTS_none, NULL) == -EINVAL, "negative token", 0, 0);
    expect(context_eval(c, tokens, 0, OUTPUTS_none, NULL) == -EINVAL, "no token", 0, 0);
    expect(context_position(c) == 0, "nothing was appended", (double)context_position(c), 0);
    golden_ok(context_eval(c, tokens, 256, OUTPUTS_none, NULL), "a full context");
    expect(context_eval(c, tokens, 1, OUTPUTS_none, NULL) == -ERANGE, "one more", 0, 0);
    refused_options(&g);
    golden_close(&g);
}

#define WATCHED_THREADS 3
struct watch { // what each worker was told
    size_t attached, begun, ended, steps;
    const struct step *open;
    double bytes[512], ops[512]; // of each step
    const struct plan *plan;
};
static struct watch watches[WATCHED_THREADS];

static void watch_attach(void *self, int thread) {
    ((struct watch *)self)[thread].attached++;
}
static void watch_begin(void *self, int thread, const struct step *s, const struct eval *e) {
    struct watch *w = (struct watch *)self + thread;
    (void)e;
    if (w->open || s != w->plan->steps + w->begun) golden_die(1, "FAILED begin out of order");
    w->open = s;
    w->begun++;
}
static void watch_end(void *self, int thread, const struct step *s, const struct eval *e,
                      const struct work *work) {
    struct watch *w = (struct watch *)self + thread;
    (void)e;
    if (w->open != s) golden_die(1, "FAILED end of a step that was not begun");
    if (!work->kernel) golden_die(1, "FAILED step %s has no kernel", s->region);
    w->open = NULL;
    w->bytes[w->ended] = work->bytes;
    w->ops[w->ended++] = work->ops;
}

static void observe(ptrdiff_t tokens, ptrdiff_t depth, int partition) {
    static const struct observer observer = {watches, watch_attach, watch_begin, watch_end};
    struct golden g;
    struct golden_options o = options_of(NULL);
    o.threads = WATCHED_THREADS;
    o.context_tokens = 2000;
    o.partition = partition;
    golden_open(&g, QUANTIZED, &o);
    const struct plan *p = context_plan(g.context);
    memset(watches, 0, sizeof watches);
    for (int i = 0; i < WATCHED_THREADS; i++) watches[i].plan = p;
    int32_t ids[64];
    make_tokens(ids, 64, g.model->h.vocabulary, 5);
    golden_ok(context_seed_kv(g.context, depth, 1), "seed");
    context_observe(g.context, &observer);
    golden_ok(context_eval(g.context, ids, 3, OUTPUTS_last, NULL), "another eval");
    for (int i = 0; i < 3; i++) { // what is told again must still be right
        for (int w = 0; w < WATCHED_THREADS; w++) watches[w].begun = watches[w].ended = 0;
        context_rewind(g.context, depth);
        golden_ok(context_eval(g.context, ids, tokens, OUTPUTS_last, NULL), "eval");
    }
    context_observe(g.context, NULL);
    golden_ok(context_eval(g.context, ids, tokens, OUTPUTS_last, NULL), "eval unwatched");
    bool told = true;
    for (int i = 0; i < WATCHED_THREADS; i++)
        told = told && watches[i].attached == 1 && watches[i].ended == p->step_count;
    expect(told, "each worker was told of each step", 0, 0);
    double worst = 0;
    for (size_t s = 0; s < p->step_count; s++) {
        double ops = 0, bytes = 0, want_ops, want_bytes;
        for (int i = 0; i < WATCHED_THREADS; i++) {
            ops += watches[i].ops[s];
            bytes += watches[i].bytes[s];
        }
        step_cost(p, &p->steps[s], tokens, depth, 1, &want_bytes, &want_ops);
        if (p->steps[s].op == OP_attention_merge) continue; // not foreseen
        worst = fmax(worst, fabs(ops - want_ops) / fmax(want_ops, 1));
        // What several threads read is counted for each of them.
        bool shared = partition == PARTITION_tokens || tokens > 8;
        if (!shared) worst = fmax(worst, fabs(bytes - want_bytes) / fmax(want_bytes, 1));
    }
    expect(worst < 1e-9, "sums over the workers are the steps' costs", worst, 1e-9);
    golden_close(&g);
}

static void observed(void) {
    observe(1, 0, -1);
    observe(1, 1600, -1);
    observe(5, 1600, -1);
    observe(64, 100, -1);
    observe(64, 0, PARTITION_tokens);
}

struct rounds {
    struct team *team;
    int threads, wrong, cells[5];
};

static void play_rounds(void *arg, int thread) {
    struct rounds *r = arg;
    for (int round = 0; round < 50; round++) {
        r->cells[thread]++;
        team_barrier(r->team, thread);
        bool wrong = r->cells[(thread + 1) % r->threads] != r->cells[thread];
        team_barrier(r->team, thread);
        if (wrong && thread == 0) r->wrong++;
    }
}

// More threads than this machine has CPUs, jobs of other sizes in between.
static void team(void) {
    struct team *t;
    golden_ok(team_open(&t, 5, NULL), "team_open");
    struct rounds all = {.team = t, .threads = 5}, one = {.team = t, .threads = 1};
    for (int job = 0; job < 20; job++) {
        team_run(t, 5, play_rounds, &all);
        team_run(t, 1, play_rounds, &one);
    }
    for (int i = 0; i < 5; i++) expect(all.cells[i] == 1000, "rounds", all.cells[i], 1000);
    expect(one.cells[0] == 1000, "rounds alone", one.cells[0], 1000);
    expect(all.wrong == 0, "rounds out of step", all.wrong, 0);
    team_close(t);
    int none[] = {1 << 20};
    expect(team_open(&t, 1, none) < 0, "a CPU that is not there", 0, 0);
    printf("  %s\n", engine_error());
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
#define CASE(name)                                                                                 \
    { #name, name }
    CASE(chunks_reference),
    CASE(chunks_default),
    CASE(chunks_quantized),
    CASE(chunks_quantized_reference),
    CASE(outputs_all),
    CASE(two_contexts),
    CASE(partition_tokens),
    CASE(threads),
    CASE(split_keys),
    CASE(kv_f16),
    CASE(kv_q8_0),
    CASE(seeded_kv),
    CASE(refusals),
    CASE(observed),
    CASE(team),
#undef CASE
};

int main(int argc, char **argv) {
    if (argc == 2 && !strcmp(argv[1], "--list")) {
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) puts(cases[i].name);
        return 0;
    }
    for (size_t i = 0; argc == 2 && i < sizeof cases / sizeof *cases; i++) {
        if (strcmp(argv[1], cases[i].name) != 0) continue;
        cases[i].run();
        if (failures) printf("again: %s %s\n", argv[0], argv[1]);
        return failures > 0;
    }
    fputs("usage: check_contexts --list | CASE\n", stderr);
    return 2;
}
