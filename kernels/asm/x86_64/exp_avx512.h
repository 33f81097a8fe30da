// SPDX-License-Identifier: MIT
// exp and tanh of sixteen floats, AVX-512 F. Put EXP16_CONSTANTS behind the function, load its
// address into a register (lea rbx, [rip + .Lexp16]) and name that register as `at`.
//
// exp: as exp_avx2.h has it (the same polynomial), the exponent applied by vscalefps: within 2 ulp.
// x <= -87 and NaN give 0, x above 88 is out of range.
#pragma once
// clang-format off

.macro EXP16_CONSTANTS
        .section .rodata
        .p2align 6
.Lexp16:
        // log2(e), ln 2 in two parts, the least x; c6 to c2 of the polynomial, 1
        .long   0x3fb8aa3b, 0x3f314000, 0x3a485fdf, 0xc2ae0000
        .long   0x3ab688cd, 0x3c090600, 0x3d2aaa8c, 0x3e2aaa6e, 0x3f000000, 0x3f800000
        // tanh: sign bit, the limit of the polynomial, its coefficients (x^11 first), a cap for 2|x|, 2
        .long   0x80000000, 0x3f200000
        .long   0xbc0c8ccd, 0x3cb32832, 0xbd5d0dd1, 0x3e088889, 0xbeaaaaab, 0x42000000, 0x40000000
        .text
.endm
#define EXP16_LOG2E 0
#define EXP16_LN2_HIGH 4
#define EXP16_LN2_LOW 8
#define EXP16_LEAST 12
#define EXP16_C6 16
#define EXP16_ONE 36
#define TANH16_SIGN 40
#define TANH16_SMALL 44
#define TANH16_C11 48
#define TANH16_CAP 68
#define TANH16_TWO 72

// x = exp(x); n, p (vectors) and k (a mask) are scratch.
.macro exp16 at, x, n, p, k
        vmulps  \n, \x, [\at + EXP16_LOG2E]{1to16}
        vcmpgtps \k, \x, [\at + EXP16_LEAST]{1to16}
        vrndscaleps \n, \n, 0
        vbroadcastss \p, [\at + EXP16_C6]
        vfnmadd231ps \x, \n, [\at + EXP16_LN2_HIGH]{1to16}
        vfnmadd231ps \x, \n, [\at + EXP16_LN2_LOW]{1to16}
        .irp    c, 4, 8, 12, 16, 20, 20
        vfmadd213ps \p, \x, [\at + EXP16_C6 + \c]{1to16}
        .endr
        vscalefps \x{\k}{z}, \p, \n
.endm

// x = tanh(x): odd polynomial up to |x| = 0.625, 1 - 2 / (exp(2|x|) + 1) with the sign of x beyond.
// a, n, p, odd (vectors) and k (a mask) are scratch.
.macro tanh16 at, x, a, n, p, odd, k
        vmulps  \a, \x, \x
        vbroadcastss \odd, [\at + TANH16_C11]
        .irp    c, 4, 8, 12, 16
        vfmadd213ps \odd, \a, [\at + TANH16_C11 + \c]{1to16}
        .endr
        vmulps  \odd, \odd, \a
        vfmadd213ps \odd, \x, \x                // x + x^3 (...)
        vpbroadcastd \a, [\at + TANH16_SIGN]
        vpandnd \a, \a, \x
        vaddps  \a, \a, \a
        vminps  \a, \a, [\at + TANH16_CAP]{1to16}
        exp16   \at, \a, \n, \p, \k
        vaddps  \a, \a, [\at + EXP16_ONE]{1to16}
        vbroadcastss \n, [\at + TANH16_TWO]
        vdivps  \n, \n, \a
        vbroadcastss \p, [\at + EXP16_ONE]
        vsubps  \p, \p, \n
        vpandd  \n, \x, [\at + TANH16_SIGN]{1to16}
        vpord   \p, \p, \n
        vpandnd \n, \n, \x                      // |x|
        vcmpltps \k, \n, [\at + TANH16_SMALL]{1to16}
        vmovaps \x, \p
        vmovaps \x{\k}, \odd
.endm
