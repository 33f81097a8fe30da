// SPDX-License-Identifier: MIT
// Exact counts of kernel regions (source `sim`): starts `inferometer region` under qemu-user with
// our plugin, or lets it single-step itself, several at once, and reads what comes back. A region
// that no simulator here can execute is `unsupported` with the reason, never replaced by another.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

enum sim_event {
#define SIM_EVENT(name, ...) SIM_##name,
#include "experiments/sim_events.def"
#undef SIM_EVENT
    SIM_EVENT_COUNT
};
struct sim_event_info {
    const char *name, *meaning;
};
const struct sim_event_info *sim_event_info(enum sim_event e);

// SIM_TOOL_any: the plugin where qemu executes the variant's instructions, else single-stepping.
enum sim_tool { SIM_TOOL_any, SIM_TOOL_qemu, SIM_TOOL_step };
struct sim_request {
    const struct kernel *kernel;
    const char *shape; // as words: "64x256x1"
    enum arch arch;    // whose build runs: a row of arch `any` has one in each
    enum sim_tool tool;
};
struct sim_block { // straight code: where it lies in the kernel's symbol, how often it ran
    int64_t first, end;
    uint64_t instructions, executions;
};
struct sim_counts {
    bool ok;           // else unsupported, and message says why
    char message[256]; // one line
    char encoding[64]; // what counted: "qemu-x86_64 7.2.22", "single-step"
    uint64_t calls;    // of the kernel
    double raw[SIM_EVENT_COUNT], net[SIM_EVENT_COUNT]; // NaN: this tool does not count it
    double overhead[SIM_EVENT_COUNT];
    struct sim_block *blocks; // malloc'ed; of a pair none
    size_t block_count;
};
// Fills counts[i] for requests[i]. 0, or EXIT_FAILED with failure() set (what is no fault of a
// variant: no memory, no processes). sim_free releases each.
int simulate(const struct sim_request *requests, size_t count, struct sim_counts *counts);
void sim_free(struct sim_counts *c);

// The build of `arch` that is to run, and the plugin. malloc'ed; NULL with *why a sentence.
char *sim_binary(enum arch arch, const char **why);
char *sim_plugin(void);
// "qemu-x86_64", and its version; NULL, with *why, where it is missing.
char *sim_qemu(enum arch arch, char version[32], const char **why);
enum arch sim_host_arch(void);
#define SIM_L1 "32768:8:64"
#define SIM_L2 "1048576:8:64"
