// SPDX-License-Identifier: MIT
// The driver's side of the ring that weights and keys come from: the canary's memfd (512 MiB),
// which blocks map and read, filled with valid data of the format that the next case needs. A
// canary reads whatever lies there.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

struct kernel_ring {
    unsigned char *data;
    size_t bytes;
    bool filled;
    enum format format; // that it holds
    uint64_t seed;
};
// Maps fd (ceiling_canary_memfd) to write; -1: makes memory of its own. 0, or an exit code with
// failure() set.
int kernel_ring_open(struct kernel_ring *r, int fd);
// Fills it, unless it holds that already: about 0.1 s.
void kernel_ring_fill(struct kernel_ring *r, enum format f, uint64_t seed);
void kernel_ring_close(struct kernel_ring *r);
