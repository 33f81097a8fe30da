// SPDX-License-Identifier: MIT
// The blocks in which a thread passes its slice of a step: what stays in a core's L2 cache
// meanwhile. Kernels are register tiles; their blocking lives here, for the executor and for
// whoever times a kernel as the executor runs it.
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "kernels/kernels.h"

// Keys that attention takes at once: K and V of one head stay in the L2 cache while all queries of
// a block of tokens pass. Cut at multiples of absolute positions, so that chunks do not change
// results.
#define ATTENTION_KEYS 512
#define ATTENTION_TOKENS 32
// An attention variant whose scratch grows with the run keeps the scores of the run: it is given
// whole runs, the others blocks of ATTENTION_KEYS.
static inline bool blocking_takes_whole_runs(const struct kernel *k) {
    struct shape s = {.rows = 1, .cols = 1, .tokens = 1, .kv_heads = 1, .group = 1, .dim = 64};
    s.run = ATTENTION_KEYS;
    size_t bytes = k->scratch_bytes(&s);
    s.run = 4 * (ptrdiff_t)ATTENTION_KEYS;
    return k->scratch_bytes(&s) > bytes;
}

// Activations and weights of a block that stay in a core's L2 cache while a plain matmul passes.
#define MATMUL_BLOCK_BYTES (256 * 1024)

struct matmul_blocks {
    ptrdiff_t rows, tokens; // of a call at most
};

// Pairs pack a row block once for all tokens; other variants want both operands in L2: few tokens
// are there as a whole, and the weights then pass once, front to back. Strides in bytes.
static inline struct matmul_blocks blocking_of_matmul(const struct kernel *k, ptrdiff_t rows,
                                                      ptrdiff_t tokens, ptrdiff_t w_stride,
                                                      ptrdiff_t x_stride) {
    struct matmul_blocks b = {rows, tokens};
    if (k->packer || tokens * x_stride <= 2 * MATMUL_BLOCK_BYTES) return b;
    ptrdiff_t row_block = k->row_block > 1 ? k->row_block : 1;
    ptrdiff_t token_block = k->token_block > 1 ? k->token_block : 1;
    if (tokens <= token_block) return b; // one pass over the weights in any case
    if (token_block > 64) token_block = 64;
    b.rows = MATMUL_BLOCK_BYTES / w_stride / row_block;
    b.tokens = MATMUL_BLOCK_BYTES / x_stride / token_block;
    b.rows = (b.rows > 1 ? b.rows : 1) * row_block;
    b.tokens = (b.tokens > 1 ? b.tokens : 1) * token_block;
    return b;
}

// Bytes between the rows of activations: whole cache lines, and no multiple of 4096, which would
// put one column of all tokens into one set of the caches.
static inline ptrdiff_t blocking_row_stride(size_t row_bytes) {
    size_t stride = (row_bytes + 63) / 64 * 64;
    return (ptrdiff_t)(stride % 4096 ? stride : stride + 64);
}
