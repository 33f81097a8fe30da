// SPDX-License-Identifier: MIT
#include "probes/core_pmu.h"

#include <glob.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probes/machine_gather.h"
#include "probes/topology.h"

void core_pmus_read(struct core_pmus *p, const char *sysfs) {
    char path[512], text[32];
    glob_t found;
    memset(p, 0, sizeof *p);
    snprintf(path, sizeof path, "%s/bus/event_source/devices/*/cpus", sysfs);
    if (glob(path, 0, NULL, &found)) return;
    for (size_t i = 0; i < found.gl_pathc && p->count < CORE_PMUS_MAX; i++) {
        struct core_pmu *pmu = &p->pmus[p->count];
        int cpus[1024];
        const int count = topology_read_list(found.gl_pathv[i], cpus, 1024);
        const int directory = (int)strlen(found.gl_pathv[i]) - 5;
        snprintf(path, sizeof path, "%.*s/type", directory, found.gl_pathv[i]);
        if (count <= 0 || machine_read_line(path, text, sizeof text)) continue;
        snprintf(path, sizeof path, "%.*s", directory, found.gl_pathv[i]);
        snprintf(pmu->name, sizeof pmu->name, "%.47s", strrchr(path, '/') + 1);
        pmu->type = (uint32_t)strtoul(text, NULL, 10);
        CPU_ZERO(&pmu->cpus);
        for (int k = 0; k < count; k++) CPU_SET((size_t)cpus[k], &pmu->cpus);
        p->count++;
    }
    globfree(&found);
}

const struct core_pmu *core_pmu_of(const struct core_pmus *p, int cpu) {
    for (int i = 0; p->count > 1 && cpu >= 0 && i < p->count; i++)
        if (CPU_ISSET((size_t)cpu, &p->pmus[i].cpus)) return &p->pmus[i];
    return NULL;
}

static struct core_pmus here;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static void read_here(void) {
    core_pmus_read(&here, "/sys");
}

const struct core_pmus *core_pmus(void) {
    pthread_once(&once, read_here);
    return &here;
}
