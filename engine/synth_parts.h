// SPDX-License-Identifier: MIT
// Inside of the model generator: weights and vocabulary. Only engine/synth*.c include this.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "engine/gguf_write.h"
#include "kernels/kernels.h"

// ---- engine/synth_weights.c: a counter-based generator, so that any part can be made by any
// thread
struct weights {
    enum format format;
    ptrdiff_t cols; // a multiple of 32 (f32: any)
    uint64_t key;
    union {
        uint16_t values[4096]; // f16: what a weight may be
        uint16_t scales[256];  // q8_0, q4_0: what a block's scale may be
    } table;
};
// Weights of zero mean and a standard deviation of about 1/sqrt(cols), so that activations of unit
// size stay of unit size. The name tells tensors apart; f32: norms, spread over 0.95 to 1.05.
void synth_weights_prepare(struct weights *w, enum format format, ptrdiff_t cols, uint64_t seed,
                           const char *name);
// Rows [first_row, first_row + rows) as the file holds them.
void synth_weights_fill(const struct weights *w, ptrdiff_t first_row, ptrdiff_t rows, void *out);

// ---- engine/synth_vocabulary.c
// The metadata tokenizer.ggml.*: <unk> <s> </s>, 256 byte tokens, printable ASCII, frequent English
// words with all their beginnings, then short combinations of letters, shortest first. -EINVAL if
// `tokens` is too small for bytes and ASCII.
int synth_vocabulary_write(struct gguf_writer *w, ptrdiff_t tokens);
