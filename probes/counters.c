// SPDX-License-Identifier: MIT
#include "probes/counters.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "probes/counters_judge.h"
#include "probes/counters_open.h"
#include "probes/encode.h"
#include "probes/error.h"

#define SOURCE_WORD(word) [SOURCE_##word] = #word
#define STATUS_WORD(word) [STATUS_##word] = #word
const char *source_name(enum source s) {
    static const char *const words[] = {SOURCE_WORD(pmu),    SOURCE_WORD(soft),  SOURCE_WORD(sim),
                                        SOURCE_WORD(static), SOURCE_WORD(model), SOURCE_WORD(emu)};
    return (unsigned)s < SOURCE_COUNT ? words[s] : "";
}

const char *status_name(enum status s) {
    static const char *const words[] = {STATUS_WORD(ok),
                                        STATUS_WORD(unverified),
                                        STATUS_WORD(multiplexed),
                                        STATUS_WORD(inexact),
                                        STATUS_WORD(below_min_region),
                                        STATUS_WORD(unsupported),
                                        STATUS_WORD(denied),
                                        STATUS_WORD(lost),
                                        STATUS_WORD(zero_suspect),
                                        STATUS_WORD(selftest_failed)};
    return (unsigned)s < STATUS_COUNT ? words[s] : "";
}

struct slot { // of one event
    int fd;   // -1: not opened
    size_t group, position;
    double overhead, spread; // of an empty region: median, and from its 10th to its 90th percentile
    bool never_zero;         // cycles and instructions: a region that runs has some
};
struct group {
    uint32_t kind; // events of one kind share a group
    int leader;
    size_t members;
};
struct counters {
    size_t count, group_count;
    struct event events[COUNTERS_MAX];
    struct slot slots[COUNTERS_MAX];
    struct group groups[COUNTERS_GROUPS];
};

#define KIND_CORE UINT32_MAX // generic, cache and raw events are all of the core's PMU
static uint32_t kind_of(const struct encoding *e) {
    bool core =
        e->type == PERF_TYPE_HARDWARE || e->type == PERF_TYPE_HW_CACHE || e->type == PERF_TYPE_RAW;
    return core ? KIND_CORE : e->type;
}

static int open_one(struct counters *c, size_t i, const char *name) {
    struct event *event = &c->events[i];
    struct slot *slot = &c->slots[i];
    struct encoding encoding;
    slot->fd = -1;
    snprintf(event->name, sizeof event->name, "%s", name);
    int error = encode_event(name, &encoding);
    if (error) return error;
    event->source = encoding.source;
    event->status = encoding.status;
    snprintf(event->reason, sizeof event->reason, "%s", encoding.reason);
    if (*encoding.full_name)
        snprintf(event->encoding, sizeof event->encoding, "type=%u config=0x%llx", encoding.type,
                 (unsigned long long)encoding.config);
    if (encoding.status != STATUS_ok) return 0;

    size_t g = 0;
    uint32_t kind = kind_of(&encoding);
    while (g < c->group_count && c->groups[g].kind != kind) g++;
    if (g == COUNTERS_GROUPS)
        return probes_fail(EINVAL,
                           "event \"%s\": events of more than %d PMUs at once; use more passes",
                           name, COUNTERS_GROUPS);
    slot->fd = counters_open_event(&encoding, g < c->group_count ? c->groups[g].leader : -1, event);
    if (slot->fd < 0) return slot->fd == -1 ? 0 : slot->fd;
    if (g == c->group_count) c->groups[c->group_count++] = (struct group){kind, slot->fd, 0};
    slot->group = g;
    slot->position = c->groups[g].members++;
    slot->never_zero =
        encoding.type == PERF_TYPE_HARDWARE && (encoding.config == PERF_COUNT_HW_CPU_CYCLES ||
                                                encoding.config == PERF_COUNT_HW_INSTRUCTIONS);
    return 0;
}

int counters_open(struct counters **out, const char *const *names, size_t count) {
    *out = NULL;
    if (count > COUNTERS_MAX)
        return probes_fail(EINVAL, "%zu events at once; at most %d, use more passes", count,
                           COUNTERS_MAX);
    struct counters *c = calloc(1, sizeof *c);
    if (!c) return probes_fail(ENOMEM, "no memory for counters");
    int error = 0;
    for (; !error && c->count < count; c->count++) error = open_one(c, c->count, names[c->count]);
    for (size_t g = 0; !error && g < c->group_count; g++)
        if (ioctl(c->groups[g].leader, PERF_EVENT_IOC_ENABLE, PERF_IOC_FLAG_GROUP))
            error = probes_fail(errno, "counters cannot be started: %s", strerror(errno));
    if (error) {
        counters_close(c);
        return error;
    }
    counters_calibrate(c);
    *out = c;
    return 0;
}

void counters_close(struct counters *c) {
    for (size_t i = c ? c->count : 0; i-- > 0;) // members before their leader
        if (c->slots[i].fd >= 0) close(c->slots[i].fd);
    free(c);
}

size_t counters_event_count(const struct counters *c) {
    return c->count;
}

const struct event *counters_event(const struct counters *c, size_t i) {
    return i < c->count ? &c->events[i] : NULL;
}

void counters_read(struct counters *c, struct counters_reading *r) {
    uint64_t values[COUNTERS_GROUPS][3 + COUNTERS_MAX]; // members, enabled, running, value…
    r->lost_groups = 0;
    for (size_t g = 0; g < c->group_count; g++) {
        ssize_t want = (ssize_t)((3 + c->groups[g].members) * sizeof(uint64_t));
        bool got = read(c->groups[g].leader, values[g], sizeof values[g]) == want;
        if (!got) memset(values[g], 0, sizeof values[g]);
        if (!got) r->lost_groups |= 1u << g;
        r->enabled_ns[g] = values[g][1];
        r->running_ns[g] = values[g][2];
    }
    for (size_t i = 0; i < c->count; i++) {
        const struct slot *s = &c->slots[i];
        r->values[i] = s->fd < 0 ? 0 : values[s->group][3 + s->position];
    }
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

void counters_try(const char *name, struct event *e) {
    struct counters c = {.count = 1};
    if (open_one(&c, 0, name)) { // no such event, or the process has no descriptor left
        c.events[0].status = STATUS_unsupported;
        snprintf(c.events[0].reason, sizeof c.events[0].reason, "%.150s", probes_error());
    }
    if (c.slots[0].fd >= 0) close(c.slots[0].fd);
    *e = c.events[0];
}

size_t counters_standard(struct event *events, size_t max) {
    static const char *const names[] = {
        "cycles",           "instructions",   "cache-misses", "branch-misses", "task-clock",
        "context-switches", "cpu-migrations", "page-faults",  "minor-faults",  "major-faults"};
    const size_t count = sizeof names / sizeof names[0];
    for (size_t i = 0; i < count && i < max; i++) counters_try(names[i], &events[i]);
    return count;
}

void counters_list(void (*row)(void *arg, const char *name, enum source s, const char *description),
                   void *arg) {
    encode_list(row, arg);
}
