// SPDX-License-Identifier: MIT
// y[t][r] = sum over c of w[r][c] * x[t][c] for 1 to 32 tokens, q8_0 by a8_32: 16 rows at once, each
// weight read once and transposed in registers, so that a lane is a row and sums need no reduction.
//
// void matmul_q8_0_a8_32__avx512vnni_r16(const struct matmul_args *a)      rdi
//   y  [tokens][rows] float, written    w  [rows][cols/32] block_q8_0, 2-byte aligned
//   x  [tokens] a8_32 planes            rows any, cols a multiple of 32, tokens 1-32
//   scratch  x in reading order (a8_32_r16.h); the dot takes q + 128 as its unsigned operand
// Registers, stack and what is clobbered: a8_32_r16.h and a8_32_r16_rows.h.
#define BLOCK 34
#define SUM_SHIFT 7
#define PREFETCH_STREAMS 1
#include "kernels/asm/x86_64/a8_32_r16_rows.h"

.macro quants
        transpose 2, 0, 1, 2, 3
        transpose 18, 4, 5, 6, 7
        mov     eax, 0x80808080
        vpbroadcastd zmm15, eax
.irp c, 0, 1, 2, 3, 4, 5, 6, 7
        vpxord  zmm\c, zmm\c, zmm15
.endr
.endm

FUNC matmul_q8_0_a8_32__avx512vnni_r16
        matmul_r16_rows matmul_q8_0_a8_32__avx512vnni_r16
ENDFUNC matmul_q8_0_a8_32__avx512vnni_r16
