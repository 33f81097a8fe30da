// SPDX-License-Identifier: MIT
// A lane: one arm of a case made ready to run in this process: its context over the shared model,
// its observer. Lanes of one block share the mapped models, the team and the ceilings.
#pragma once
#include <stdbool.h>

#include "engine/context.h"
#include "experiments/anchor.h"
#include "experiments/ceiling.h"
#include "experiments/protocol.h"
#include "experiments/watch.h"

#define LANES_MAX 64

struct lane {
    const struct arm *arm;
    struct model *model; // borrowed from the block
    struct context *context;
    struct ceiling_target weights; // the model's tensors in its mapping: what the ceiling reads
    enum ceiling peak;             // of the arithmetic of its matmuls
    struct watch watch;            // unbound where workers == NULL
    struct anchors anchors;        // of its passes
    ptrdiff_t capacity, chunk;     // tokens of its cache, and of the longest turn
    const char *kv, *model_spec;   // what it was opened with
    const char *fill, *prompt;     // what its cache was filled with
    int threads;
};

// Opens an arm at the settings of a point: `threads` of the team, a cache of `capacity` tokens.
// 0, or an exit code with failure() set.
int lane_open(struct lane *l, const struct arm *arm, const struct settings *s, struct model *m,
              struct team *team, int threads, ptrdiff_t capacity);
void lane_close(struct lane *l);
// Whether it can run another point of the same arm.
bool lane_fits(const struct lane *l, const struct arm *arm, const struct settings *s, int threads,
               ptrdiff_t capacity);
