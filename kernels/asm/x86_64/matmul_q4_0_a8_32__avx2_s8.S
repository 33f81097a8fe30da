// SPDX-License-Identifier: MIT
// y[r] = activation(sum over c of w[r][c] * x[c] + bias[r]), with w2 times the sum with w2, for one
// token, q4_0 by a8_32: eight streams of rows at once, vpmaddubsw.
//
// void matmul_q4_0_a8_32__avx2_s8(const struct matmul_args *a)      rdi
//   y  [rows] float, written            w, w2  [rows][cols/32] block_q4_0 { f16 d; q[16] }
//   x  one token's a8_32 planes         rows any, cols a multiple of 32, tokens = 1
// The nibble, q + 8, is the unsigned operand: a pair of products is at most 2 * 15 * 127.
// The body, its registers and its stack: a8_32_s8.h; ymm15 nibble masks, ymm14 16-bit ones.
#define BLOCK 18
#define SUM_SHIFT 3
#include "kernels/asm/x86_64/a8_32_s8.h"

.macro constants
        mov     eax, 0x0f0f0f0f
        vmovd   xmm15, eax
        vpbroadcastd ymm15, xmm15
        vpcmpeqd ymm14, ymm14, ymm14
        vpsrlw  ymm14, ymm14, 15
.endm

.macro dot to, w
        vmovdqu xmm9, [\w + rbx + 2]
        vpsrlw  xmm8, xmm9, 4
        vinserti128 ymm9, ymm9, xmm8, 1
        vpand   ymm9, ymm9, ymm15
        vpmaddubsw ymm8, ymm9, ymm10
        vpmaddwd \to, ymm8, ymm14
.endm

FUNC matmul_q4_0_a8_32__avx2_s8
        matvec_s8 matmul_q4_0_a8_32__avx2_s8
ENDFUNC matmul_q4_0_a8_32__avx2_s8
