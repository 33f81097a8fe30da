// SPDX-License-Identifier: MIT
// y[r] = sum over c of w[r][c] * x[c] for one token, q4_0 by a8_32: one row after the other, four
// blocks at once, vpmaddubsw.
//
// void matmul_q4_0_a8_32__avx2_r1(const struct matmul_args *a)      rdi
//   y  [rows] float, written            w  [rows][cols/32] block_q4_0 { f16 d; q[16] }
//   x  one token's a8_32 planes         rows any, cols a multiple of 32, tokens = 1
// The nibble, q + 8, is the unsigned operand: a pair of products is at most 2 * 15 * 127.
// The body, its registers and its stack: a8_32_r1.h; ymm15 nibble masks, ymm14 16-bit ones.
#define BLOCK 18
#define PREFETCH_BYTES 8192
#define SUM_SHIFT 3
#include "kernels/asm/x86_64/a8_32_r1.h"

.macro constants
        mov     eax, 0x0f0f0f0f
        vmovd   xmm15, eax
        vpbroadcastd ymm15, xmm15
        vpcmpeqd ymm14, ymm14, ymm14
        vpsrlw  ymm14, ymm14, 15
.endm

.macro dot dot, n
        vmovdqu xmm9, [r9 + BLOCK * \n + 2]
        vpsrlw  xmm8, xmm9, 4
        vinserti128 ymm9, ymm9, xmm8, 1
        vpand   ymm9, ymm9, ymm15
        vpmaddubsw ymm8, ymm9, [r10 + 32 * \n]
        vpmaddwd \dot, ymm8, ymm14
.endm

FUNC matmul_q4_0_a8_32__avx2_r1
        matvec_r1 matmul_q4_0_a8_32__avx2_r1
ENDFUNC matmul_q4_0_a8_32__avx2_r1
