// SPDX-License-Identifier: MIT
// The PMUs of the kinds of cores: one on most machines; cpu_core and cpu_atom on hybrid Intel, one
// a kind of core on big.LITTLE. Private to probes/ and tests/.
#pragma once
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#define CORE_PMUS_MAX 8
struct core_pmu {
    char name[48]; // of the directory in sysfs: "cpu_atom"
    uint32_t type; // for perf_event_attr
    cpu_set_t cpus;
};
struct core_pmus {
    struct core_pmu pmus[CORE_PMUS_MAX];
    int count; // 0: the kernel names no CPUs with its PMU, which then is the only one
};
// sysfs: "/sys", or a fake tree. Those with a file `cpus` under bus/event_source/devices.
void core_pmus_read(struct core_pmus *p, const char *sysfs);
// The PMU of a CPU where there are several kinds; NULL where there is one, or none of them has it.
const struct core_pmu *core_pmu_of(const struct core_pmus *p, int cpu);
const struct core_pmus *core_pmus(void); // of this machine, read once
