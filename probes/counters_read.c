// SPDX-License-Identifier: MIT
// Readings of open counters, their differences and sums, and what an empty region counts.
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probes/counters_judge.h"
#include "probes/counters_parts.h"

static void read_by_call(const struct counters *c, size_t g, struct counters_reading *r) {
    const struct counter_group *group = &c->groups[g];
    uint64_t values[3 + COUNTERS_MAX]; // members, enabled, running, value…
    ssize_t want = (ssize_t)((3 + group->members) * sizeof(uint64_t));
    bool got = read(group->leader, values, sizeof values) == want;
    if (!got) memset(values, 0, sizeof values);
    if (!got) r->lost_groups |= 1u << g;
    r->enabled_ns[g] = values[1];
    r->running_ns[g] = values[2];
    for (size_t m = 0; m < group->members; m++) r->values[group->slots[m]] = values[3 + m];
}

void counters_read_groups(const struct counters *c, struct counters_reading *r) {
    for (size_t g = 0; g < c->group_count; g++)
        if (!c->groups[g].user || !counters_user_read(c, g, r)) read_by_call(c, g, r);
    // On a core of another kind this PMU does not see the thread.
    if (c->core && !CPU_ISSET((size_t)sched_getcpu(), &c->core->cpus))
        r->lost_groups |= 1u << c->core_group;
}

void counters_read(struct counters *c, struct counters_reading *r) {
    r->lost_groups = 0;
    if (c->fast)
        counters_fast_read(c, r);
    else
        counters_read_groups(c, r);
}

void counters_add_groups(const struct counters *c, const struct counters_reading *begin,
                         struct counters_reading *sum) {
    struct counters_reading end = {.lost_groups = 0};
    counters_read_groups(c, &end);
    counters_add(c, sum, begin, &end);
}

void counters_read_add(struct counters *c, const struct counters_reading *begin,
                       struct counters_reading *sum) {
    if (c->fast)
        counters_fast_add(c, begin, sum);
    else
        counters_add_groups(c, begin, sum);
}

bool counters_read_in_user_space(const struct counters *c) {
    return c->core_group < c->group_count && c->groups[c->core_group].user;
}

void counters_use_system_calls(struct counters *c) {
    for (size_t g = 0; g < c->group_count; g++) c->groups[g].user = false;
    c->fast = false;
    counters_calibrate(c);
}

void counters_add(const struct counters *c, struct counters_reading *sum,
                  const struct counters_reading *begin, const struct counters_reading *end) {
    sum->lost_groups |= begin->lost_groups | end->lost_groups;
    for (size_t g = 0; g < c->group_count; g++) {
        sum->enabled_ns[g] += end->enabled_ns[g] - begin->enabled_ns[g];
        sum->running_ns[g] += end->running_ns[g] - begin->running_ns[g];
    }
    for (size_t i = 0; i < c->count; i++) sum->values[i] += end->values[i] - begin->values[i];
}

void counters_total(const struct counters *c, const struct counters_reading *sum, uint64_t regions,
                    struct count *counts) {
    for (size_t i = 0; i < c->count; i++) {
        const struct slot *s = &c->slots[i];
        struct observation o = {.opened = c->events[i].status,
                                .regions = regions,
                                .never_zero = s->never_zero,
                                .overhead = s->overhead,
                                .spread = s->spread};
        if (s->fd >= 0) {
            o.value = sum->values[i];
            o.enabled_ns = sum->enabled_ns[s->group];
            o.running_ns = sum->running_ns[s->group];
            o.lost = sum->lost_groups >> s->group & 1;
            // Off the PMU of its kind of core, for all that is known on the other kind.
            if (c->core && s->group == c->core_group && o.running_ns < o.enabled_ns) o.lost = true;
        }
        counts[i].source = c->events[i].source;
        counters_judge(&o, &counts[i]);
    }
}

void counters_difference(const struct counters *c, const struct counters_reading *begin,
                         const struct counters_reading *end, struct count *counts) {
    struct counters_reading sum = {0};
    counters_add(c, &sum, begin, end);
    counters_total(c, &sum, 1, counts);
}

#define EMPTY_REGIONS 100
static int ascending(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

void counters_calibrate(struct counters *c) {
    static const size_t median = EMPTY_REGIONS / 2, low = EMPTY_REGIONS / 10,
                        high = EMPTY_REGIONS - 1 - EMPTY_REGIONS / 10;
    uint64_t(*empty)[EMPTY_REGIONS] = malloc(COUNTERS_MAX * sizeof *empty);
    if (!empty || !c->group_count) goto out; // overhead 0 then, and nothing else to report
    for (size_t k = 0; k < EMPTY_REGIONS; k++) {
        struct counters_reading begin, end;
        counters_read(c, &begin);
        counters_read(c, &end);
        for (size_t i = 0; i < c->count; i++) empty[i][k] = end.values[i] - begin.values[i];
    }
    for (size_t i = 0; i < c->count; i++) {
        qsort(empty[i], EMPTY_REGIONS, sizeof empty[i][0], ascending);
        c->slots[i].overhead = (double)empty[i][median];
        c->slots[i].spread = (double)(empty[i][high] - empty[i][low]);
    }
out:
    free(empty);
}

struct calibration counters_calibration(const struct counters *c, size_t i) {
    const struct slot *s = &c->slots[i];
    if (i >= c->count || s->fd < 0) return (struct calibration){NAN, NAN, NAN};
    return (struct calibration){s->overhead, s->spread, COUNTERS_MIN_REGION_SPREADS * s->spread};
}

const char *counters_held_by_others(const struct counters *c, const struct counters_reading *sum) {
    for (size_t g = 0; g < c->group_count; g++) {
        static _Thread_local char text[240];
        const double enabled = (double)sum->enabled_ns[g], running = (double)sum->running_ns[g];
        if (running >= enabled || (c->core && g == c->core_group)) continue;
        snprintf(text, sizeof text,
                 "%zu events that fit into the PMU together were on it for %.1f %% of the time: "
                 "someone else holds counters (perf, the NMI watchdog, a profiler)",
                 c->groups[g].members, 100 * running / enabled);
        return text;
    }
    return "";
}
