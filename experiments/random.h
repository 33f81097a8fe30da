// SPDX-License-Identifier: MIT
// A seeded generator for orders and prompts (splitmix64: Steele, Lea, Flood, OOPSLA 2014).
#pragma once
#include <stddef.h>
#include <stdint.h>

struct random {
    uint64_t state;
};

static inline struct random random_seeded(uint64_t seed) {
    return (struct random){seed};
}

static inline uint64_t random_next(struct random *r) {
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

// Uniform in [0, n), n > 0.
static inline uint64_t random_below(struct random *r, uint64_t n) {
    return (uint64_t)((unsigned __int128)random_next(r) * n >> 64);
}

static inline void random_shuffle(struct random *r, size_t *items, size_t count) {
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)random_below(r, i);
        size_t t = items[i - 1];
        items[i - 1] = items[j];
        items[j] = t;
    }
}
