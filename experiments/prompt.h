// SPDX-License-Identifier: MIT
// The tokens that an experiment feeds a model: text (a fixed public-domain text, tokenized), random
// (seeded ids) or repeat (one id).
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "engine/model.h"

// Fills tokens[count]. 0, or an exit code with failure() set.
int prompt_tokens(const struct model *m, const char *kind, uint64_t seed, int32_t *tokens,
                  size_t count);
