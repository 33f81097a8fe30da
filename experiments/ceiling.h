// SPDX-License-Identifier: MIT
// The machine's limits, measured by the yardstick kernels on the run's own threads in slices of
// about a millisecond (of the read ceiling: of as many bytes as its caller says), so that they can
// alternate with what is measured against them.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "engine/team.h"
#include "kernels/kernels.h"

enum ceiling { CEILING_read, CEILING_fma, CEILING_int8, CEILING_COUNT };
const char *ceiling_name(enum ceiling c); // "read"

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
struct ceiling_slice ceiling_compute(struct ceilings *c, enum ceiling which);
// At least 4 MiB a thread of the ring; GB/s.
double ceiling_canary_gbps(struct ceilings *c);
// Effective MHz of the calling thread's core, from the add chain (about 30 µs).
double ceiling_effective_mhz(void);
// A memfd of 512 MiB filled with data, for canary_fd; -1 with errno.
int ceiling_canary_memfd(void);
