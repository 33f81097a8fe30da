// SPDX-License-Identifier: MIT
// An interpreter of the few A64 instructions of which the counting loops consist: integer registers
// and flags are followed, vector instructions are only counted (nothing branches on them), stores
// are not done.
#include "tests/counts/walk.h"

#if defined(__aarch64__)
#include <string.h>

#include "tests/case.h"

enum { STEPS_MAX = 1 << 20, LINK = 30, ZERO = 31 };

struct machine {
    uint64_t x[32];
    bool n, z, v, c;
};

static uint64_t bits(uint32_t word, int high, int low) {
    return word >> low & ((1u << (high - low + 1)) - 1);
}

static int64_t offset(uint32_t word, int high, int low) { // of a branch, in bytes
    uint64_t sign = 1ull << (high - low), value = bits(word, high, low);
    return ((int64_t)(value ^ sign) - (int64_t)sign) * 4;
}

static uint64_t get(const struct machine *m, uint64_t r) {
    return r == ZERO ? 0 : m->x[r];
}

static void put(struct machine *m, uint64_t r, uint64_t value) {
    if (r != ZERO) m->x[r] = value;
}

static void subtract(struct machine *m, uint64_t to, uint64_t a, uint64_t b) {
    uint64_t y = a - b;
    m->n = y >> 63, m->z = y == 0, m->c = a >= b, m->v = ((a ^ b) & (a ^ y)) >> 63;
    put(m, to, y);
}

static bool holds(const struct machine *m, uint64_t condition) {
    bool yes = condition >> 1 == 0   ? m->z
               : condition >> 1 == 1 ? m->c
               : condition >> 1 == 5 ? m->n == m->v
               : condition >> 1 == 6 ? m->n == m->v && !m->z
                                     : false;
    return yes != (condition & 1);
}

// Branches: true if it is one; `to` is where it goes.
static bool step_branch(const struct machine *m, uint32_t w, const uint32_t *at,
                        const uint32_t **to, bool *taken) {
    int64_t by;
    if (w == 0xd65f03c0) { // ret
        *taken = true, *to = (const uint32_t *)(uintptr_t)m->x[LINK];
        return true;
    }
    if (bits(w, 31, 26) == 0x05) { // b
        *taken = true, by = offset(w, 25, 0);
    } else if (bits(w, 31, 24) == 0x54) { // b.cond
        *taken = holds(m, bits(w, 3, 0)), by = offset(w, 23, 5);
    } else if (bits(w, 31, 25) == 0x5a) { // cbz, cbnz of 64 bits
        *taken = (get(m, bits(w, 4, 0)) == 0) != bits(w, 24, 24), by = offset(w, 23, 5);
    } else if (bits(w, 30, 25) == 0x1b) { // tbz, tbnz
        uint64_t bit = bits(w, 31, 31) << 5 | bits(w, 23, 19);
        *taken = (get(m, bits(w, 4, 0)) >> bit & 1) == bits(w, 24, 24), by = offset(w, 18, 5);
    } else {
        return false;
    }
    *to = *taken ? at + by / 4 : at + 1;
    return true;
}

static bool step_integer(struct machine *m, uint32_t w, struct exact_counts *c) {
    uint64_t d = bits(w, 4, 0), n = bits(w, 9, 5), s = bits(w, 20, 16), immediate = bits(w, 21, 10);
    switch (bits(w, 31, 22)) {
    case 0x3e5: // ldr x, [x, #]
        c->loads++, c->load_bytes += 8;
        uint64_t word;
        memcpy(&word, (const char *)(uintptr_t)get(m, n) + immediate * 8, sizeof word);
        put(m, d, word);
        return true;
    case 0x3e4: // str x, [x, #]
        c->stores++, c->store_bytes += 8;
        return true;
    case 0x244: // add #
        put(m, d, get(m, n) + immediate);
        return true;
    case 0x344: // sub #
        put(m, d, get(m, n) - immediate);
        return true;
    case 0x3c4: // subs, cmp #
        subtract(m, d, get(m, n), immediate);
        return true;
    }
    switch (bits(w, 31, 21)) {
    case 0x458: // add
        if (bits(w, 15, 10)) return false;
        put(m, d, get(m, n) + get(m, s));
        return true;
    case 0x758: // subs, cmp
        if (bits(w, 15, 10)) return false;
        subtract(m, d, get(m, n), get(m, s));
        return true;
    case 0x550: // mov x, x
        if (n != ZERO || bits(w, 15, 10)) return false;
        put(m, d, get(m, s));
        return true;
    case 0x4d8: // madd
        put(m, d, get(m, n) * get(m, s) + get(m, bits(w, 14, 10)));
        return true;
    }
    uint64_t shift = bits(w, 22, 21) * 16, half = bits(w, 20, 5);
    if (bits(w, 31, 23) == 0x1a5) { // movz
        put(m, d, half << shift);
        return true;
    }
    if (bits(w, 31, 23) == 0x1e5) { // movk
        put(m, d, (get(m, d) & ~(0xffffull << shift)) | half << shift);
        return true;
    }
    return false;
}

static bool step_vector(uint32_t w, struct exact_counts *c) {
    c->vector++;
    if (bits(w, 31, 22) == 0x0f7) { // ldr q
        c->loads++, c->load_bytes += 16;
    } else if (bits(w, 31, 22) == 0x0f6) { // str q
        c->stores++, c->store_bytes += 16;
    } else if (bits(w, 27, 25) != 7) {
        return false;
    }
    if ((w & 0xffe0fc00) == 0x4e20d400) c->flops += 4; // fadd
    if ((w & 0xffe0fc00) == 0x4e20cc00) c->flops += 8; // fmla
    if ((w & 0xffe0fc00) == 0x4e809400) c->dot++;      // sdot
    return true;
}

int walk(const struct kernel *k, const struct yardstick_args *a, struct exact_counts *c) {
    struct machine m = {.x = {(uint64_t)(uintptr_t)a}};
    const uint32_t *entry = (const uint32_t *)(uintptr_t)k->run.any, *at = entry, *to;
    memset(c, 0, sizeof *c);
    for (long i = 0; at; i++) { // ret goes to x30, which is NULL
        bool taken, known = true;
        uint32_t w = *at;
        c->instructions++;
        if (step_branch(&m, w, at, &to, &taken)) {
            c->branches++;
            c->taken_branches += taken;
            at = to;
            continue;
        }
        if (bits(w, 31, 12) != 0xd5032) // else a hint: bti, nop
            known = bits(w, 26, 26) && bits(w, 27, 25) != 2 ? step_vector(w, c)
                                                            : step_integer(&m, w, c);
        if (!known || i > STEPS_MAX) {
            case_fail("%s + %td: %08x: %s", k->symbol, (at - entry) * 4, w,
                      known ? "too many steps" : "an instruction that the test does not know");
            return 1;
        }
        at++;
    }
    return 0;
}
#endif
