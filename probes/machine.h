// SPDX-License-Identifier: MIT
// Facts about the machine: CPU, caches, topology (hwloc where it was built in, sysfs otherwise),
// kernel, hypervisor, settings that matter to measurements. What cannot be read is an empty value
// with a status.
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "probes/counters.h"

struct machine_fact {
    const char *key, *value, *unit,
        *source; // value "" where status is not ok; source: "cpuid", "sysfs" …
    enum status status;
};
struct machine;
const struct machine *machine_facts(void); // gathered once
size_t machine_fact_count(const struct machine *m);
const struct machine_fact *machine_fact_at(const struct machine *m, size_t i);
const char *machine_value(const struct machine *m, const char *key); // "" if absent
// Slug of vendor, model and threads for results/<stem>/<machine>: [a-z0-9-]+, no host name.
const char *machine_slug(const struct machine *m);
// CPUs of the process's cpuset, one of each physical core first, then the SMT siblings.
size_t machine_cpus(const struct machine *m, const int **cpus, size_t *physical_cores);
const char *machine_core_type(const struct machine *m, int cpu); // "" on machines with one type
// "0,2-3", within the cpuset. 0, or -1 with a message.
int machine_parse_cpus(const char *text, int *cpus, int max, int *count, char *message,
                       size_t message_size);
