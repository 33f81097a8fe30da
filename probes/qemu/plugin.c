// SPDX-License-Identifier: MIT
// A TCG plugin for qemu-user that counts, exactly, what runs between the marks of
// probes/region_mark.h: for each region and vCPU (guest thread) instructions and their classes,
// bytes loaded and stored, and misses of a modelled L1 and L2.
//
//   qemu-x86_64 -plugin PLUGIN,fd=N[,l1=BYTES:WAYS:LINE][,l2=…][,blocks=on][,cold=on] PROGRAM …
//
// Rows written to file descriptor N at the end:
//   count,REGION,VCPU,EVENT,VALUE
//   block,FIRST,END,INSTRUCTIONS,EXECUTIONS    (blocks=on) straight code at guest addresses
// cold=on empties the caches at every beginning. Guest code is cut into segments: runs of a block
// without a mark. A segment's counts are summed when it is translated and added by one call when it
// starts, on the data of that vCPU alone: threads do not race.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probes/instruction_class.h"
#include "probes/qemu/api.h"
#include "probes/qemu/cache.h"
#include "probes/region_mark.h"

#define EXPORT __attribute__((visibility("default")))
#define VCPUS_MAX 256
#define PAGE_BYTES 4096
#define LONGEST 15 // bytes of an instruction

EXPORT int qemu_plugin_version = 1;

enum event {
    EVENT_calls,
    EVENT_instructions,
    EVENT_branches,
    EVENT_vector_instructions,
    EVENT_dot_instructions,
    EVENT_scalar_float_instructions,
    EVENT_loaded_bytes,
    EVENT_stored_bytes,
    EVENT_l1_misses,
    EVENT_l2_misses,
    EVENT_COUNT
};
static const char *const event_names[EVENT_COUNT] = {
    "calls",
    "instructions",
    "branches",
    "vector_instructions",
    "dot_instructions",
    "scalar_float_instructions",
    "loaded_bytes",
    "stored_bytes",
    "l1_misses",
    "l2_misses",
};

struct counts {
    uint64_t of[EVENT_COUNT];
};
struct vcpu {
    struct counts *regions[REGION_MARK_IDS]; // made when first begun
    struct counts *now;                      // of the region that is open, NULL: none
    const struct segment *last;              // that ran in it
    struct cache l1, l2;
    bool has_l1, has_l2;
};
struct segment {
    uint64_t first, end; // guest addresses
    uint64_t instructions, branches, vector, dot, scalar_float;
    uint64_t executions; // in regions; exact for one thread
    bool repeats;        // a string instruction: QEMU starts it anew for every round
    struct segment *next;
};
struct mark {
    unsigned id;
    enum region_mark_kind kind;
};

static struct vcpu *vcpus[VCPUS_MAX];
static struct segment *segments;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; // of `segments`
static const char *l1_geometry, *l2_geometry;
static bool is_aarch64, with_blocks, cold;
static int out_fd = -1;

static void *allocate(size_t bytes) {
    void *p = calloc(1, bytes);
    if (p == NULL) {
        fputs("inferometer plugin: out of memory\n", stderr);
        _exit(1);
    }
    return p;
}

// A vCPU's data are made by itself, in its first region.
static struct vcpu *vcpu_of(unsigned index) {
    if (index >= VCPUS_MAX) {
        fprintf(stderr, "inferometer plugin: more than %d guest threads\n", VCPUS_MAX);
        _exit(1);
    }
    struct vcpu *v = vcpus[index];
    if (v != NULL) return v;
    v = allocate(sizeof *v);
    v->has_l1 = l1_geometry != NULL && cache_open(&v->l1, l1_geometry);
    v->has_l2 = v->has_l1 && l2_geometry != NULL && cache_open(&v->l2, l2_geometry);
    vcpus[index] = v;
    return v;
}

static void on_mark(unsigned index, void *data) {
    const struct mark *m = data;
    struct vcpu *v = vcpu_of(index);
    if (m->kind == REGION_MARK_ENDING) {
        v->now = NULL;
        return;
    }
    if (v->regions[m->id] == NULL) v->regions[m->id] = allocate(sizeof(struct counts));
    v->now = v->regions[m->id];
    v->last = NULL;
    v->now->of[EVENT_calls]++;
    if (cold && v->has_l1) cache_clear(&v->l1);
    if (cold && v->has_l2) cache_clear(&v->l2);
}

static void on_segment(unsigned index, void *data) {
    struct segment *s = data;
    struct vcpu *v = index < VCPUS_MAX ? vcpus[index] : NULL;
    if (v == NULL || v->now == NULL) return;
    if (s->repeats && v->last != NULL && v->last->first == s->first) return;
    v->last = s;
    uint64_t *of = v->now->of;
    of[EVENT_instructions] += s->instructions;
    of[EVENT_branches] += s->branches;
    of[EVENT_vector_instructions] += s->vector;
    of[EVENT_dot_instructions] += s->dot;
    of[EVENT_scalar_float_instructions] += s->scalar_float;
    s->executions++;
}

static void on_access(unsigned index, qemu_plugin_meminfo_t info, uint64_t address, void *data) {
    (void)data;
    struct vcpu *v = index < VCPUS_MAX ? vcpus[index] : NULL;
    if (v == NULL || v->now == NULL) return;
    const uint64_t bytes = 1ull << qemu_plugin_mem_size_shift(info);
    v->now->of[qemu_plugin_mem_is_store(info) ? EVENT_stored_bytes : EVENT_loaded_bytes] += bytes;
    if (!v->has_l1) return;
    const uint64_t last = (address + bytes - 1) >> v->l1.line_log2;
    for (uint64_t line = address >> v->l1.line_log2; line <= last; line++) {
        if (cache_access(&v->l1, line)) continue;
        v->now->of[EVENT_l1_misses]++;
        if (v->has_l2 && !cache_access(&v->l2, line << v->l1.line_log2 >> v->l2.line_log2))
            v->now->of[EVENT_l2_misses]++;
    }
}

static struct segment *new_segment(uint64_t first) {
    struct segment *s = allocate(sizeof *s);
    s->first = first;
    pthread_mutex_lock(&lock);
    s->next = segments;
    segments = s;
    pthread_mutex_unlock(&lock);
    return s;
}

static void on_translated(qemu_plugin_id_t id, struct qemu_plugin_tb *block) {
    (void)id;
    struct segment *s = NULL;
    const size_t count = qemu_plugin_tb_n_insns(block);
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, i);
        const uint8_t *bytes = qemu_plugin_insn_data(insn);
        const size_t size = qemu_plugin_insn_size(insn);
        const uint64_t address = qemu_plugin_insn_vaddr(insn);
        uint32_t word = 0;
        struct mark m = {0};
        if (is_aarch64) memcpy(&word, bytes, sizeof word);
        m.kind =
            is_aarch64 ? region_mark_aarch64(word, &m.id) : region_mark_x86_64(bytes, size, &m.id);
        if (m.kind != REGION_MARK_NONE) {
            struct mark *kept = allocate(sizeof *kept);
            *kept = m;
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark, QEMU_PLUGIN_CB_NO_REGS, kept);
            s = NULL;
            continue;
        }
        // QEMU takes back an instruction that goes on in the next page, after telling us of it: as
        // a segment of its own it is counted only if it runs.
        const bool repeats = !is_aarch64 && instruction_repeats_x86_64(bytes, size);
        if (s == NULL || repeats ||
            (i + 1 == count && address % PAGE_BYTES > PAGE_BYTES - LONGEST)) {
            s = new_segment(address);
            s->repeats = repeats;
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_segment, QEMU_PLUGIN_CB_NO_REGS, s);
        }
        const unsigned class =
            is_aarch64 ? instruction_class_aarch64(word) : instruction_class_x86_64(bytes, size);
        s->end = address + size;
        s->instructions++;
        s->branches += (class & INSTRUCTION_BRANCH) != 0;
        s->vector += (class & INSTRUCTION_VECTOR) != 0;
        s->dot += (class & INSTRUCTION_DOT) != 0;
        s->scalar_float += (class & INSTRUCTION_SCALAR_FLOAT) != 0;
        qemu_plugin_register_vcpu_mem_cb(insn, on_access, QEMU_PLUGIN_CB_NO_REGS,
                                         QEMU_PLUGIN_MEM_RW, NULL);
    }
}

static void at_end(qemu_plugin_id_t id, void *data) {
    (void)id;
    (void)data;
    for (unsigned c = 0; c < VCPUS_MAX; c++) {
        for (unsigned r = 0; vcpus[c] != NULL && r < REGION_MARK_IDS; r++) {
            const struct counts *counts = vcpus[c]->regions[r];
            for (int e = 0; counts != NULL && e < EVENT_COUNT; e++) {
                if ((e == EVENT_l1_misses && !vcpus[c]->has_l1) ||
                    (e == EVENT_l2_misses && !vcpus[c]->has_l2))
                    continue;
                dprintf(out_fd, "count,%u,%u,%s,%llu\n", r, c, event_names[e],
                        (unsigned long long)counts->of[e]);
            }
        }
    }
    for (const struct segment *s = with_blocks ? segments : NULL; s != NULL; s = s->next)
        if (s->executions > 0)
            dprintf(out_fd, "block,%llu,%llu,%llu,%llu\n", (unsigned long long)s->first,
                    (unsigned long long)s->end, (unsigned long long)s->instructions,
                    (unsigned long long)s->executions);
}

static int refuse(const char *argument) {
    fprintf(stderr, "inferometer plugin: %s: not understood\n", argument);
    return 1;
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                               char **argv) {
    is_aarch64 = strcmp(info->target_name, "aarch64") == 0;
    if (!is_aarch64 && strcmp(info->target_name, "x86_64") != 0) return refuse(info->target_name);
    for (int i = 0; i < argc; i++) {
        struct cache tried;
        const char *value = strchr(argv[i], '=');
        value = value != NULL ? value + 1 : "";
        if (strncmp(argv[i], "fd=", 3) == 0)
            out_fd = atoi(value);
        else if (strcmp(argv[i], "blocks=on") == 0)
            with_blocks = true;
        else if (strcmp(argv[i], "cold=on") == 0)
            cold = true;
        else if (strncmp(argv[i], "l1=", 3) == 0 && cache_open(&tried, value))
            l1_geometry = strdup(value);
        else if (strncmp(argv[i], "l2=", 3) == 0 && cache_open(&tried, value))
            l2_geometry = strdup(value);
        else
            return refuse(argv[i]);
    }
    if (out_fd < 0) return refuse("fd=");
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translated);
    qemu_plugin_register_atexit_cb(id, at_end, NULL);
    return 0;
}
