// SPDX-License-Identifier: MIT
// What an instruction is, from its bytes: shared by the QEMU plugin and the single-stepper, so that
// both count the same things.
//   vector        works on vector registers as vectors, loads and stores of them included; not
//                 vzeroupper, not scalar floats, not AVX-512 mask arithmetic
//   dot           of these: adds up products of neighbouring lanes (vpdpbusd and kin, vdpbf16ps,
//                 pmaddubsw, pmaddwd; sdot, udot, usdot, sudot, bfdot, the matrix multiplies)
//   scalar_float  one float or double in a vector register
//   branch        anything that may go elsewhere: jumps, calls, returns
// All else is scalar. The decoders know what compilers and our kernels emit in 64-bit user code.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    INSTRUCTION_VECTOR = 1,
    INSTRUCTION_DOT = 2,
    INSTRUCTION_SCALAR_FLOAT = 4,
    INSTRUCTION_BRANCH = 8,
};

// bytes: at least the instruction; reads at most 15 and never more than `size`.
unsigned instruction_class_x86_64(const uint8_t *bytes, size_t size);
// Whether it is a string instruction under a repeat prefix: one instruction, however often it goes
// round (simulators and single-stepping stop at every round).
bool instruction_repeats_x86_64(const uint8_t *bytes, size_t size);
unsigned instruction_class_aarch64(uint32_t word);
