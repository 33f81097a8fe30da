// SPDX-License-Identifier: MIT
// Seeded data for kernels: every block valid and finite in its format, numbers of the size of real
// weights, keys and activations. The same seed gives the same bytes everywhere.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

// Bytes after which a format's blocks and cache lines begin together again: where data may begin.
size_t kernel_data_granule(enum format f);
// Blocks of the format, one behind the other, from a multiple of the granule on; a part of a block
// may be left at the end. So any row, matrix, panel or run of keys that begins at a granule of a
// filled ring is valid, whatever its shape. What the format has no words for (a layout that another
// table defines) becomes bytes that are small numbers in every float format.
void kernel_data_fill(enum format f, void *to, size_t bytes, uint64_t seed);
// The same, from one chunk of about a mebibyte over and over: as fast as memory is written.
void kernel_data_fill_ring(enum format f, void *ring, size_t bytes, uint64_t seed);
void kernel_data_floats(float *to, size_t count, uint64_t seed); // uniform on [-1, 1)
// One token of activations, 64-byte aligned. 0, or -1 without memory.
int kernel_data_activations(enum format f, void *to, ptrdiff_t cols, uint64_t seed);
