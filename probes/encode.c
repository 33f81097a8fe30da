// SPDX-License-Identifier: MIT
#include "probes/encode.h"

#include <ctype.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "probes/encode_pfm.h"
#include "probes/error.h"
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

int encode_event(const char *name, struct encoding *e) {
    memset(e, 0, sizeof *e);
    const char *bare = strncasecmp(name, "perf::", 6) ? name : name + 6;
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
    for (size_t i = 0; i < TABLE_ROWS; i++) nearest_offer(&near, table[i].name);
    char names[256];
    return probes_fail(EINVAL, "event \"%s\" does not exist; nearest: %s", name,
                       nearest_names(&near, names, sizeof names));
#endif
}

void encode_offer_table(struct nearest *near) {
    for (size_t i = 0; i < TABLE_ROWS; i++) nearest_offer(near, table[i].name);
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
