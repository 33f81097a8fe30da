// SPDX-License-Identifier: MIT
// y[r] = sum over c of w[r][c] * x[c] for one token, q4_0x16 by a8_32: two streams of row groups, vpdpbusd on 256
// bits.
//
// void matmul_q4_0x16_a8_32__avxvnni_s2(const struct matmul_args *a)      rdi
//   y  [rows] float, written            x  one token's a8_32 planes
//   w  groups of 16 rows (kernels/layouts.def) of [cols/32] of
//      { uint8 q[4][16][4]; f16 d[16] } = 288 bytes; w_stride is not needed
//   rows any (of the last group those that are there), cols a multiple of 32, tokens = 1
// The body, its registers and its stack: q4_0x16_s2.h.
#define VNNI_VEX
#include "kernels/asm/x86_64/vnni.h"
#include "kernels/asm/x86_64/q4_0x16_s2.h"

.macro begin
.irp n, 4, 5, 6, 7
        vpxor   xmm\n, xmm\n, xmm\n
.endr
.endm
.macro products sum, lo, hi
        DPBUSD  ymm\sum, ymm\lo, ymm10
        DPBUSD  ymm\sum, ymm\hi, ymm11
.endm
.macro end
.endm

FUNC matmul_q4_0x16_a8_32__avxvnni_s2
        matvec_x16 matmul_q4_0x16_a8_32__avxvnni_s2
ENDFUNC matmul_q4_0x16_a8_32__avxvnni_s2
