// SPDX-License-Identifier: MIT
// y[r] = sum over c of w[r][c] * x[c] for one token, q8_0 by a8_32: one row after the other, four
// blocks at once, vpdpbusd on 256 bits, prefetched 2048 bytes ahead.
//
// void matmul_q8_0_a8_32__avx512vnni_r1_pf2048(const struct matmul_args *a)      rdi
//   y  [rows] float, written            w  [rows][cols/32] block_q8_0 { f16 d; int8 q[32] }
//   x  one token's a8_32 planes         rows any, cols a multiple of 32, tokens = 1
// q + 128 is the dot's unsigned operand. The body, its registers and its stack: a8_32_r1.h.
#define BLOCK 34
#define PREFETCH_BYTES 2048
#define SUM_SHIFT 7
#include "kernels/asm/x86_64/a8_32_r1.h"
#include "kernels/asm/x86_64/a8_32_r1_dots.h"

FUNC matmul_q8_0_a8_32__avx512vnni_r1_pf2048
        matvec_r1 matmul_q8_0_a8_32__avx512vnni_r1_pf2048
ENDFUNC matmul_q8_0_a8_32__avx512vnni_r1_pf2048
