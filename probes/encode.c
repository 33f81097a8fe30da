// SPDX-License-Identifier: MIT
#include "probes/encode.h"

#include <ctype.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "probes/core_pmu.h"
#include "probes/encode_pfm.h"
#include "probes/error.h"
#include "probes/group.h"
#include "probes/nearest.h"

#define HARD(id) PERF_TYPE_HARDWARE, PERF_COUNT_HW_##id
#define SOFT(id) PERF_TYPE_SOFTWARE, PERF_COUNT_SW_##id
static const struct {
    const char *name;
    uint32_t type;
    uint64_t config;
    const char *description;
} table[] = {
    {"cycles", HARD(CPU_CYCLES), "core clock cycles"},
    {"cpu-cycles", HARD(CPU_CYCLES), "core clock cycles"},
    {"instructions", HARD(INSTRUCTIONS), "instructions retired"},
    {"cache-references", HARD(CACHE_REFERENCES),
     "accesses to the cache that the kernel chose, often the last"},
    {"cache-misses", HARD(CACHE_MISSES),
     "misses of the cache that the kernel chose, often the last"},
    {"branches", HARD(BRANCH_INSTRUCTIONS), "branches retired"},
    {"branch-instructions", HARD(BRANCH_INSTRUCTIONS), "branches retired"},
    {"branch-misses", HARD(BRANCH_MISSES), "branches predicted wrongly"},
    {"bus-cycles", HARD(BUS_CYCLES), "bus cycles"},
    {"ref-cycles", HARD(REF_CPU_CYCLES), "cycles at a constant rate while the core runs"},
    {"stalled-cycles-frontend", HARD(STALLED_CYCLES_FRONTEND),
     "cycles without work from the front end"},
    {"stalled-cycles-backend", HARD(STALLED_CYCLES_BACKEND), "cycles without room in the back end"},
    {"task-clock", SOFT(TASK_CLOCK), "ns that the thread ran"},
    {"cpu-clock", SOFT(CPU_CLOCK), "ns of the CPU's clock"},
    {"context-switches", SOFT(CONTEXT_SWITCHES), "times the thread was switched out"},
    {"cpu-migrations", SOFT(CPU_MIGRATIONS), "times the thread moved to another CPU"},
    {"page-faults", SOFT(PAGE_FAULTS), "page faults"},
    {"minor-faults", SOFT(PAGE_FAULTS_MIN), "page faults without I/O"},
    {"major-faults", SOFT(PAGE_FAULTS_MAJ), "page faults that waited for I/O"},
    {"alignment-faults", SOFT(ALIGNMENT_FAULTS), "accesses that the kernel had to align"},
    {"emulation-faults", SOFT(EMULATION_FAULTS), "instructions that the kernel emulated"},
};
#define TABLE_ROWS (sizeof table / sizeof table[0])

static enum source source_of(uint32_t type) {
    return type == PERF_TYPE_SOFTWARE ? SOURCE_soft : SOURCE_pmu;
}

#ifndef HAVE_PFM
// Without libpfm4 a name in its style cannot be checked: real for all we know, but not to be had
// here.
static bool looks_like_pfm(const char *name) {
    if (strstr(name, "::")) return strncmp(name, "perf::", 6) || isupper((unsigned char)name[6]);
    bool upper = false;
    for (const char *s = name; *s; s++) {
        if (islower((unsigned char)*s)) return false;
        upper = upper || isupper((unsigned char)*s);
    }
    return upper;
}
#endif

// "raw:0xCONFIG[,config1=0xN]": the core's PMU takes the code as it is.
static int encode_raw(const char *name, struct encoding *e) {
    char *end;
    e->type = PERF_TYPE_RAW;
    e->source = SOURCE_pmu;
    e->exclude_kernel = true;
    errno = 0;
    e->config = strtoull(name + 4, &end, 16);
    bool good = end != name + 4 && !errno;
    if (good && !strncmp(end, ",config1=", 9)) {
        const char *more = end + 9;
        e->config1 = strtoull(more, &end, 16);
        good = end != more && !errno;
    }
    if (!good || *end)
        return probes_fail(
            EINVAL,
            "event \"%s\": a raw code is raw:0xCODE or raw:0xCODE,config1=0xCODE, in "
            "hexadecimal",
            name);
    snprintf(e->full_name, sizeof e->full_name, "%.127s", name);
    return 0;
}

static int encode_plain(const char *name, struct encoding *e) {
    const char *bare = strncasecmp(name, "perf::", 6) ? name : name + 6;
    if (!strncmp(name, "raw:", 4)) return encode_raw(name, e);
    for (size_t i = 0; i < TABLE_ROWS; i++) {
        if (strcasecmp(bare, table[i].name)) continue;
        e->type = table[i].type;
        e->config = table[i].config;
        e->source = source_of(e->type);
        e->exclude_kernel = e->source == SOURCE_pmu;
        snprintf(e->full_name, sizeof e->full_name, "perf::%s", table[i].name);
        return 0;
    }
#ifdef HAVE_PFM
    int error = encode_pfm_event(name, e);
    e->source = source_of(e->type);
    if (e->source == SOURCE_soft && e->status == STATUS_ok) e->exclude_kernel = false;
    if (e->status != STATUS_ok && !*e->full_name) e->source = SOURCE_pmu; // no encoding, so no type
    return error;
#else
    if (looks_like_pfm(name)) {
        e->source = SOURCE_pmu;
        e->status = STATUS_unsupported;
        snprintf(e->reason, sizeof e->reason,
                 "this build has no libpfm4, which knows such names: install libpfm4-dev and build "
                 "again");
        return 0;
    }
    struct nearest near;
    nearest_begin(&near, bare);
    encode_offer_table(&near);
    char names[256];
    return probes_fail(EINVAL, "event \"%s\" does not exist; nearest: %s", name,
                       nearest_names(&near, names, sizeof names));
#endif
}

// A name that every CPU's file has, of a CPU that has no file, or cannot answer.
static void absent(struct encoding *e, const char *reason) {
    e->source = SOURCE_pmu;
    e->status = STATUS_unsupported;
    snprintf(e->reason, sizeof e->reason, "%.159s", reason);
}

static bool metric_name(const struct event_group *g, const char *name) {
    return g && group_metric(g, name);
}

static bool shared_name(const char *name) {
    const struct group_name *n;
    for (size_t i = 0; (n = group_name_at(i)) != NULL; i++)
        if (!strcmp(n->name, name)) return true;
    return false;
}

int encode_event_on(const char *name, const struct core_pmu *core, struct encoding *e) {
    memset(e, 0, sizeof *e);
    const struct event_group *g = group_selected();
    const struct group_event *own = g ? group_event(g, name, core ? core->name : NULL) : NULL;
    if (own && *own->absent) {
        absent(e, own->absent);
        return 0;
    }
    int error = 0;
    if (!own && g && group_event(g, name, NULL)) {
        absent(e, "the group file has no such event for this kind of core");
        return 0;
    }
    if (!own && metric_name(g, name)) {
        const char *why = group_metric_absent(g, group_metric(g, name), core ? core->name : NULL);
        absent(e, *why ? why : "a metric: it is computed from events, not counted");
        return 0;
    }
    if (!own && shared_name(name)) {
        bool generic =
            !strcmp(name, "cycles") || !strcmp(name, "instructions") || !strcmp(name, "branches");
        if (!generic) {
            absent(e, g ? "this CPU's group file does not name it"
                        : "no group file was found: it lies in probes/events of the tree");
            return 0;
        }
    }
    if (own && (error = encode_plain(own->spec, e)) != 0) {
        char why[400];
        snprintf(why, sizeof why, "%.399s", probes_error());
        return probes_fail(-error, "%s:%d: %s", g->path, own->line, why);
    }
    if (!own && (error = encode_plain(name, e)) != 0) return error;
    if (core && e->status == STATUS_ok) { // the kernel would take its first PMU otherwise
        if (e->type == PERF_TYPE_RAW)
            e->type = core->type;
        else if (e->type == PERF_TYPE_HARDWARE || e->type == PERF_TYPE_HW_CACHE)
            e->config |= (uint64_t)core->type << 32;
    }
    return 0;
}

int encode_event(const char *name, struct encoding *e) {
    return encode_event_on(name, core_pmu_of(core_pmus(), sched_getcpu()), e);
}

void encode_offer_table(struct nearest *near) {
    const struct event_group *g = group_selected();
    for (size_t i = 0; i < TABLE_ROWS; i++) nearest_offer(near, table[i].name);
    for (size_t i = 0; g && i < g->event_count; i++) nearest_offer(near, g->events[i].name);
    for (size_t i = 0; g && i < g->metric_count; i++) nearest_offer(near, g->metrics[i].name);
}

struct listing {
    void (*row)(void *arg, const char *name, enum source s, const char *description);
    void *arg;
};

#ifdef HAVE_PFM
static void list_pfm(void *arg, const char *name, const char *description) {
    const struct listing *l = arg;
    bool soft = !strncmp(name, "perf::PERF_COUNT_SW_", 20);
    // The kernel's generic events have rows of the table already, under the names that people know.
    if (!strncmp(name, "perf::", 6) && (soft || !strchr(name + 6, ':'))) {
        for (size_t i = 0; i < TABLE_ROWS; i++)
            if (!strcasecmp(name + 6, table[i].name)) return;
    }
    l->row(l->arg, name, soft ? SOURCE_soft : SOURCE_pmu, description);
}
#endif

void encode_list(void (*row)(void *arg, const char *name, enum source s, const char *description),
                 void *arg) {
    struct listing l = {row, arg};
    for (size_t i = 0; i < TABLE_ROWS; i++)
        l.row(l.arg, table[i].name, source_of(table[i].type), table[i].description);
#ifdef HAVE_PFM
    encode_pfm_names(list_pfm, &l);
#endif
}
