// SPDX-License-Identifier: MIT
// Keys and values of the three KV formats as floats, AVX-512. Define one of KV_F16, KV_F32, KV_Q8_0
// before including it.
#pragma once
// clang-format off

// KV_BYTES(n): bytes of n columns, n a multiple of 8 (of 32 of q8_0).
// KV_STEP: columns of a step of the dots.
#if defined(KV_F16)
#define KV_BYTES(n) ((n) * 2)
#define KV_STEP 8
#elif defined(KV_F32)
#define KV_BYTES(n) ((n) * 4)
#define KV_STEP 8
#elif defined(KV_Q8_0)
#define KV_BYTES(n) ((n) / 32 * 34)
#define KV_STEP 32
#endif

// One row's columns 16 \v to 16 \v + 15 from [\row] on (a strip of whole 64s): zmm\z. \k: a mask
// suffix such as {k6}{z}, or nothing. q8_0: quants, not yet times d.
.macro load16 z, row, v, k
#if defined(KV_F16)
        vcvtph2ps zmm\z\k, [\row + \v * 32]
#elif defined(KV_F32)
        vmovups zmm\z\k, [\row + \v * 64]
#else
        vpmovsxbd zmm\z, [\row + \v / 2 * 34 + 2 + \v % 2 * 16]
        vcvtdq2ps zmm\z, zmm\z
#endif
.endm

// \k = the first \count of 16 lanes (at most all; count below 0 is not allowed). Clobbers rax.
.macro lanes_mask k, count
        mov     eax, 0xffff
        cmp     \count, 16
        jae     .Lall\@
        bzhi    rax, rax, \count
.Lall\@:
        kmovw   \k, eax
.endm

// k1-k4 = the bits of rax from 0, \by, 2 \by and 3 \by on. Clobbers rax.
.macro masks4 by
        kmovq   k1, rax
        shr     rax, \by
        kmovq   k2, rax
        shr     rax, \by
        kmovq   k3, rax
        shr     rax, \by
        kmovq   k4, rax
.endm
