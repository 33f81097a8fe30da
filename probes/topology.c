// SPDX-License-Identifier: MIT
// Which CPUs there are, which of them share a core, and the caches; by hwloc where it was built in
// (it knows the kernels' and hypervisors' mistakes), from sysfs otherwise or where hwloc finds no
// cores.
#include "probes/topology.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef HAVE_HWLOC
#include <hwloc.h>
#endif

#include "probes/cpulist.h"
#include "probes/machine_gather.h"

#define CPUS_MAX CPU_SETSIZE
static cpu_set_t cpuset;
static pthread_once_t cpuset_once = PTHREAD_ONCE_INIT;

static void read_cpuset(void) { // of the main thread, before the team pins it
    if (sched_getaffinity(getpid(), sizeof cpuset, &cpuset) || !CPU_COUNT(&cpuset)) {
        CPU_ZERO(&cpuset);
        CPU_SET(0, &cpuset);
    }
}

bool topology_allowed(int cpu) {
    pthread_once(&cpuset_once, read_cpuset);
    return cpu >= 0 && cpu < CPUS_MAX && CPU_ISSET((size_t)cpu, &cpuset);
}

int topology_read_list(const char *path, int *cpus, int max) {
    char text[4096], message[256];
    if (machine_read_line(path, text, sizeof text)) return -1;
    return cpulist_parse(text, cpus, max, message, sizeof message);
}

#ifdef HAVE_HWLOC
static hwloc_topology_t loaded(void) { // kept for the process; NULL where hwloc fails
    static hwloc_topology_t topology;
    static int state;
    if (!state++ && (hwloc_topology_init(&topology) ||
                     hwloc_topology_set_icache_types_filter(topology, HWLOC_TYPE_FILTER_KEEP_ALL) ||
                     hwloc_topology_load(topology)))
        topology = NULL;
    return topology;
}
#endif

// core_of[cpu]: any number that the CPUs of one core share and no others.
static const char *read_cores(int *core_of) {
    for (int cpu = 0; cpu < CPUS_MAX; cpu++) core_of[cpu] = cpu;
#ifdef HAVE_HWLOC
    hwloc_obj_t core = NULL;
    int found = 0;
    while (loaded() && (core = hwloc_get_next_obj_by_type(loaded(), HWLOC_OBJ_CORE, core))) {
        for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++)
            if (hwloc_bitmap_isset(core->cpuset, cpu))
                core_of[cpu] = hwloc_bitmap_first(core->cpuset);
        found++;
    }
    if (found) return "hwloc";
#endif
    int siblings[64], known = 0;
    for (int cpu = 0; cpu < CPUS_MAX; cpu++) {
        if (!topology_allowed(cpu)) continue;
        char path[128];
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list",
                 cpu);
        if (topology_read_list(path, siblings, 64) <= 0) continue;
        core_of[cpu] = siblings[0];
        known++;
    }
    return known ? "sysfs" : "assumed";
}

int topology_read(struct topology *t) {
    memset(t, 0, sizeof *t);
    int *core_of = malloc(CPUS_MAX * sizeof *core_of);
    int *cpus = calloc(CPUS_MAX, sizeof *cpus);
    int error = core_of && cpus ? 0 : -ENOMEM;
    if (error) goto out;
    t->source = read_cores(core_of);
    for (int cpu = 0; cpu < CPUS_MAX; cpu++) { // first the first CPU of each core …
        if (!topology_allowed(cpu)) continue;
        size_t known = 0;
        while (known < t->core_count && core_of[cpus[known]] != core_of[cpu]) known++;
        if (known < t->core_count) continue;
        cpus[t->core_count++] = cpu;
    }
    t->cpu_count = t->core_count;
    for (int cpu = 0; cpu < CPUS_MAX; cpu++) { // … then the others
        if (!topology_allowed(cpu)) continue;
        size_t core = 0;
        while (core_of[cpus[core]] != core_of[cpu]) core++;
        if (cpus[core] == cpu) continue;
        cpus[t->cpu_count++] = cpu;
    }
    t->cpus = cpus;
out:
    free(core_of);
    if (error) free(cpus);
    return error;
}

struct cache {
    unsigned long long bytes;
    unsigned line_bytes, shared_by;
};

enum { L1D, L1I, L2, L3, CACHES };
static const char *read_caches(int cpu, struct cache *caches) {
    memset(caches, 0, CACHES * sizeof *caches);
#ifdef HAVE_HWLOC
    hwloc_obj_t object = loaded() ? hwloc_get_pu_obj_by_os_index(loaded(), (unsigned)cpu) : NULL;
    int found = 0;
    for (; object; object = object->parent) {
        int at = object->type == HWLOC_OBJ_L1CACHE    ? L1D
                 : object->type == HWLOC_OBJ_L1ICACHE ? L1I
                 : object->type == HWLOC_OBJ_L2CACHE  ? L2
                 : object->type == HWLOC_OBJ_L3CACHE  ? L3
                                                      : CACHES;
        if (at == CACHES) continue;
        caches[at] = (struct cache){object->attr->cache.size, object->attr->cache.linesize,
                                    (unsigned)hwloc_bitmap_weight(object->cpuset)};
        found++;
    }
    if (found) return "hwloc";
#endif
    for (int index = 0; index < 16; index++) {
        char path[128], level[16], type[32], size[32], line[16];
        int sharing[CPUS_MAX];
        const char *const names[] = {"level", "type", "size", "coherency_line_size"};
        char *const texts[] = {level, type, size, line};
        const size_t sizes[] = {sizeof level, sizeof type, sizeof size, sizeof line};
        for (int i = 0; i < 4; i++) {
            snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/cache/index%d/%s", cpu,
                     index, names[i]);
            machine_read_line(path, texts[i], sizes[i]);
        }
        int at = *level == '1'   ? (*type == 'I' ? L1I : L1D)
                 : *level == '2' ? L2
                 : *level == '3' ? L3
                                 : CACHES;
        if (at == CACHES) continue;
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/cache/index%d/shared_cpu_list",
                 cpu, index);
        int count = topology_read_list(path, sharing, CPUS_MAX);
        char *unit;
        unsigned long long bytes = strtoull(size, &unit, 10);
        bytes *= *unit == 'K' ? 1024 : *unit == 'M' ? 1024 * 1024 : 1;
        caches[at] = (struct cache){bytes, (unsigned)atoi(line), count > 0 ? (unsigned)count : 0};
    }
    return "sysfs";
}

void topology_gather(struct machine *m, const struct topology *t) {
    machine_add(m, "cpu_threads", "", "sched_getaffinity", "%zu", t->cpu_count);
    machine_add(m, "cpu_cores", "", t->source, "%zu", t->core_count);
    machine_add_file(m, "cpus_online", "", "/sys/devices/system/cpu/online");
    char isolated[512];
    const char *path = "/sys/devices/system/cpu/isolated";
    if (machine_read_line(path, isolated, sizeof isolated))
        machine_add_missing(m, "cpus_isolated", "", path, STATUS_unsupported);
    else
        machine_add(m, "cpus_isolated", "", path, "%s", *isolated ? isolated : "none");
    machine_add(m, "smt", "", t->source, "%s",
                strcmp(t->source, "assumed") == 0 ? ""
                : t->cpu_count > t->core_count    ? "on"
                                                  : "off");
    static const char *const bytes_keys[] = {"l1d_bytes", "l1i_bytes", "l2_bytes", "l3_bytes"};
    struct cache caches[CACHES];
    const char *source = read_caches(t->cpus[0], caches);
    for (int i = 0; i < CACHES; i++)
        if (caches[i].bytes)
            machine_add(m, bytes_keys[i], "bytes", source, "%llu", caches[i].bytes);
        else
            machine_add_missing(m, bytes_keys[i], "bytes", source, STATUS_unsupported);
    const struct cache *shared = caches[L3].bytes ? &caches[L3] : &caches[L2];
    if (shared->shared_by)
        machine_add(m, "last_cache_cpus", "", source, "%u", shared->shared_by);
    else
        machine_add_missing(m, "last_cache_cpus", "", source, STATUS_unsupported);
    if (caches[L1D].line_bytes)
        machine_add(m, "cache_line_bytes", "bytes", source, "%u", caches[L1D].line_bytes);
    else
        machine_add_missing(m, "cache_line_bytes", "bytes", source, STATUS_unsupported);
    int nodes[1024];
    int count = topology_read_list("/sys/devices/system/node/has_memory", nodes, 1024);
    if (count > 0)
        machine_add(m, "numa_nodes", "", "/sys/devices/system/node/has_memory", "%d", count);
    else
        machine_add_missing(m, "numa_nodes", "", "/sys/devices/system/node/has_memory",
                            STATUS_unsupported);
    machine_add(m, "core_types", "", "sysfs", "%s",
                *topology_core_type(t->cpus[0]) ? "mixed" : "one");
#ifdef HAVE_HWLOC
    unsigned version = hwloc_get_api_version();
    machine_add(m, "hwloc_version", "", "hwloc_get_api_version", "%u.%u", version >> 16,
                version >> 8 & 255);
#else
    machine_add_missing(m, "hwloc_version", "", "built without hwloc", STATUS_unsupported);
#endif
}
