// SPDX-License-Identifier: MIT
// exp and tanh of eight floats, AVX2 + FMA. Put EXP_CONSTANTS behind the function, load its address
// into a register (lea rbx, [rip + .Lexp]) and name that register as `at`.
//
// exp: n = round(x / ln 2), r = x - n ln 2 with ln 2 in two parts, a polynomial of degree 6
// (relative error 2^-26.5 on |r| <= 0.347, Chebyshev nodes), then n is added to the exponent:
// within 2 ulp. x <= -87 and NaN give 0, x above 88 is out of range.
#pragma once
// clang-format off

.macro EXP_CONSTANTS
        .section .rodata
        .p2align 5
.Lexp:
        .irp    bits, 0x3fb8aa3b, 0x4b400000, 0x3f314000, 0x3a485fdf, 0xc2ae0000, 0x3f800000
        .rept   8
        .long   \bits
        .endr
        .endr
        .irp    bits, 0x3f000000, 0x3e2aaa6e, 0x3d2aaa8c, 0x3c090600, 0x3ab688cd
        .rept   8
        .long   \bits
        .endr
        .endr
        // tanh: sign bit, the limit of the polynomial, its coefficients (x^11 first), a cap for 2|x|, 2.
        .irp    bits, 0x80000000, 0x3f200000, 0xbc0c8ccd, 0x3cb32832, 0xbd5d0dd1, 0x3e088889, 0xbeaaaaab
        .rept   8
        .long   \bits
        .endr
        .endr
        .irp    bits, 0x42000000, 0x40000000
        .rept   8
        .long   \bits
        .endr
        .endr
        // Masks: first n lanes at LANES + 32 - 4 n, last n lanes at LANES - 32 + 4 n.
        .irp    bits, 0, -1, 0
        .rept   8
        .long   \bits
        .endr
        .endr
        .text
.endm
#define EXP_LOG2E 0
#define EXP_ROUND 32
#define EXP_LN2_HIGH 64
#define EXP_LN2_LOW 96
#define EXP_LEAST 128
#define EXP_ONE 160
#define EXP_C2 192
#define EXP_C6 320
#define TANH_SIGN 352
#define TANH_SMALL 384
#define TANH_C11 416
#define TANH_CAP 576
#define TANH_TWO 608
#define LANES 672

// x = exp(x); n, p and mask are scratch.
.macro exp8 at, x, n, p, mask
        vmovaps \n, [\at + EXP_LOG2E]
        vcmpgtps \mask, \x, [\at + EXP_LEAST]
        vfmadd213ps \n, \x, [\at + EXP_ROUND]   // the integer is in the low bits
        vsubps  \p, \n, [\at + EXP_ROUND]
        vpslld  \n, \n, 23
        vfnmadd231ps \x, \p, [\at + EXP_LN2_HIGH]
        vfnmadd231ps \x, \p, [\at + EXP_LN2_LOW]
        vmovaps \p, [\at + EXP_C6]
        vfmadd213ps \p, \x, [\at + EXP_C2 + 96]
        vfmadd213ps \p, \x, [\at + EXP_C2 + 64]
        vfmadd213ps \p, \x, [\at + EXP_C2 + 32]
        vfmadd213ps \p, \x, [\at + EXP_C2]
        vfmadd213ps \p, \x, [\at + EXP_ONE]
        vfmadd213ps \p, \x, [\at + EXP_ONE]
        vpaddd  \x, \p, \n
        vandps  \x, \x, \mask
.endm

// x = tanh(x): odd polynomial up to |x| = 0.625, 1 - 2 / (exp(2|x|) + 1) with the sign of x beyond.
// a, n, p, mask and odd are scratch.
.macro tanh8 at, x, a, n, p, mask, odd
        vmulps  \a, \x, \x
        vmovaps \odd, [\at + TANH_C11]
        vfmadd213ps \odd, \a, [\at + TANH_C11 + 32]
        vfmadd213ps \odd, \a, [\at + TANH_C11 + 64]
        vfmadd213ps \odd, \a, [\at + TANH_C11 + 96]
        vfmadd213ps \odd, \a, [\at + TANH_C11 + 128]
        vmulps  \odd, \odd, \a
        vfmadd213ps \odd, \x, \x                // x + x^3 (...)
        vmovaps \a, [\at + TANH_SIGN]
        vandnps \a, \a, \x
        vaddps  \a, \a, \a
        vminps  \a, \a, [\at + TANH_CAP]
        exp8    \at, \a, \n, \p, \mask
        vaddps  \a, \a, [\at + EXP_ONE]
        vmovaps \n, [\at + TANH_TWO]
        vdivps  \n, \n, \a
        vmovaps \p, [\at + EXP_ONE]
        vsubps  \p, \p, \n
        vmovaps \n, [\at + TANH_SIGN]
        vandps  \mask, \x, \n
        vorps   \p, \p, \mask
        vandnps \n, \n, \x
        vcmpltps \n, \n, [\at + TANH_SMALL]
        vblendvps \x, \p, \odd, \n
.endm
