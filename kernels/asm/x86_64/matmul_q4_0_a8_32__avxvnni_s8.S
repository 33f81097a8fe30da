// SPDX-License-Identifier: MIT
// y[r] = activation(sum over c of w[r][c] * x[c] + bias[r]), with w2 times the sum with w2, for one
// token, q4_0 by a8_32: eight streams of rows at once, vpdpbusd on 256 bits.
//
// void matmul_q4_0_a8_32__avxvnni_s8(const struct matmul_args *a)      rdi
//   y  [rows] float, written            w, w2  [rows][cols/32] block_q4_0 { f16 d; q[16] }
//   x  one token's a8_32 planes         rows any, cols a multiple of 32, tokens = 1
// The nibble, q + 8, is the dot's unsigned operand. The body, its registers and its stack: a8_32_s8.h.
#define BLOCK 18
#define SUM_SHIFT 3
#define VNNI_VEX
#include "kernels/asm/x86_64/a8_32_s8.h"
#include "kernels/asm/x86_64/a8_32_s8_dots.h"

FUNC matmul_q4_0_a8_32__avxvnni_s8
        matvec_s8 matmul_q4_0_a8_32__avxvnni_s8
ENDFUNC matmul_q4_0_a8_32__avxvnni_s8
