// SPDX-License-Identifier: MIT
// How facts are gathered: each machine_*.c adds its own. Private to probes/machine*.c and
// topology.c.
#pragma once
#include "probes/machine.h"

// Adds a fact with status ok. A value of "" becomes `unsupported`.
__attribute__((format(printf, 5, 6))) void machine_add(struct machine *m, const char *key,
                                                       const char *unit, const char *source,
                                                       const char *format, ...);
void machine_add_missing(struct machine *m, const char *key, const char *unit, const char *source,
                         enum status status);
// The first line of a file as a fact: `denied` where it may not be read, `unsupported` where it is
// not.
void machine_add_file(struct machine *m, const char *key, const char *unit, const char *path);
// The first line of a file. 0, or a negative errno with text "".
int machine_read_line(const char *path, char *text, size_t size);
// The value behind "key<blanks>:" of the first such line of a file like /proc/cpuinfo; "" if none.
void machine_read_key(const char *path, const char *key, char *value, size_t size);

void machine_gather_cpu(struct machine *m);    // cpu_vendor … cpu_name, hypervisor, tsc_*
void machine_gather_kernel(struct machine *m); // kernel_* and the settings that move measurements
void machine_gather_memory(struct machine *m); // memory_bytes …, numa_policy, node_id
void machine_gather_chip(struct machine *m);   // energy, dram_bytes
