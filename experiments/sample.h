// SPDX-License-Identifier: MIT
// Takes samples and writes their rows: what one arm does without being interrupted (a token of a
// decode, a chunk of a prompt), or a slice of a ceiling.
#pragma once
#include <time.h>

#include "experiments/lane.h"
#include "experiments/record.h"

struct sampler { // of one block
    struct record samples, regions, steps, counts;
    struct ceilings *ceilings;
    int64_t next_key;
    const char *case_name;
    int block;
    enum granularity granularity;
    double canary_gbps, canary_best_gbps, eff_mhz;
    clockid_t *cpu_clocks; // of each thread of the process
    size_t cpu_clock_count;
    struct slice_probe
        *probes; // of kernels' slices, one a worker; NULL: sampler_bind was not called
    int probe_count;
    // of the phase that runs now
    const char *point;
    int rep, slot, pass;
    bool told_held; // that others hold counters
    // Traffic of the memory controllers, in passes of counters; NULL before the first.
    struct uncore *uncore;
    int uncore_told_pass; // in which it was said that there is none
};

// Once all threads of the process run: their CPU time is what samples state.
int sampler_open(struct sampler *s, const char *directory, int64_t first_key);
int sampler_close(struct sampler *s);

struct turn { // one sample's work
    const int32_t *tokens;
    ptrdiff_t count;
    enum outputs outputs;
    float *logits;
    const char *part; // "prompt" or "gen"
    bool warmup;
    bool settle; // evaluate the token before once more, untimed, so that this one finds the caches
                 // and the team as a token of a real decode does, not as the writing of rows left
                 // them
    double before_ns; // wall time of the same rep's turns so far: the first token's time needs it
    bool first_token; // this turn ends with the first token's logits
};
// Evaluates and writes the sample with its regions, steps and counts. *wall_ns as written.
int sampler_turn(struct sampler *s, struct lane *l, const struct turn *t, double *wall_ns);
// Reads so much of the lane's weights, or takes a peak.
void sampler_ceiling(struct sampler *s, struct lane *l, enum ceiling which, size_t read_bytes);

// A slice of a ceiling: of a target that is gone through (read alone), of memory that each thread
// has for itself, or (both NULL) a peak of operations.
struct ceiling_from {
    struct ceiling_target *target;
    unsigned char *const *own;
    size_t bytes;    // of a slice of the target; of each own
    long iterations; // over each own
    bool warm;       // once more before, untimed: what is read stays in the caches meanwhile
};
void sampler_take_ceiling(struct sampler *s, enum ceiling which, const struct ceiling_from *from);

// One slice of a kernel on `threads` workers of the ceilings' team. before(arg, thread), which may
// be NULL, runs untimed; then all workers meet, and each runs work(arg, thread).
struct kernel_slice {
    const char *arm;
    bool warmup;
    int threads;
    void (*before)(void *arg, int thread), (*work)(void *arg, int thread);
    void *arg;
    double bytes, ops;
    struct anchor *anchor; // of the arm's work, for each operation (or byte); kept between passes
};
// Opens the events of a pass on the first `threads` workers, for slices (NULL: closes them). 0, or
// an exit code with failure() set.
int sampler_bind(struct sampler *s, int threads, const char *const *events);
double sampler_kernel(struct sampler *s, const struct kernel_slice *slice); // wall time, ns
// Whether any of a pass's events can be counted on this machine. Where none can, their rows, with
// status and without values, are written for the sample taken last (s NULL: only asks).
bool sampler_can_count(struct sampler *s, const char *const *events);
// Bandwidth canary and add chain, for the samples that follow.
void sampler_canary(struct sampler *s);
