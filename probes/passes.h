// SPDX-License-Identifier: MIT
// Splits what is asked for into passes whose events fit into the counters together: nothing is
// multiplexed. Each pass that counts hardware carries cycles and instructions as its anchors.
#pragma once
#include <stddef.h>

#include "probes/counters.h"

#define PASSES_MAX 16
struct pass {
    size_t count;
    const char *names[COUNTERS_MAX + 1]; // NULL ends them; borrowed from the words and the group
};
struct passes {
    size_t count;
    struct pass pass[PASSES_MAX];
};
// words: events, and metrics of this CPU's group, which stand for the events in their formulas.
// Tries the events on the calling thread. What this machine cannot count stays in a pass, to say
// so. 0; -EINVAL with a message for a word that is neither event nor metric (with the nearest ones)
// or too many of them.
int passes_plan(struct passes *p, const char *const *words, size_t count);
