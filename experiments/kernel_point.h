// SPDX-License-Identifier: MIT
// A point of a case of phase `kernel` or `yardstick`: the op, its shape, and what each arm runs;
// the plan of its slices.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "experiments/kernel_work.h"
#include "experiments/protocol.h"

#define KERNEL_ARMS_MAX 64

struct kernel_point {
    enum op op;
    struct shape shape;
    size_t arm_count;
    const struct kernel *kernels[KERNEL_ARMS_MAX]; // of each arm
    int threads[KERNEL_ARMS_MAX], most_threads;
};

// Whether a phase is made of slices of kernels.
bool kernel_point_is(const struct settings *s);
// 0, or an exit code with failure() set: an arm's variant that does not take the tokens, that the
// machine has not …
int kernel_point_resolve(const struct protocol *p, const struct protocol_case *c,
                         const struct point *point, int physical_cores, struct kernel_point *out);
// The operands of all arms; ring: memory of the op's weight format, NULL where the point wants
// none.
int kernel_point_open(const struct kernel_point *k, const struct point *point, uint64_t seed,
                      uint64_t layout_seed, const unsigned char *ring, size_t ring_bytes,
                      struct kernel_work **out);
// The format that the ring has to hold for a point.
enum format kernel_point_format(const struct settings *s);

// Part of a slice that a thread takes, as the executor shares out a step: equal numbers of
// granules.
void kernel_point_share(ptrdiff_t granule, ptrdiff_t begin, ptrdiff_t end, int thread, int threads,
                        ptrdiff_t *from, ptrdiff_t *to);

// How a point is cut: every arm runs slices of `units`, `quads` times there and back.
struct slice_plan {
    ptrdiff_t units;
    int quads;
    double seconds; // that a block will take for the point, about
    size_t samples; // that it will write
};
