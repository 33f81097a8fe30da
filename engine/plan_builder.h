// SPDX-License-Identifier: MIT
// What an architecture builds its plan with. The first error sticks (builder->error); later calls
// do nothing then, so that a builder reads as a straight list of steps.
#pragma once
#include <stdbool.h>

#include "engine/plan.h"

struct plan_builder;
struct architecture {
    const char *name, *summary;
    void (*build)(struct plan_builder *b);
};

struct plan_builder {
    struct plan *plan;
    const struct model *model;
    const struct plan_options *options;
    size_t capacity; // of plan->steps
    int layer;       // of the steps being added; -1: outside
    enum role role;
    bool *used;      // [tensors of the file] which ones were taken
    bool act_served; // some matmul takes options->act
    int error;       // negative errno, message stored
};

// The tensor of this layer ("blk.<layer>.<name>.weight"; outside the layers "<name>.weight") with
// rows x cols (rows 1: a vector). NULL after an error.
const struct gguf_tensor *plan_tensor(struct plan_builder *b, const char *name, ptrdiff_t rows,
                                      ptrdiff_t cols);
bool plan_has_tensor(const struct plan_builder *b, const char *name);

// A step without weights of a matrix: row-wise ops, rope, kv_store, attention.
struct step *plan_add(struct plan_builder *b, enum op op, const char *region,
                      enum partition partition, enum slot y, enum slot x, enum slot second,
                      ptrdiff_t rows, ptrdiff_t cols);
void plan_add_embed(struct plan_builder *b, const struct gguf_tensor *w);
void plan_add_norm(struct plan_builder *b, const char *region, const struct gguf_tensor *gain,
                   enum slot y);

struct plan_matmul {
    const char *region;
    const struct gguf_tensor *w;
    enum slot y;
};
// Matmuls that read the same activations x; in front of the first that takes other ones than
// float32 a step `quantize_region` that writes them to x_act (again where the next takes another
// format).
void plan_add_matmuls(struct plan_builder *b, enum slot x, enum slot x_act,
                      const char *quantize_region, const struct plan_matmul *matmuls, size_t count);

// engine/architectures.def
const struct architecture *architecture_find(const char *name, size_t bytes); // NULL if unknown
size_t architecture_count(void);
const struct architecture *architecture_at(size_t i);
#define ARCHITECTURE(name, summary) void arch_##name##_build(struct plan_builder *b);
#include "engine/architectures.def"
#undef ARCHITECTURE
