// SPDX-License-Identifier: MIT
// y[t][r] = sum over c of w[r][c] * x[t][c] for 1 to 16 tokens, q8_0 by a8_32: 8 rows at once, vpmaddubsw.
//
// void matmul_q8_0_a8_32__avx2_r8(const struct matmul_args *a)      rdi
//   y  [tokens][rows] float, written    w  [rows][cols/32] block_q8_0, 2-byte aligned
//   x  [tokens] a8_32 planes            rows any, cols a multiple of 32, tokens 1-16
//   scratch  x as it is read (a8_32_r8.h)
// vpmaddubsw would saturate and psign costs a multiplier's slot: q + 128 is split into two nibbles.
// Eight pairs of a nibble's products are at most 8 * 2 * 15 * 127 = 30480: they add up in 16 bits.
// Registers, stack and what is clobbered: a8_32_r8.h.
#define BLOCK 34
#define SUM_SHIFT 7
#define LOCALS 288                // high nibbles of the 8 rows, scales
#define HIGH 512
#define SCALES [rsp + 768]
#include "kernels/asm/x86_64/a8_32_r8.h"

.macro keep_scales
        vmovaps SCALES, ymm15
.endm
.macro quants
        transpose 2, 4, 5, 6, 7
        transpose 18, 8, 9, 10, 11
        vmovdqa ymm15, [rip + .Lflip]
        vmovdqa ymm12, [rip + .Lnibble]
.irp c, 4, 5, 6, 7, 8, 9, 10, 11
        vpxor   ymm\c, ymm\c, ymm15
        vpsrlw  ymm13, ymm\c, 4
        vpand   ymm\c, ymm\c, ymm12
        vpand   ymm13, ymm13, ymm12
        vmovdqa [rsp + HIGH + 32 * (\c - 4)], ymm13
.endr
.endm
.macro products tokens, t
        vpbroadcastd ymm13, [rdi + 32 * \t]
        vmovdqa ymm14, [rsp + HIGH]
        vpmaddubsw ymm12, ymm4, ymm13
        vpmaddubsw ymm15, ymm14, ymm13
.irp c, 5, 6, 7, 8, 9, 10, 11
        vpbroadcastd ymm13, [rdi + 32 * \t + 4 * (\c - 4)]
        vpmaddubsw ymm14, ymm\c, ymm13
        vpaddw  ymm12, ymm12, ymm14
        vmovdqa ymm14, [rsp + HIGH + 32 * (\c - 4)]
        vpmaddubsw ymm14, ymm14, ymm13
        vpaddw  ymm15, ymm15, ymm14
.endr
        vpmaddwd ymm12, ymm12, [rip + .Lones]
        vpmaddwd ymm15, ymm15, [rip + .Lsixteens]
        vpbroadcastd ymm13, [rdi + \tokens * 36 + 4 * \t]
        vpaddd  ymm12, ymm12, ymm15
        vpaddd  ymm12, ymm12, ymm13
.endm

FUNC matmul_q8_0_a8_32__avx2_r8
        matmul_r8 matmul_q8_0_a8_32__avx2_r8
ENDFUNC matmul_q8_0_a8_32__avx2_r8
