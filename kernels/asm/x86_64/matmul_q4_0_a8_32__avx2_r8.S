// SPDX-License-Identifier: MIT
// y[t][r] = sum over c of w[r][c] * x[t][c] for 1 to 16 tokens, q4_0 by a8_32: 8 rows at once, vpmaddubsw.
//
// void matmul_q4_0_a8_32__avx2_r8(const struct matmul_args *a)      rdi
//   y  [tokens][rows] float, written    w  [rows][cols/32] block_q4_0, 2-byte aligned
//   x  [tokens] a8_32 planes            rows any, cols a multiple of 32, tokens 1-16
//   scratch  x as it is read (a8_32_r8.h)
// The products take the nibble, q + 8. Eight pairs of them are at most 8 * 2 * 15 * 127 = 30480: they
// add up in 16 bits.
// Registers, stack and what is clobbered: a8_32_r8.h.
#define BLOCK 18
#define SUM_SHIFT 3
#define LOCALS 0
#define SCALES ymm15
#include "kernels/asm/x86_64/a8_32_r8.h"

.macro keep_scales
.endm
.macro quants
        transpose 2, 4, 5, 6, 7
        vmovdqa ymm12, [rip + .Lnibble]
        vpsrlw  ymm8, ymm4, 4
        vpsrlw  ymm9, ymm5, 4
        vpsrlw  ymm10, ymm6, 4
        vpsrlw  ymm11, ymm7, 4
.irp c, 4, 5, 6, 7, 8, 9, 10, 11
        vpand   ymm\c, ymm\c, ymm12
.endr
.endm
.macro products tokens, t
        vpbroadcastd ymm12, [rdi + 32 * \t]
        vpmaddubsw ymm12, ymm4, ymm12
.irp c, 5, 6, 7, 8, 9, 10, 11
        vpbroadcastd ymm13, [rdi + 32 * \t + 4 * (\c - 4)]
        vpmaddubsw ymm13, ymm\c, ymm13
        vpaddw  ymm12, ymm12, ymm13
.endr
        vpmaddwd ymm12, ymm12, [rip + .Lones]
        vpbroadcastd ymm13, [rdi + \tokens * 36 + 4 * \t]
        vpaddd  ymm12, ymm12, ymm13
.endm

FUNC matmul_q4_0_a8_32__avx2_r8
        matmul_r8 matmul_q4_0_a8_32__avx2_r8
ENDFUNC matmul_q4_0_a8_32__avx2_r8
