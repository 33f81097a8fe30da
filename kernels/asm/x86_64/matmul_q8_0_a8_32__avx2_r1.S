// SPDX-License-Identifier: MIT
// y[r] = sum over c of w[r][c] * x[c] for one token, q8_0 by a8_32: one row after the other, four
// blocks at once, vpmaddubsw.
//
// void matmul_q8_0_a8_32__avx2_r1(const struct matmul_args *a)      rdi
//   y  [rows] float, written            w  [rows][cols/32] block_q8_0 { f16 d; int8 q[32] }
//   x  one token's a8_32 planes         rows any, cols a multiple of 32, tokens = 1
// Weights may be -128: the sign trick goes on x. A pair of products is at most 2 * 128 * 127.
// The body, its registers and its stack: a8_32_r1.h; ymm15 16-bit ones.
#define BLOCK 34
#define PREFETCH_BYTES 8192
#define SUM_SHIFT 0
#include "kernels/asm/x86_64/a8_32_r1.h"

.macro constants
        vpcmpeqd ymm15, ymm15, ymm15
        vpsrlw  ymm15, ymm15, 15
.endm

.macro dot dot, n
        vmovdqu ymm9, [r9 + BLOCK * \n + 2]
        vmovdqa ymm8, [r10 + 32 * \n]
        vpsignb ymm8, ymm8, ymm9
        vpabsb  ymm9, ymm9
        vpmaddubsw ymm8, ymm9, ymm8
        vpmaddwd \dot, ymm8, ymm15
.endm

FUNC matmul_q8_0_a8_32__avx2_r1
        matvec_r1 matmul_q8_0_a8_32__avx2_r1
ENDFUNC matmul_q8_0_a8_32__avx2_r1
