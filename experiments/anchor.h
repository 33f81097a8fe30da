// SPDX-License-Identifier: MIT
// Anchors of passes: cycles and instructions are counted in each pass, so the same work must show
// the same numbers; and counters that were taken away while they counted. Both flag a sample.
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "experiments/watch.h"

// Instructions of the same work repeat almost exactly; cycles move with the memory's mood.
#define ANCHOR_INSTRUCTIONS 0.001
#define ANCHOR_CYCLES 0.1

struct anchors {                     // of one lane at one point
    struct anchor {                  // of the work that begins at one position of the context
        double instructions, cycles; // net, of all threads; 0: not seen
    } * at;
    ptrdiff_t capacity;
    const char *point; // borrowed; another point begins anew
};
void anchors_free(struct anchors *a);
// Whether two passes over the same work cannot have done the same. 0 and NaN: not known, so no.
bool anchors_disagree(const struct anchor *a, const struct anchor *b);
// What one thread counted of some work: adds to *now, and words to flags as below; *held stays
// where nobody holds counters.
void anchors_of_thread(const struct counters *c, const struct counters_reading *sum,
                       uint64_t regions, struct anchor *now, char *flags, size_t size,
                       const char **held);
// Keeps the first of some work in *first; flags what disagrees with it.
void anchors_keep(struct anchor *first, const struct anchor *now, char *flags, size_t size);
// Appends words to flags for what a watched turn shows that began at `position` of `capacity`
// tokens of `point`. *held: the reason for people, or "".
//   anchors        another pass counted other instructions or cycles of the same work
//   counters_held  the group was off the PMU for a while: someone else holds counters
//   counters_lost  a reading failed, or the thread ran on a core of another kind
//   uncounted      none of the events that were asked for could be opened
void anchors_flag(struct anchors *a, const struct watch *w, const char *point, ptrdiff_t position,
                  ptrdiff_t capacity, char *flags, size_t size, const char **held);
