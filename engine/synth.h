// SPDX-License-Identifier: MIT
// Models of real shape with seeded random weights (finite logits) and a SentencePiece tokenizer
// that other engines load. Presets: engine/presets.def.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SYNTH_GENERATOR_VERSION 1 // rises when the same arguments give other bytes
#define SYNTH_SEED_DEFAULT 0

struct synth_preset {
    const char *name;
    ptrdiff_t layers, width, ff_width, heads, kv_heads, head_dim, vocabulary, context;
    double rope_base, norm_eps;
    int tied_output, rope_factors; // rope_factors: a llama-3 style rope_freqs tensor
};
size_t synth_preset_count(void);
const struct synth_preset *synth_preset_at(size_t i);
const struct synth_preset *synth_preset_find(const char *name); // NULL if unknown
// The same, or -EINVAL with a message: unknown (with the list), or of an architecture not built
// yet.
int synth_preset_require(const char *name, const struct synth_preset **out);

// Formats that synth_write knows. Norms and rope_freqs are f32 always. f16 and q8_0: all matrices;
// q4_0: all but the output (of a tied model: the embedding), which is q8_0 where the common
// quantizers choose q6_K, a format that is not built yet.
bool synth_format_known(const char *format);
const char *synth_formats(void); // "f16, q8_0, q4_0"

// Writes `path` (through a temporary beside it). layers 0: the preset's. progress may be NULL:
// called with the share done. The bytes depend on preset, format, layers and seed only.
int synth_write(const struct synth_preset *p, const char *format, ptrdiff_t layers, uint64_t seed,
                const char *path, void (*progress)(double done));
// The same on so many threads (at least 1); synth_write takes all CPUs that the process may use.
int synth_write_threads(const struct synth_preset *p, const char *format, ptrdiff_t layers,
                        uint64_t seed, const char *path, int threads,
                        void (*progress)(double done));
