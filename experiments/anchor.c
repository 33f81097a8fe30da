// SPDX-License-Identifier: MIT
#include "experiments/anchor.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void anchors_free(struct anchors *a) {
    free(a->at);
    *a = (struct anchors){0};
}

static void append(char *flags, size_t size, const char *word) {
    const size_t used = strlen(flags);
    if (strstr(flags, word) == NULL)
        snprintf(flags + used, size - used, "%s%s", used > 0 ? " " : "", word);
}

// What one thread counted, over all of its steps. Returns the regions.
static uint64_t total(const struct watch *w, const struct watch_thread *t,
                      struct counters_reading *sum) {
    uint64_t regions = 0;
    *sum = (struct counters_reading){0};
    for (size_t i = 0; i < w->plan->step_count; i++) {
        const struct probe_sum *one = &t->steps[i].time;
        regions += one->regions;
        sum->lost_groups |= one->counts.lost_groups;
        for (size_t k = 0; k < COUNTERS_MAX; k++) sum->values[k] += one->counts.values[k];
        for (size_t g = 0; g < COUNTERS_GROUPS; g++) {
            sum->enabled_ns[g] += one->counts.enabled_ns[g];
            sum->running_ns[g] += one->counts.running_ns[g];
        }
    }
    return regions;
}

static bool differ(double a, double b, double limit) {
    return a > 0 && b > 0 && fabs(a / b - 1) > limit;
}

bool anchors_disagree(const struct anchor *a, const struct anchor *b) {
    return differ(a->instructions, b->instructions, ANCHOR_INSTRUCTIONS) ||
           differ(a->cycles, b->cycles, ANCHOR_CYCLES);
}

void anchors_keep(struct anchor *first, const struct anchor *now, char *flags, size_t size) {
    if (!(now->instructions > 0 || now->cycles > 0)) return;
    if (first->instructions == 0 && first->cycles == 0)
        *first = *now;
    else if (anchors_disagree(now, first))
        append(flags, size, "anchors");
}

static void compare(struct anchors *a, const char *point, ptrdiff_t position, ptrdiff_t capacity,
                    const struct anchor *now, char *flags, size_t size) {
    if (a->point != point || a->capacity < capacity) {
        anchors_free(a);
        a->at = calloc((size_t)capacity + 1, sizeof *a->at);
        if (a->at == NULL) return;
        a->point = point;
        a->capacity = capacity;
    }
    if (position < 0 || position > a->capacity) return;
    anchors_keep(&a->at[position], now, flags, size);
}

void anchors_of_thread(const struct counters *c, const struct counters_reading *sum,
                       uint64_t regions, struct anchor *now, char *flags, size_t size,
                       const char **held) {
    struct count counts[COUNTERS_MAX];
    counters_total(c, sum, regions, counts);
    const char *others = counters_held_by_others(c, sum);
    if (*others) *held = others;
    if (*others) append(flags, size, "counters_held");
    if (sum->lost_groups != 0) append(flags, size, "counters_lost");
    bool any = false;
    for (size_t i = 0; i < counters_event_count(c); i++) {
        const char *name = counters_event(c, i)->name;
        any = any || counters_event_opened(counters_event(c, i));
        if (strcmp(name, "instructions") == 0) now->instructions += counts[i].value_net;
        if (strcmp(name, "cycles") == 0) now->cycles += counts[i].value_net;
    }
    if (!any) append(flags, size, "uncounted");
}

void anchors_flag(struct anchors *a, const struct watch *w, const char *point, ptrdiff_t position,
                  ptrdiff_t capacity, char *flags, size_t size, const char **held) {
    struct anchor now = {0, 0};
    *held = "";
    for (int thread = 0; thread < w->threads; thread++) {
        const struct watch_thread *t = &w->workers[thread];
        const struct counters *c = t->probe.counters;
        struct counters_reading sum;
        if (c == NULL) continue;
        const uint64_t regions = total(w, t, &sum);
        anchors_of_thread(c, &sum, regions, &now, flags, size, held);
    }
    if (now.instructions > 0 || now.cycles > 0)
        compare(a, point, position, capacity, &now, flags, size);
}
