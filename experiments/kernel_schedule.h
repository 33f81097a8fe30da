// SPDX-License-Identifier: MIT
// Decides before a run how the points of phases `kernel` and `yardstick` are cut into slices: so
// that the slowest arm's lasts 2 ms at most, the fastest arm's is long enough to be timed (that
// goes first), and all rounds of a block together take about a second. One granule of rows or
// queries for each thread is the least; where that takes longer, there are fewer rounds.
#pragma once
#include <stddef.h>

#include "experiments/kernel_point.h"

struct kernel_schedule {
    size_t count;
    struct slice_plan *plans; // of every point of every case; zeros for phases of a model
};

// Measures every arm at every point (about 0.1 s each) on threads of this process. ring_fd: as for
// blocks, or -1. 0, or an exit code with failure() set.
int kernel_schedule_make(struct kernel_schedule *s, const struct protocol *p, int ring_fd);
void kernel_schedule_free(struct kernel_schedule *s);
const struct slice_plan *kernel_schedule_plan(const struct kernel_schedule *s,
                                              const struct protocol *p, size_t case_index,
                                              size_t point_index);
// "units:quads,units:quads,…" of the points of a case, and back: for the command line of a block.
int kernel_schedule_text(const struct kernel_schedule *s, const struct protocol *p,
                         size_t case_index, char **text);
int kernel_schedule_read(const char *text, size_t count, struct slice_plan *plans);
