// SPDX-License-Identifier: MIT
// Kinds of cores on a mixed machine: Intel's two core PMUs name their CPUs, Arm kernels give
// capacities.
#include "probes/topology.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probes/sysfs.h"

static bool listed(const char *path, int cpu) {
    int cpus[1024];
    int count = topology_read_list(path, cpus, 1024);
    for (int i = 0; i < count; i++)
        if (cpus[i] == cpu) return true;
    return false;
}

static int capacity(int cpu) { // 0 where the kernel gives none
    char text[32];
    return sysfs_line(text, sizeof text, "/sys/devices/system/cpu/cpu%d/cpu_capacity", cpu)
               ? 0
               : atoi(text);
}

const char *topology_core_type(int cpu) {
    char path[768];
    if (listed(sysfs_path(path, sizeof path, "/sys/devices/cpu_atom/cpus"), cpu))
        return "efficiency";
    if (listed(sysfs_path(path, sizeof path, "/sys/devices/cpu_core/cpus"), cpu))
        return "performance";
    int own = capacity(cpu);
    if (!own) return "";
    bool mixed = false;
    for (int other = 0; !mixed && capacity(other); other++) mixed = capacity(other) != own;
    if (!mixed) return "";
    static _Thread_local char text[32]; // valid until this thread's next call
    snprintf(text, sizeof text, "capacity-%d", own);
    return text;
}
