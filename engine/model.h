// SPDX-License-Identifier: MIT
// A model: the mapped file, its hyperparameters and its tokenizer. Opened once; any number of
// contexts run over it. Constant after opening.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "engine/gguf.h"
#include "engine/tokenizer.h"

struct hparams {
    ptrdiff_t layers, width, ff_width, heads, kv_heads, dim_k, dim_v, vocabulary, context;
    ptrdiff_t rope_pairs;         // rotated pairs of a head (rope dimension / 2)
    double rope_base, rope_scale; // position * rope_scale: 1/factor of linear scaling
    double norm_eps;
};

struct architecture; // engine/architectures.def: name and plan builder

struct model {
    struct gguf *gguf;
    struct tokenizer *tokenizer; // NULL where the file has none
    const struct architecture *architecture;
    struct hparams h;
    char *spec;            // as given
    uint64_t weight_bytes; // of all tensors
};

// spec: a path, `embedded:kjv-3.7m`, `synth:PRESET/FORMAT[?layers=N&seed=S]`. 0, or a negative
// errno with a message that names the file and the key or tensor; *out is NULL then.
int model_open(struct model **out, const char *spec);
void model_close(struct model *m);

// engine/source.c: the file behind a spec; makes a synthetic one in the cache directory if it is
// not there yet (under a temporary name, renamed when complete). *path is malloc'ed.
int source_path(const char *spec, char **path);
// The directory for made models and runs of compare and bench: $INFEROMETER_CACHE, else
// $XDG_CACHE_HOME/inferometer, else ~/.cache/inferometer. Created when missing. *path is malloc'ed.
int source_cache_dir(char **path);
// The directory that holds protocols/, engine/embedded/, analysis/: $INFEROMETER_HOME, else the
// tree or PREFIX/share/inferometer that the binary belongs to. *path is malloc'ed.
int source_data_dir(char **path);
