// SPDX-License-Identifier: MIT
#include "probes/step_vnni.h"

#if defined(__x86_64__)
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

// Where the kernel keeps things in the frame of a signal: FXSAVE, the header of XSAVE, the upper
// halves of the ymm registers.
#define XSTATE_BV 512
#define YMM_HIGH 576
#define STATE_SSE 2u
#define STATE_AVX 4u

struct vector { // of 16 or 32 bytes
    uint8_t bytes[32];
};

static void load_register(const ucontext_t *c, int n, struct vector *v) {
    const uint8_t *area = (const uint8_t *)c->uc_mcontext.fpregs;
    uint64_t states;
    memcpy(&states, area + XSTATE_BV, sizeof states);
    memcpy(v->bytes, &c->uc_mcontext.fpregs->_xmm[n], 16);
    // A part in its first state is not in memory: zeros.
    if (!(states & STATE_SSE)) memset(v->bytes, 0, 16);
    if (states & STATE_AVX)
        memcpy(v->bytes + 16, area + YMM_HIGH + 16 * n, 16);
    else
        memset(v->bytes + 16, 0, 16);
}

static void store_register(ucontext_t *c, int n, const struct vector *v) {
    uint8_t *area = (uint8_t *)c->uc_mcontext.fpregs;
    uint64_t states;
    memcpy(&states, area + XSTATE_BV, sizeof states);
    if (!(states & STATE_SSE)) memset(c->uc_mcontext.fpregs->_xmm, 0, 256);
    if (!(states & STATE_AVX)) memset(area + YMM_HIGH, 0, 256);
    states |= STATE_SSE | STATE_AVX;
    memcpy(area + XSTATE_BV, &states, sizeof states);
    memcpy(&c->uc_mcontext.fpregs->_xmm[n], v->bytes, 16);
    memcpy(area + YMM_HIGH + 16 * n, v->bytes + 16, 16);
}

static uint64_t general(const ucontext_t *c, unsigned n) {
    static const int order[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                REG_R12, REG_R13, REG_R14, REG_R15};
    return (uint64_t)c->uc_mcontext.gregs[order[n]];
}

// The operand's address; *at: the byte of ModRM, moved behind the operand. x, b: bits of the
// prefix.
static uint64_t address_of(const ucontext_t *c, const uint8_t **at, unsigned x, unsigned b) {
    const uint8_t *p = *at;
    const unsigned mod = *p >> 6, rm = *p & 7;
    uint64_t address = 0;
    int32_t displacement = 0;
    bool ip = false;
    p++;
    bool wide = mod == 2;
    if (rm == 4) {
        const unsigned scale = *p >> 6, index = (*p >> 3 & 7) | x << 3, base = *p & 7;
        p++;
        if (index != 4) address = general(c, index) << scale;
        if (base == 5 && mod == 0)
            wide = true;
        else
            address += general(c, base | b << 3);
    } else if (rm == 5 && mod == 0) {
        wide = ip = true;
    } else {
        address = general(c, rm | b << 3);
    }
    if (wide) {
        memcpy(&displacement, p, 4);
        p += 4;
    } else if (mod == 1) {
        displacement = (int8_t)*p++;
    }
    *at = p;
    address += (uint64_t)(int64_t)displacement;
    return ip ? address + (uint64_t)(uintptr_t)p : address;
}

static int32_t saturated(int64_t sum) {
    return sum > INT32_MAX ? INT32_MAX : sum < INT32_MIN ? INT32_MIN : (int32_t)sum;
}

// acc += products of 4 unsigned by signed bytes, or of 2 signed words, in each lane.
static void dot(struct vector *acc, const struct vector *a, const struct vector *b, int lanes,
                bool words, bool saturates) {
    for (int i = 0; i < lanes; i++) {
        int32_t old;
        int64_t sum = 0;
        memcpy(&old, acc->bytes + 4 * i, 4);
        for (int k = 0; !words && k < 4; k++)
            sum += (int64_t)a->bytes[4 * i + k] * (int8_t)b->bytes[4 * i + k];
        for (int k = 0; words && k < 2; k++) {
            int16_t x, y;
            memcpy(&x, a->bytes + 4 * i + 2 * k, 2);
            memcpy(&y, b->bytes + 4 * i + 2 * k, 2);
            sum += (int64_t)x * y;
        }
        old = saturates ? saturated(old + sum) : (int32_t)(uint32_t)((uint64_t)(old + sum));
        memcpy(acc->bytes + 4 * i, &old, 4);
    }
}

bool step_vnni(void *context) {
    ucontext_t *c = context;
    const uint8_t *p = (const uint8_t *)(uintptr_t)c->uc_mcontext.gregs[REG_RIP];
    // Three-byte VEX, map 0f 38, prefix 66, W 0, opcodes 50 to 53.
    if (p[0] != 0xc4 || (p[1] & 31) != 2 || (p[2] & 3) != 1 || (p[2] & 0x80) != 0 || p[3] < 0x50 ||
        p[3] > 0x53)
        return false;
    const unsigned r = !(p[1] & 0x80), x = !(p[1] & 0x40), b = !(p[1] & 0x20);
    const bool wide = (p[2] & 4) != 0;
    const uint8_t *at = p + 4;
    const int destination = (int)((*at >> 3 & 7) | r << 3), first = ~(p[2] >> 3) & 15;
    struct vector acc, one, two = {{0}};
    load_register(c, destination, &acc);
    load_register(c, first, &one);
    if (*at >> 6 == 3) {
        load_register(c, (int)((*at & 7) | b << 3), &two);
        at++;
    } else {
        memcpy(two.bytes, (const void *)(uintptr_t)address_of(c, &at, x, b), wide ? 32 : 16);
    }
    dot(&acc, &one, &two, wide ? 8 : 4, p[3] >= 0x52, p[3] & 1);
    if (!wide) memset(acc.bytes + 16, 0, 16);
    store_register(c, destination, &acc);
    c->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)at;
    return true;
}
#else
bool step_vnni(void *context) {
    (void)context;
    return false;
}
#endif
