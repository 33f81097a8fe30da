// SPDX-License-Identifier: MIT
// What the engine tells whoever watches it: called on every worker around its own slice of every
// step. The engine knows nothing of probes; experiments/ binds the two. Unbound, an observer costs
// one predictable branch a step.
#pragma once
#include "engine/plan.h"

struct eval;
struct work {                    // of one thread's slice
    const struct kernel *kernel; // that ran
    double bytes, ops;           // as the op's row of ops.def counts them
};

struct observer {
    void *self;
    void (*attach)(void *self,
                   int thread); // once on each worker before the first step, after binding
    void (*begin)(void *self, int thread, const struct step *s, const struct eval *e);
    // Before the barrier: the gap to the next begin is the wait. A worker with nothing to do in a
    // step is told so too (work of zero bytes and ops).
    void (*end)(void *self, int thread, const struct step *s, const struct eval *e,
                const struct work *w);
};
