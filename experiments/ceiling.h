// SPDX-License-Identifier: MIT
// The machine's limits, measured by the yardstick kernels on the run's own threads in slices of
// about a millisecond (of the read ceiling: of as many bytes as its caller says), so that they can
// alternate with what is measured against them.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/team.h"
#include "kernels/kernels.h"

#define CANARY_BYTES                                                                               \
    ((size_t)512 << 20) // of the canary's ring, which a kernel's weights come from too

enum ceiling {
    CEILING_read,
    CEILING_write,
    CEILING_copy,
    CEILING_fma, // the first of the peaks of operations
    CEILING_int8,
    CEILING_bf16,
    CEILING_COUNT
};
const char *ceiling_name(enum ceiling c); // "read"
bool ceiling_exists(enum ceiling c);      // this machine has a yardstick for it

struct ceiling_slice {
    uint64_t begin_ticks, end_ticks; // first thread's begin to last thread's end
    double bytes, ops;
};

// One read target: the mapping whose read rate is the ceiling (the weights of a model, the canary's
// ring).
struct ceiling_target {
    const unsigned char *data;
    size_t bytes; // whole cache lines from data on
    size_t next;  // where the next slice begins: nothing is read twice before all was
};

struct ceilings {
    struct team *team;
    int threads;
    struct ceiling_target canary;                // shared ring of at least 512 MiB
    const struct kernel *kernels[CEILING_COUNT]; // NULL: this machine has none that is usable
    long iterations[CEILING_COUNT];              // of a slice
};

// Calibrates the slices' lengths (a few milliseconds). canary_fd: a memfd of the driver, or -1 to
// make an anonymous ring of 512 MiB. 0, or an exit code with failure() set.
int ceilings_open(struct ceilings *c, struct team *team, int threads, int canary_fd);
void ceilings_close(struct ceilings *c);
// The best of the read kernels on this target becomes kernels[CEILING_read].
void ceilings_choose_read(struct ceilings *c, struct ceiling_target *t);
struct ceiling_slice ceiling_read(struct ceilings *c, struct ceiling_target *t, size_t slice_bytes);
// The same on memory that each thread has for itself, own[thread] of `bytes` (a multiple of 1024)
// and 64-byte aligned, `iterations` times: the ceiling of what stays in a core's caches. Of write
// and copy the memory is written.
void ceilings_choose_own(struct ceilings *c, enum ceiling which, unsigned char *const *own,
                         size_t bytes, long iterations);
struct ceiling_slice ceiling_own(struct ceilings *c, enum ceiling which, unsigned char *const *own,
                                 size_t bytes, long iterations);
struct ceiling_slice ceiling_compute(struct ceilings *c, enum ceiling which);
// At least 4 MiB a thread of the ring; GB/s.
double ceiling_canary_gbps(struct ceilings *c);
// Effective MHz of the calling thread's core, from the add chain (about 30 µs).
double ceiling_effective_mhz(void);
// A memfd of 512 MiB filled with data, for canary_fd; -1 with errno.
int ceiling_canary_memfd(void);
