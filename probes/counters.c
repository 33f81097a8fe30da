// SPDX-License-Identifier: MIT
#include "probes/counters.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "probes/counters_open.h"
#include "probes/counters_parts.h"
#include "probes/encode.h"
#include "probes/error.h"
#include "probes/selftest.h"

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

#define KIND_CORE UINT32_MAX // generic, cache and raw events are all of the core's PMU
static uint32_t kind_of(const struct counters *c, const struct encoding *e) {
    bool core =
        e->type == PERF_TYPE_HARDWARE || e->type == PERF_TYPE_HW_CACHE || e->type == PERF_TYPE_RAW;
    return core || (c->core && e->type == c->core->type) ? KIND_CORE : e->type;
}

static int encode_one(const struct counters *c, struct event *event, const char *name,
                      struct encoding *encoding) {
    snprintf(event->name, sizeof event->name, "%s", name);
    int error = encode_event_on(name, c->core, encoding);
    if (error) return error;
    event->source = encoding->source;
    event->status = encoding->status;
    snprintf(event->reason, sizeof event->reason, "%s", encoding->reason);
    if (*encoding->full_name)
        snprintf(event->encoding, sizeof event->encoding,
                 encoding->config1 ? "type=%u config=0x%llx config1=0x%llx"
                                   : "type=%u config=0x%llx",
                 encoding->type, (unsigned long long)encoding->config,
                 (unsigned long long)encoding->config1);
    return 0;
}

// Intel's top-down metrics are counted only beside the slots, which must lead their group.
#define RAW_SLOTS 0x400
static bool leads(const struct encoding *e) {
    return e->type == PERF_TYPE_RAW && e->config == RAW_SLOTS;
}

static int open_one(struct counters *c, size_t i, const struct encoding *encoding) {
    struct event *event = &c->events[i];
    struct slot *slot = &c->slots[i];
    slot->fd = -1;
    if (encoding->status != STATUS_ok) return 0;
    enum source answered = event->source;
    const enum status verdict = selftest_verdict(event->name, &answered);
    if (verdict == STATUS_selftest_failed || verdict == STATUS_zero_suspect) {
        event->source = answered;
        event->status = verdict;
        snprintf(event->reason, sizeof event->reason,
                 "answered the self-test wrongly; `inferometer machine --selftest` shows how");
        return 0;
    }
    size_t g = 0;
    uint32_t kind = kind_of(c, encoding);
    while (g < c->group_count && c->groups[g].kind != kind) g++;
    if (g == COUNTERS_GROUPS)
        return probes_fail(EINVAL,
                           "event \"%s\": events of more than %d PMUs at once; use more passes",
                           event->name, COUNTERS_GROUPS);
    slot->fd = counters_open_event(encoding, g < c->group_count ? c->groups[g].leader : -1, event);
    if (slot->fd < 0) return slot->fd == -1 ? 0 : slot->fd;
    if (event->status == STATUS_unverified) event->status = verdict;
    if (g == c->group_count)
        c->groups[c->group_count++] = (struct counter_group){.kind = kind, .leader = slot->fd};
    c->groups[g].calls = c->groups[g].calls || leads(encoding);
    slot->group = g;
    slot->position = c->groups[g].members++;
    c->groups[g].slots[slot->position] = i;
    const uint64_t generic = encoding->config & UINT32_MAX; // above it a PMU's type may stand
    slot->never_zero =
        encoding->type == PERF_TYPE_HARDWARE &&
        (generic == PERF_COUNT_HW_CPU_CYCLES || generic == PERF_COUNT_HW_INSTRUCTIONS);
    return 0;
}

static int open_all(struct counters *c, const char *const *names, size_t count) {
    struct encoding encodings[COUNTERS_MAX];
    int error = 0;
    for (; !error && c->count < count; c->count++) {
        c->slots[c->count].fd = -1;
        error = encode_one(c, &c->events[c->count], names[c->count], &encodings[c->count]);
    }
    for (int later = 0; later < 2; later++)
        for (size_t i = 0; !error && i < count; i++)
            if (leads(&encodings[i]) == (later == 0)) error = open_one(c, i, &encodings[i]);
    return error;
}

int counters_open(struct counters **out, const char *const *names, size_t count) {
    *out = NULL;
    if (count > COUNTERS_MAX)
        return probes_fail(EINVAL, "%zu events at once; at most %d, use more passes", count,
                           COUNTERS_MAX);
    struct counters *c = calloc(1, sizeof *c);
    if (!c) return probes_fail(ENOMEM, "no memory for counters");
    c->core = core_pmu_of(core_pmus(), sched_getcpu());
    int error = open_all(c, names, count);
    for (size_t g = 0; !error && g < c->group_count; g++)
        if (ioctl(c->groups[g].leader, PERF_EVENT_IOC_ENABLE, PERF_IOC_FLAG_GROUP))
            error = probes_fail(errno, "counters cannot be started: %s", strerror(errno));
    if (error) {
        counters_close(c);
        return error;
    }
    while (c->core_group < c->group_count && c->groups[c->core_group].kind != KIND_CORE)
        c->core_group++;
    counters_user_map(c);
    counters_calibrate(c);
    *out = c;
    return 0;
}

void counters_close(struct counters *c) {
    if (c) counters_user_unmap(c);
    for (size_t i = c ? c->count : 0; i-- > 0;) { // members before their leader
        const struct slot *s = &c->slots[i];
        if (s->fd >= 0 && s->fd != c->groups[s->group].leader) close(s->fd);
    }
    for (size_t g = 0; c && g < c->group_count; g++) close(c->groups[g].leader);
    free(c);
}

size_t counters_event_count(const struct counters *c) {
    return c->count;
}

const struct event *counters_event(const struct counters *c, size_t i) {
    return i < c->count ? &c->events[i] : NULL;
}

void counters_try(const char *name, struct event *e) {
    struct counters c = {.core = core_pmu_of(core_pmus(), sched_getcpu())};
    if (open_all(&c, &name, 1)) { // no such event, or the process has no descriptor left
        c.events[0].status = STATUS_unsupported;
        snprintf(c.events[0].reason, sizeof c.events[0].reason, "%.239s", probes_error());
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
