// SPDX-License-Identifier: MIT
#include "probes/selftest.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "probes/error.h"
#include "probes/group.h"
#include "probes/selftest_soft.h"

// What each name asks, and how far from the truth an honest counter may be: interrupts and replays
// add a little to what retires; what is dispatched or speculated runs ahead; lines have neighbours.
static const struct {
    const char *event;
    enum selftest_quantity quantity;
    double tolerance;
} questions[] = {
    {"cycles", SELFTEST_cycles, 0.05},
    {"cpu-cycles", SELFTEST_cycles, 0.05},
    {"instructions", SELFTEST_instructions, 0.001},
    {"branches", SELFTEST_branches, 0.001},
    {"branch-instructions", SELFTEST_branches, 0.001},
    {"branch_misses", SELFTEST_mispredictions, 0.1},
    {"branch-misses", SELFTEST_mispredictions, 0.1},
    {"loads", SELFTEST_loads, 0.02},
    {"stores", SELFTEST_stores, 0.02},
    {"vector_ops", SELFTEST_vector, 0.02},
    {"vector_dot_ops", SELFTEST_dot, 0.02},
    {"l1d_fills", SELFTEST_l2_lines, 0.15},
    {"l2_fills", SELFTEST_l3_lines, 0.2},
    {"l3_hits", SELFTEST_l3_lines, 0.2},
    {"dram_fills", SELFTEST_dram_lines, 0.2},
    {"dtlb_misses", SELFTEST_walks, 0.2},
};
#define QUESTIONS (sizeof questions / sizeof questions[0])

#define VERDICTS_MAX 64
static struct verdict {
    char event[96];
    enum status status;
    enum source source;
} verdicts[VERDICTS_MAX];
static size_t verdict_count;

static const char *bare(const char *event) {
    return strncasecmp(event, "perf::", 6) ? event : event + 6;
}

enum status selftest_verdict(const char *event, enum source *source) {
    for (size_t i = 0; i < verdict_count; i++) {
        if (strcmp(verdicts[i].event, bare(event))) continue;
        *source = verdicts[i].source;
        return verdicts[i].status;
    }
    return STATUS_unverified;
}

bool selftest_asks(const char *const *events, size_t count, enum selftest_quantity q) {
    if (!events) return true;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < QUESTIONS; k++)
            if (questions[k].quantity == q && !strcmp(questions[k].event, bare(events[i])))
                return true;
    return false;
}

static void keep(const char *event, enum status status, enum source source) {
    size_t i = 0;
    while (i < verdict_count && strcmp(verdicts[i].event, bare(event))) i++;
    if (i == VERDICTS_MAX) return;
    if (i == verdict_count) verdict_count++;
    snprintf(verdicts[i].event, sizeof verdicts[i].event, "%s", bare(event));
    verdicts[i].status = status;
    verdicts[i].source = source;
}

enum status selftest_judge(double expected, double value, double tolerance, double slack) {
    if (value == 0 && expected > 0) return STATUS_zero_suspect;
    return fabs(value - expected) <= tolerance * expected + slack ? STATUS_ok
                                                                  : STATUS_selftest_failed;
}

// The count of one event over one call. NaN where its status has no value.
static double counted(struct counters *c, const struct selftest_loop *l, uint64_t iterations,
                      enum status *status) {
    struct counters_reading begin, end;
    struct count n;
    counters_read(c, &begin);
    l->run(l->arg, iterations);
    counters_read(c, &end);
    counters_difference(c, &begin, &end, &n);
    *status = n.status;
    // A zero is what this test is there to find.
    return n.status == STATUS_zero_suspect ? 0 : n.value_raw;
}

#define REPEATS 5
static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// Twice the work less the work, the median of some: what surrounds the loop falls out.
static double difference(struct counters *c, const struct selftest_loop *l, enum status *status) {
    double differences[REPEATS];
    counted(c, l, l->iterations, status); // warm
    for (int i = 0; i < REPEATS; i++) {
        double once = counted(c, l, l->iterations, status);
        if (*status == STATUS_multiplexed) return NAN; // someone else holds counters: no verdict
        double twice = counted(c, l, 2 * l->iterations, status);
        differences[i] = twice - once;
        if (isnan(differences[i]) || *status == STATUS_multiplexed) return NAN;
    }
    qsort(differences, REPEATS, sizeof differences[0], ascending);
    return differences[REPEATS / 2];
}

static const struct selftest_loop *loop_for(const struct selftest_loop *loops, size_t count,
                                            enum selftest_quantity q) {
    for (size_t i = 0; i < count; i++)
        if (loops[i].quantity == q) return &loops[i];
    return NULL;
}

static void ask(struct counters *c, const struct selftest_loop *l, double tolerance,
                struct selftest_result *r) {
    enum status status;
    const double n = (double)l->iterations;
    r->loop = l->name;
    r->expected = n * l->each;
    r->value = difference(c, l, &status);
    if (isnan(r->value)) { // of the event itself nothing is known then
        r->status = status == STATUS_multiplexed ? STATUS_lost : status;
        snprintf(r->reason, sizeof r->reason, "the count itself is %s: %s", status_name(status),
                 "someone else holds counters, or took them away");
        return;
    }
    // Four standard deviations of the difference of a call of 2n and one of n.
    r->status = selftest_judge(r->expected, r->value, tolerance, 4 * sqrt(3 * n * l->variance));
    if (r->status == STATUS_ok) return;
    snprintf(r->reason, sizeof r->reason, "%.0f counted, %.0f expected of %s: off for this session",
             r->value, r->expected, l->name);
    r->value = NAN; // these statuses have no values
}

static void test_hardware(const struct selftest_loop *loops, size_t loop_count,
                          struct selftest_result *r, struct counters *c) {
    size_t q = 0;
    while (q < QUESTIONS && strcmp(questions[q].event, bare(r->event))) q++;
    const struct selftest_loop *l =
        q < QUESTIONS ? loop_for(loops, loop_count, questions[q].quantity) : NULL;
    r->status = STATUS_unverified;
    if (l && r->source == SOURCE_emu && questions[q].quantity == SELFTEST_cycles) {
        snprintf(r->reason, sizeof r->reason, "cycles of an emulated PMU have no meaning in time");
        l = NULL;
    } else if (!l) {
        snprintf(r->reason, sizeof r->reason, "%s",
                 q == QUESTIONS
                     ? "no loop of known counts asks for it"
                     : "no loop that this CPU can run asks for it, or its cache sizes are unknown");
    }
    if (!l) return;
    ask(c, l, questions[q].tolerance, r);
    if (r->status != STATUS_lost) keep(r->event, r->status, r->source);
}

static void test_one(const char *event, const struct selftest_loop *loops, size_t loop_count,
                     struct selftest_result *r) {
    struct counters *c = NULL;
    *r = (struct selftest_result){.expected = NAN, .value = NAN, .loop = ""};
    snprintf(r->event, sizeof r->event, "%s", event);
    keep(event, STATUS_unverified,
         SOURCE_pmu); // an older verdict would stand in the way of a new one
    if (counters_open(&c, &event, 1)) {
        r->status = STATUS_unsupported;
        snprintf(r->reason, sizeof r->reason, "%.319s", probes_error());
        return;
    }
    const struct event *e = counters_event(c, 0);
    r->source = e->source;
    r->status = e->status;
    snprintf(r->reason, sizeof r->reason, "%s", e->reason);
    if (!counters_event_opened(e))
        ;
    else if (e->source == SOURCE_soft)
        selftest_soft(c, r);
    else
        test_hardware(loops, loop_count, r, c);
    counters_close(c);
}

size_t selftest_run(const struct selftest_loop *loops, size_t loop_count, const char *const *events,
                    size_t event_count, struct selftest_result *results, size_t max) {
    size_t n = 0;
    if (events) {
        for (size_t i = 0; i < event_count; i++, n++)
            if (n < max) test_one(events[i], loops, loop_count, &results[n]);
        return n;
    }
    const struct event_group *g = group_selected();
    for (size_t i = 0; g && i < g->event_count; i++) {
        size_t k = 0;
        while (strcmp(g->events[k].name, g->events[i].name)) k++;
        if (k < i) continue; // again, for another kind of core
        if (n < max) test_one(g->events[i].name, loops, loop_count, &results[n]);
        n++;
    }
    for (size_t i = 0; selftest_soft_name(i); i++, n++)
        if (n < max) test_one(selftest_soft_name(i), loops, loop_count, &results[n]);
    return n;
}
