// SPDX-License-Identifier: MIT
#include "experiments/compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/closest.h"
#include "experiments/comparison.h"
#include "experiments/evaluation.h"
#include "experiments/failure.h"
#include "experiments/statistics.h"
#include "probes/counters.h"
#include "probes/error.h"

// What an op is compared at where --shape says nothing; "*" stands before one for TOKENS that a
// matmul takes one token, a few, and many.
static const char *const *default_shapes(enum op op) {
    static const char *const matmul[] = {"8192x2048x1", "8192x2048x8", "8192x2048x512", NULL};
    static const char *const panel[] = {"8192x2048", NULL};
    static const char *const attention[] = {"2048x8x4x64x1", "2048x8x4x64x512", NULL};
    static const char *const state[] = {"64x32x1", NULL};
    static const char *const row[] = {"2048x1", "2048x512", NULL};
    static const char *const stream[] = {"32768x1", "524288x1", "536870912x1", NULL};
    static const char *const small[] = {"1024x1", NULL};
    const struct shape one = {.rows = 1024, .cols = 1, .tokens = 1};
    switch (op_info(op)->op_class) {
    case CLASS_matmul:
        return matmul;
    case CLASS_panel:
        return panel;
    case CLASS_attention:
        return attention;
    case CLASS_state:
        return state;
    case CLASS_yardstick:
        return op_info(op)->bytes(&one) > 0 || op == OP_pointer_chase ? stream : small;
    default:
        return row;
    }
}

static int read_op(struct compare_request *q, const char *name) {
    const char *best = NULL;
    int op = op_find(name);
    q->op = (enum op)op;
    if (op >= 0) return 0;
    for (int i = 0; i < OP_COUNT; i++) closest_offer(&best, name, op_info((enum op)i)->name);
    return fail(EXIT_USAGE, "compare: no op %s%s%s; inferometer list ops names them", name,
                best != NULL ? ", did you mean " : "", best != NULL ? best : "");
}

static int read_shapes(struct compare_request *q, const char *text) {
    const char *const given[] = {text, NULL}, *const *shapes = given;
    char message[256];
    if (text == NULL) shapes = default_shapes(q->op);
    for (; *shapes != NULL; shapes++) {
        struct compare_case *one = &q->cases[q->case_count];
        // A yardstick's iterations are the slices': BYTES alone will do.
        bool yardstick = op_info(q->op)->op_class == CLASS_yardstick;
        bool bare = yardstick && strchr(*shapes, 'x') == NULL;
        snprintf(one->text, sizeof one->text, "%s%s", *shapes, bare ? "x1" : "");
        if (shape_parse(q->op, one->text, &one->shape, message, sizeof message) != 0)
            return fail(EXIT_USAGE, "compare: %s", message);
        q->case_count++;
    }
    return 0;
}

static bool takes(const struct kernel *k, const struct shape *s) {
    return s->tokens >= k->tokens_min && s->tokens <= k->tokens_max;
}

static bool has(const struct compare_case *c, const struct kernel *k) {
    for (size_t i = 0; i < c->variant_count; i++)
        if (c->variants[i] == k) return true;
    return false;
}

static int add_variant(struct compare_case *c, const struct kernel *k) {
    if (has(c, k)) return 0;
    if (c->variant_count == COMPARE_VARIANTS_MAX)
        return fail(EXIT_USAGE, "compare: more than %d variants: name some with --variants",
                    COMPARE_VARIANTS_MAX);
    c->variants[c->variant_count++] = k;
    return 0;
}

static int wrong_tokens(const struct kernel *k, const struct compare_case *c) {
    char range[96];
    if (k->tokens_max == TOKENS_ANY)
        snprintf(range, sizeof range, "%td tokens or more", k->tokens_min);
    else if (k->tokens_min == k->tokens_max)
        snprintf(range, sizeof range, "%td token%s", k->tokens_min, k->tokens_min > 1 ? "s" : "");
    else
        snprintf(range, sizeof range, "%td to %td tokens", k->tokens_min, k->tokens_max);
    return fail(EXIT_USAGE, "compare: %s takes %s but %s has %td", k->symbol, range, c->text,
                c->shape.tokens);
}

// The variants that --variants names; of default shapes those that they fit.
static int named_variants(struct compare_request *q, const char *text) {
    char rule[192], message[1024];
    for (const char *at = text;; at++) {
        size_t bytes = strcspn(at, ",");
        struct kernel_rules rules = {0};
        bool fits = false;
        if (bytes == 0) return fail(EXIT_USAGE, "compare: --variants %s: an empty name", text);
        snprintf(rule, sizeof rule, "%s=%.*s", op_info(q->op)->name, (int)(bytes < 64 ? bytes : 64),
                 at);
        int status = kernel_rules_parse(&rules, rule, message, sizeof message);
        if (status != 0) return fail(status, "compare: %s", message);
        const struct kernel *k = rules.forced[0];
        for (size_t i = 0; status == 0 && i < q->case_count; i++) {
            if (takes(k, &q->cases[i].shape)) {
                status = add_variant(&q->cases[i], k);
                fits = true;
            } else if (q->shape_given) {
                return wrong_tokens(k, &q->cases[i]);
            }
        }
        if (status != 0) return status;
        if (!fits)
            return fail(EXIT_USAGE, "compare: %s takes none of the default shapes: say --shape",
                        k->symbol);
        at += bytes;
        if (*at == '\0') return 0;
    }
}

// All that this machine can run, the default first.
static int all_variants(struct compare_request *q, const struct evaluation *e) {
    int status = 0;
    for (size_t i = 0; status == 0 && i < q->case_count; i++) {
        struct compare_case *c = &q->cases[i];
        status = add_variant(c, kernel_select(q->op, c->shape.tokens, 0, &e->rules));
        for (size_t k = 0; status == 0 && k < kernel_count(); k++)
            if (kernel_at(k)->op == q->op && kernel_usable(kernel_at(k)) &&
                takes(kernel_at(k), &c->shape))
                status = add_variant(c, kernel_at(k));
    }
    return status;
}

// Cases that no variant fits are left out; that happens to default shapes alone.
static void drop_empty_cases(struct compare_request *q) {
    size_t kept = 0;
    for (size_t i = 0; i < q->case_count; i++)
        if (q->cases[i].variant_count > 0) q->cases[kept++] = q->cases[i];
    q->case_count = kept;
}

static int check_blocks(const struct compare_request *q) {
    for (size_t i = 0; i < q->case_count; i++) {
        size_t m = q->cases[i].variant_count - 1;
        if (m == 0) continue;
        size_t needed = statistics_values_needed(1 - 0.05 / (double)m);
        size_t gate = statistics_values_needed(COMPARISON_GATE_LEVEL);
        if (needed < gate) needed = gate;
        if ((size_t)q->blocks < needed)
            return fail(EXIT_USAGE,
                        "compare: --blocks %ld can never tell %zu variants from another at %s: it "
                        "takes --blocks %zu, or fewer --variants",
                        q->blocks, m, q->cases[i].text, needed);
    }
    return 0;
}

static int read_events(struct compare_request *q, const char *text) {
    static const char *const usual[] = {"cycles", "instructions"};
    static char words[4096];
    struct counters *counters = NULL;
    if (text == NULL) {
        for (size_t i = 0; i < 2; i++) q->events[q->event_count++] = usual[i];
        return 0;
    }
    snprintf(words, sizeof words, "%s", text);
    char *rest = words;
    for (char *word; (word = strsep(&rest, ",")) != NULL;) {
        if (word[0] == '\0' || strpbrk(word, "\"# \t\n") != NULL)
            return fail(EXIT_USAGE, "compare: --events %s: '%s' is no event", text, word);
        if (q->event_count == sizeof q->events / sizeof *q->events)
            return fail(EXIT_USAGE, "compare: --events %s: too many", text);
        if (counters_open(&counters, (const char *const *)&word, 1) != 0)
            return fail(EXIT_USAGE, "compare: --events %s: %s", text, probes_error());
        counters_close(counters);
        q->events[q->event_count++] = word;
    }
    return 0;
}

// Counts alone: then it is only asked what --check is to check.
static bool counted_source(const char *source) {
    return source != NULL && (strcmp(source, "sim") == 0 || strcmp(source, "static") == 0);
}

int compare_choose(struct compare_request *q, const struct command *c) {
    struct evaluation e;
    const char *variants = command_value(c, "--variants", NULL);
    const char *shape = command_value(c, "--shape", NULL);
    if (c->positional_count != 1) return fail(EXIT_USAGE, "compare: takes one op");
    int status = read_op(q, c->positional[0]);
    if (status == 0) status = evaluation_restrict(c, c->argv);
    if (status == 0) status = evaluation_read(&e, c, FORMAT_f16);
    if (status == 0) status = command_number(c, "--blocks", 1, 1000, 10, &q->blocks);
    if (status != 0) return status;
    q->threads = e.threads;
    q->shape_given = shape != NULL;
    q->variants_given = variants != NULL;
    q->source = command_value(c, "--source", NULL);
    const char *target = command_value(c, "--target", NULL);
    if (target != NULL && !counted_source(q->source))
        return fail(EXIT_USAGE,
                    "compare: --target %s: times are of this machine; counts of others come with "
                    "--source sim or static",
                    target);
    if ((status = read_shapes(q, shape)) != 0) return status;
    status = variants != NULL ? named_variants(q, variants) : all_variants(q, &e);
    if (status == 0) drop_empty_cases(q);
    if (status != 0 || counted_source(q->source)) return status;
    status = read_events(q, command_value(c, "--events", NULL));
    return status == 0 ? check_blocks(q) : status;
}
