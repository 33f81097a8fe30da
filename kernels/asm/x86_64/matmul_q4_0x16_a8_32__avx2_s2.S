// SPDX-License-Identifier: MIT
// y[r] = sum over c of w[r][c] * x[c] for one token, q4_0x16 by a8_32: two streams of row groups, vpmaddubsw: the eight
// pairs of products of a block are at most 8 * 2 * 15 * 127 = 30480 and add up in 16 bits.
//
// void matmul_q4_0x16_a8_32__avx2_s2(const struct matmul_args *a)      rdi
//   y  [rows] float, written            x  one token's a8_32 planes
//   w  groups of 16 rows (kernels/layouts.def) of [cols/32] of
//      { uint8 q[4][16][4]; f16 d[16] } = 288 bytes; w_stride is not needed
//   rows any (of the last group those that are there), cols a multiple of 32, tokens = 1
// The body, its registers and its stack: q4_0x16_s2.h.
#include "kernels/asm/x86_64/q4_0x16_s2.h"

.macro begin
.irp n, 4, 5, 6, 7
        vpxor   xmm\n, xmm\n, xmm\n
.endr
.endm
.macro products sum, lo, hi
        vpmaddubsw ymm\lo, ymm\lo, ymm10
        vpmaddubsw ymm\hi, ymm\hi, ymm11
        vpaddw  ymm\lo, ymm\lo, ymm\hi
        vpaddw  ymm\sum, ymm\sum, ymm\lo
.endm
.macro end
.irp n, 4, 5, 6, 7
        vpmaddwd ymm\n, ymm\n, ymm14
.endr
.endm

FUNC matmul_q4_0x16_a8_32__avx2_s2
        matvec_x16 matmul_q4_0x16_a8_32__avx2_s2
ENDFUNC matmul_q4_0x16_a8_32__avx2_s2
