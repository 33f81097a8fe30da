// SPDX-License-Identifier: MIT
// Perplexity of a text: windows of window-1 tokens, each behind a BOS, not overlapping; every token
// of a full window is scored, what is left at the end is not.
#pragma once
#include "engine/context.h"

struct perplexity {
    double perplexity, nll_per_token; // natural logarithm, softmax in double
    ptrdiff_t tokens;                 // scored
};

// ids: the text without BOS; bos: the token put before each window. window: tokens with BOS, at
// most the context's capacity; its cache is rewound to 0 for each window. progress may be NULL:
// called with the share done. -EINVAL where the text is shorter than one window, the window does
// not fit, or an id is none of the model's.
int perplexity_of(struct perplexity *out, struct context *c, const int32_t *ids, size_t count,
                  int32_t bos, ptrdiff_t window, void (*progress)(double done));
