// SPDX-License-Identifier: MIT
#include "probes/instruction_class.h"

// ---- x86-64: prefixes, then a map (1: 0f, 2: 0f 38, 3: 0f 3a), a mandatory prefix, an opcode
enum { PREFIX_NONE, PREFIX_66, PREFIX_F3, PREFIX_F2 };
struct decoded {
    int map, prefix;
    bool vex, evex;
    uint8_t opcode, modrm;
};

static unsigned one_byte_class(uint8_t opcode, uint8_t modrm) {
    const bool group5 = opcode == 0xff && ((modrm >> 3 & 7) >= 2 && (modrm >> 3 & 7) <= 5);
    if ((opcode >= 0x70 && opcode <= 0x7f) || (opcode >= 0xe0 && opcode <= 0xe3) ||
        opcode == 0xe8 || opcode == 0xe9 || opcode == 0xeb || opcode == 0xc2 || opcode == 0xc3 ||
        group5)
        return INSTRUCTION_BRANCH;
    return 0;
}

static bool between(int x, int low, int high) {
    return x >= low && x <= high;
}

// The map 0f.
static unsigned map1_class(const struct decoded *d) {
    const int o = d->opcode;
    const bool scalar_prefix = d->prefix == PREFIX_F3 || d->prefix == PREFIX_F2;
    if (!d->vex && between(o, 0x80, 0x8f)) return INSTRUCTION_BRANCH;
    if (d->vex && !d->evex && (between(o, 0x41, 0x4b) || between(o, 0x90, 0x99))) return 0; // masks
    if (o == 0x77) return 0;                                     // vzeroupper, emms
    if (o == 0x2e || o == 0x2f) return INSTRUCTION_SCALAR_FLOAT; // comiss and kin
    if (scalar_prefix && (o == 0x10 || o == 0x11)) return INSTRUCTION_SCALAR_FLOAT;
    if (scalar_prefix &&
        (between(o, 0x2a, 0x2d) || between(o, 0x51, 0x5a) || between(o, 0x5c, 0x5f) || o == 0xc2))
        return INSTRUCTION_SCALAR_FLOAT;
    if (d->prefix == PREFIX_F2 && o == 0x5b) return 0;
    if (d->evex && scalar_prefix && (o == 0x78 || o == 0x79 || o == 0x7b))
        return INSTRUCTION_SCALAR_FLOAT;                        // unsigned conversions
    if (o == 0xf5) return INSTRUCTION_VECTOR | INSTRUCTION_DOT; // pmaddwd
    if (d->vex) return between(o, 0xae, 0xbf) ? 0 : INSTRUCTION_VECTOR;
    if (between(o, 0x10, 0x17) || between(o, 0x28, 0x2b) || between(o, 0x50, 0x76) ||
        between(o, 0x7c, 0x7f) || o == 0xc2 || between(o, 0xc4, 0xc6))
        return INSTRUCTION_VECTOR;
    if (between(o, 0xd0, 0xfe)) return INSTRUCTION_VECTOR;
    return 0;
}

// The map 0f 38.
static unsigned map2_class(const struct decoded *d) {
    const int o = d->opcode;
    if (o == 0x04) return INSTRUCTION_VECTOR | INSTRUCTION_DOT; // pmaddubsw
    if (!d->vex) return between(o, 0xf0, 0xf7) ? 0 : INSTRUCTION_VECTOR;
    if (!d->evex && between(o, 0xf0, 0xf7)) return 0; // BMI
    if (between(o, 0x50, 0x53) || (d->evex && o == 0x52))
        return INSTRUCTION_VECTOR | INSTRUCTION_DOT; // vpdp…, vdpbf16ps
    if (o >= 0x96 && o <= 0xbf && (o & 15) >= 9 && (o & 1))
        return INSTRUCTION_SCALAR_FLOAT; // fused multiply-adds of one element
    if (d->evex && (o == 0x43 || o == 0x4d || o == 0x4f || o == 0x2d))
        return INSTRUCTION_SCALAR_FLOAT; // getexp, rcp14, rsqrt14, scalef of one element
    return INSTRUCTION_VECTOR;
}

// The map 0f 3a.
static unsigned map3_class(const struct decoded *d) {
    const int o = d->opcode;
    if (!d->evex && d->vex && (o == 0xf0 || between(o, 0x30, 0x33))) return 0; // rorx, masks
    if (o == 0x0a || o == 0x0b) return INSTRUCTION_SCALAR_FLOAT;               // roundss, roundsd
    if (d->evex && (o == 0x27 || o == 0x51 || o == 0x55 || o == 0x57 || o == 0x67))
        return INSTRUCTION_SCALAR_FLOAT;
    return INSTRUCTION_VECTOR;
}

unsigned instruction_class_x86_64(const uint8_t *bytes, size_t size) {
    struct decoded d = {0};
    size_t i = 0;
    for (; i < size; i++) { // legacy prefixes
        const uint8_t b = bytes[i];
        if (b == 0x66 && d.prefix == PREFIX_NONE)
            d.prefix = PREFIX_66;
        else if (b == 0xf3)
            d.prefix = PREFIX_F3;
        else if (b == 0xf2)
            d.prefix = PREFIX_F2;
        else if (!(b == 0x66 || b == 0x2e || b == 0x36 || b == 0x3e || b == 0x26 || b == 0x64 ||
                   b == 0x65 || b == 0x67 || b == 0xf0))
            break;
    }
    // AT(k): the byte k behind the prefixes, 0 behind the end
#define AT(k) (i + (k) < size ? bytes[i + (k)] : 0)
    if (AT(0) == 0xc5) {
        d = (struct decoded){.map = 1, .prefix = AT(1) & 3, .vex = true, .opcode = AT(2)};
    } else if (AT(0) == 0xc4) {
        d = (struct decoded){.map = AT(1) & 31, .prefix = AT(2) & 3, .vex = true, .opcode = AT(3)};
    } else if (AT(0) == 0x62) {
        d = (struct decoded){
            .map = AT(1) & 7, .prefix = AT(2) & 3, .vex = true, .evex = true, .opcode = AT(4)};
    } else {
        if ((AT(0) & 0xf0) == 0x40) i++; // REX
        if (AT(0) != 0x0f) return one_byte_class(AT(0), AT(1));
        d.map = AT(1) == 0x38 ? 2 : AT(1) == 0x3a ? 3 : 1;
        d.opcode = d.map == 1 ? AT(1) : AT(2);
    }
#undef AT
    switch (d.map) {
    case 1:
        return map1_class(&d);
    case 2:
        return map2_class(&d);
    case 3:
        return map3_class(&d);
    default:
        return d.evex ? INSTRUCTION_VECTOR : 0; // maps 5 and 6: AVX512-FP16
    }
}

bool instruction_repeats_x86_64(const uint8_t *bytes, size_t size) {
    bool repeat = false;
    size_t i = 0;
    for (; i < size; i++) {
        if (bytes[i] == 0xf3 || bytes[i] == 0xf2)
            repeat = true;
        else if (bytes[i] != 0x66 && bytes[i] != 0x67)
            break;
    }
    if (i < size && (bytes[i] & 0xf0) == 0x40) i++; // REX
    return repeat && i < size &&
           (between(bytes[i], 0xa4, 0xa7) || between(bytes[i], 0xaa, 0xaf) ||
            between(bytes[i], 0x6c, 0x6f));
}

// ---- AArch64: the top-level encoding groups are bits 28-25
unsigned instruction_class_aarch64(uint32_t w) {
    const unsigned group = w >> 25 & 15;
    if ((group & 14) == 10) { // branches, exceptions, system
        const bool system = (w & 0xff000000) == 0xd4000000 || (w & 0xffc00000) == 0xd5000000;
        return system ? 0 : INSTRUCTION_BRANCH;
    }
    if ((group & 5) == 4) { // loads and stores; bit 26: of vector registers
        if (!(w >> 26 & 1)) return 0;
        const unsigned kind = w >> 27 & 7; // 1: structures, 3: literal, 5: pairs, 7: others
        if ((w & 0xbe000000) == 0x0c000000) return INSTRUCTION_VECTOR; // ld1 … st4
        unsigned bytes_log2;
        if (kind == 5 || kind == 3)
            bytes_log2 = 2 + (w >> 30 & 3);
        else
            bytes_log2 = (w >> 30 & 3) | (w >> 21 & 4);
        return bytes_log2 >= 3 ? INSTRUCTION_VECTOR : INSTRUCTION_SCALAR_FLOAT;
    }
    if ((group & 7) != 7) return group == 2 ? INSTRUCTION_VECTOR : 0; // group 2: SVE
    const bool scalar = (w & 0x50000000) == 0x50000000 || // scalar forms of vector instructions
                        (w & 0x50000000) == 0x10000000;   // floating point
    if (scalar) return INSTRUCTION_SCALAR_FLOAT;
    // sdot, udot (vector and by element), usdot, sudot, bfdot, smmla, ummla, usmmla, bfmmla
    const bool three_same = (w & 0x9f200400) == 0x0e000400;
    const unsigned op3 = w >> 11 & 15; // bits 14-11
    if (three_same && (w >> 15 & 1) &&
        (op3 == 2 || op3 == 3 || op3 == 4 || op3 == 5 || (op3 == 15 && (w >> 22 & 3) == 1) ||
         op3 == 13))
        return INSTRUCTION_VECTOR | INSTRUCTION_DOT;
    const unsigned element_op = w >> 12 & 15;
    if ((w & 0x9f000400) == 0x0f000000 && (element_op == 14 || element_op == 15) &&
        (element_op == 14 || ((w >> 29 & 1) == 0 && (w >> 22 & 3) != 3)))
        return INSTRUCTION_VECTOR | INSTRUCTION_DOT;
    return INSTRUCTION_VECTOR;
}
