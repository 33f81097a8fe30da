// SPDX-License-Identifier: MIT
// CPUs, the cores that they share, their types. Private to probes/: machine.h is the public view.
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct topology { // CPUs of the process's cpuset when it was first asked for; never freed
    int *cpus;    // one of each physical core first, then their siblings; ascending in each part
    size_t cpu_count, core_count;
    const char *source; // hwloc, sysfs, or "assumed": each CPU its own core
};
int topology_read(struct topology *t); // 0, or -ENOMEM
bool topology_allowed(int cpu);        // is in the cpuset

// "performance", "efficiency", "capacity-512"; "" where all CPUs are of one type.
const char *topology_core_type(int cpu);
// A file with a list of CPUs or nodes: how many, or -1.
int topology_read_list(const char *path, int *cpus, int max);

struct machine;
void topology_gather(struct machine *m, const struct topology *t); // cores, SMT, caches, NUMA nodes
