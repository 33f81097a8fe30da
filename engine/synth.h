// SPDX-License-Identifier: MIT
// Models of real shape with seeded random weights (finite logits) and a SentencePiece tokenizer that
// other engines load. Presets: engine/presets.def.
#pragma once
#include <stddef.h>
#include <stdint.h>

struct synth_preset {
    const char *name;
    ptrdiff_t layers, width, ff_width, heads, kv_heads, head_dim, vocabulary, context;
    double rope_base, norm_eps;
    int tied_output, rope_factors; // rope_factors: a llama-3 style rope_freqs tensor
};
size_t synth_preset_count(void);
const struct synth_preset *synth_preset_at(size_t i);
const struct synth_preset *synth_preset_find(const char *name); // NULL if unknown
// Writes `path` (through a temporary beside it). layers 0: the preset's. progress may be NULL: called
// with the share done. The bytes depend on preset, format, layers and seed only.
int synth_write(const struct synth_preset *p, const char *format, ptrdiff_t layers, uint64_t seed,
                const char *path, void (*progress)(double done));
