// SPDX-License-Identifier: MIT
// y[r] = activation(sum over c of w[r][c] * x[c] + bias[r]), with w2 times the sum with w2, for one
// token, q8_0 by a8_32: eight streams of rows at once, vpmaddubsw.
//
// void matmul_q8_0_a8_32__avx2_s8(const struct matmul_args *a)      rdi
//   y  [rows] float, written            w, w2  [rows][cols/32] block_q8_0 { f16 d; int8 q[32] }
//   x  one token's a8_32 planes         rows any, cols a multiple of 32, tokens = 1
// Weights may be -128: the sign trick goes on x. A pair of products is at most 2 * 128 * 127.
// The body, its registers and its stack: a8_32_s8.h; ymm15 16-bit ones.
#define BLOCK 34
#define SUM_SHIFT 0
#include "kernels/asm/x86_64/a8_32_s8.h"

.macro constants
        vpcmpeqd ymm15, ymm15, ymm15
        vpsrlw  ymm15, ymm15, 15
.endm

.macro dot to, w
        vmovdqu ymm9, [\w + rbx + 2]
        vpsignb ymm8, ymm10, ymm9
        vpabsb  ymm9, ymm9
        vpmaddubsw ymm8, ymm9, ymm8
        vpmaddwd \to, ymm8, ymm15
.endm

FUNC matmul_q8_0_a8_32__avx2_s8
        matvec_s8 matmul_q8_0_a8_32__avx2_s8
ENDFUNC matmul_q8_0_a8_32__avx2_s8
