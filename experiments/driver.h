// SPDX-License-Identifier: MIT
// Runs a protocol: blocks in fresh processes, their rows gathered into one run directory, sealed
// and renamed when complete. `run` and `bench` are front-ends to driver_execute.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "experiments/kernel_schedule.h"
#include "experiments/protocol.h"

#define DRIVER_OVERRIDES_MAX 66 // flags of a command line, and two that -t and --kv stand for
struct driver_options {
    const char *out_root;         // results/, or what --out says
    const char *const *overrides; // of --set, as given
    size_t override_count;
    bool large_allowed;       // --yes
    ptrdiff_t context_tokens; // --ctx: no point may need more; 0: the model's own
};

// Runs and seals. *run_path (malloc'ed) is the run's directory. 0, or an exit code with failure()
// set; then nothing is left behind but what an interruption kept (named in the message).
int driver_execute(const struct protocol *p, const struct driver_options *o, char **run_path);

// Every phase is built, every model is there (made if it is synthetic) and every point fits into
// its context.
int driver_check(const struct protocol *p, ptrdiff_t most_tokens);
// Tokens of cache that a point needs.
ptrdiff_t driver_point_tokens(const struct settings *s);
// Threads of an arm at a point: what it says, what the point says, or all physical cores.
int driver_arm_threads(const struct arm *arm, const struct settings *s, int physical_cores);
// The most threads that any arm of the protocol asks for.
int driver_threads(const struct protocol *p, int physical_cores);

// experiments/block.c: one case of one block, in a process of its own, into fragments in
// `directory`. canary_fd: ceiling_canary_memfd() of the driver. 0, or an exit code with failure()
// set. plans: how each of its points is cut, where they are of kernels.
int block_run(const struct protocol *protocol, size_t case_index, int block, const char *directory,
              int64_t first_key, int canary_fd, const struct slice_plan *plans);
// Tokens of one warm-up turn at a point.
struct model;
ptrdiff_t block_warmup_tokens(const struct model *m, const struct settings *s);

// experiments/estimate.c: seconds and bytes that a run will take, from the ceilings measured now.
struct estimate {
    double seconds, bytes;
    size_t samples; // without ceilings
};
// canary_fd: the driver's, or -1; schedule: of its kernels, made here (free it).
int estimate_run(const struct protocol *p, int canary_fd, struct kernel_schedule *schedule,
                 struct estimate *e);

// experiments/facts.c: writes run.csv.
struct run_facts {
    const struct protocol *protocol;
    const struct driver_options *options;
    const struct kernel_schedule *schedule;
    const char *id, *utc_start, *utc_end, *binary_sha256;
    bool complete;
};
int facts_write(const char *directory, const struct run_facts *f);
// "20261121T110500Z" of now.
void facts_utc(char utc[20]);

// The verbs.
struct command;
int driver_run(const struct command *c);
int driver_block(const struct command *c);
