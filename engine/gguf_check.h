// SPDX-License-Identifier: MIT
// Reads the weights of a GGUF file for values that are no numbers.
#pragma once
#include <stdint.h>

#include "engine/gguf.h"

// All values of all tensors are finite: 0, and their count in *values. The first NaN or Inf in the
// order of the file's table (of block formats: the scale of a block): -EINVAL with a message that
// names file, tensor, index and offset. -ENOTSUP where all others are finite, but a tensor has a
// format that this build cannot read. Reads every byte of the weights once.
int gguf_check_weights(const struct gguf *g, uint64_t *values);
