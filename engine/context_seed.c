// SPDX-License-Identifier: MIT
// Keys and values from a counter-based generator: what a word holds depends on the seed and on
// where it lies ([K or V][layer][head][position][word]), not on the capacity, the threads or the
// order.
#include "engine/context.h"

#include <errno.h>

#include "engine/error.h"
#include "engine/execute.h"

// splitmix64's finalizer: Steele, Lea, Flood, "Fast splittable pseudorandom number generators"
// (2014).
static inline uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

#define GOLDEN UINT64_C(0x9e3779b97f4a7c15)

// Random sign and mantissa under the exponent of [0.5, 1): numbers of the size of real keys and
// values.
static uint64_t keep_mask(enum format f) {
    return f == FORMAT_f16   ? UINT64_C(0x83ff83ff83ff83ff)
           : f == FORMAT_f32 ? UINT64_C(0x807fffff807fffff)
                             : UINT64_MAX;
}

static uint64_t set_mask(enum format f) {
    return f == FORMAT_f16   ? UINT64_C(0x3800380038003800)
           : f == FORMAT_f32 ? UINT64_C(0x3f0000003f000000)
                             : 0;
}

// q8_0: any byte is a quant; the scales make the largest of them 1, and what pads the row is zero.
static void set_scales(unsigned char *row, ptrdiff_t dim) {
    static const uint16_t scale = 0x2008; // 1/127 as f16
    for (ptrdiff_t d = 0; d < dim; d += 32, row += 34) {
        __builtin_memcpy(row, &scale, 2);
        if (dim - d < 32) __builtin_memset(row + 2 + dim - d, 0, (size_t)(32 - (dim - d)));
    }
}

static void fill(unsigned char *to, size_t bytes, uint64_t key, uint64_t keep, uint64_t set) {
    size_t words = bytes / 8;
    for (size_t i = 0; i < words; i++) {
        uint64_t value = (mix(key + i * GOLDEN) & keep) | set;
        __builtin_memcpy(to + 8 * i, &value, 8);
    }
    uint64_t value = (mix(key + words * GOLDEN) & keep) | set;
    if (bytes % 8) __builtin_memcpy(to + 8 * words, &value, bytes % 8);
}

struct seeding {
    const struct context *c;
    ptrdiff_t from, to;
    uint64_t seed;
};

static void seed_slice(void *p, int thread) {
    const struct seeding *s = p;
    const struct context *c = s->c;
    ptrdiff_t heads = c->model->h.kv_heads, all = 2 * c->model->h.layers * heads;
    uint64_t keep = keep_mask(c->plan->kv), set = set_mask(c->plan->kv);
    for (ptrdiff_t i = all * thread / c->threads; i < all * (thread + 1) / c->threads; i++) {
        const struct kv_layout *cache = i < all / 2 ? &c->k : &c->v;
        ptrdiff_t layer = i % (all / 2) / heads, head = i % heads;
        unsigned char *rows = cache->data + layer * cache->layer_stride + head * cache->head_stride;
        uint64_t stream = mix(s->seed ^ mix((uint64_t)i + 1));
        ptrdiff_t dim = cache == &c->k ? c->model->h.dim_k : c->model->h.dim_v;
        for (ptrdiff_t row = s->from; row < s->to; row++) {
            unsigned char *to = rows + row * cache->row_stride;
            fill(to, (size_t)cache->row_stride, mix(stream + (uint64_t)row), keep, set);
            if (c->plan->kv == FORMAT_q8_0) set_scales(to, dim);
        }
    }
}

int context_seed_kv(struct context *c, ptrdiff_t position, uint64_t seed) {
    if (position < 0 || position > c->capacity)
        return engine_fail(ERANGE, "%s: a depth of %td tokens is beyond the context of %td",
                           gguf_path(c->model->gguf), position, c->capacity);
    struct seeding s = {c, 0, position, seed};
    if (c->seed == seed) s.from = c->seeded;
    if (s.from < s.to) {
        team_run(c->team, c->threads, seed_slice, &s);
        c->seeded = position;
    }
    c->seed = seed;
    c->position = position;
    return 0;
}
