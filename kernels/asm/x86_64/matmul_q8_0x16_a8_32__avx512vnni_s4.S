// SPDX-License-Identifier: MIT
// y[r] = sum over c of w[r][c] * x[c] for one token, q8_0x16 by a8_32: four streams of row groups.
//
// void matmul_q8_0x16_a8_32__avx512vnni_s4(const struct matmul_args *a)      rdi
//   y  [rows] float, written            x  one token's a8_32 planes
//   w  groups of 16 rows (kernels/layouts.def) of [cols/32] of
//      { uint8 q[8][16][4] (q + 128); f16 d[16] } = 544 bytes; w_stride is not needed
//   rows any (of the last group those that are there), cols a multiple of 32, tokens = 1
// The body, its registers and its stack: x16_s4.h; q + 128 is the dot's unsigned operand.
#define BLOCK 544
#define SUM_SHIFT 7
#include "kernels/asm/x86_64/x16_s4.h"

.macro group_dots dots, w, c
        vmovdqu64 zmm8, [\w + rbx + 64 * \c]
        vpdpbusd zmm\dots, zmm8, zmm16
.endm
.macro dots
.irp c, 0, 1, 2, 3, 4, 5, 6, 7
        vpbroadcastd zmm16, [rax + 4 * \c]
        group_dots 4, r8, \c
        group_dots 5, r9, \c
        group_dots 6, r10, \c
        group_dots 7, r11, \c
.endr
.endm

FUNC matmul_q8_0x16_a8_32__avx512vnni_s4
        matvec_x16 matmul_q8_0x16_a8_32__avx512vnni_s4
ENDFUNC matmul_q8_0x16_a8_32__avx512vnni_s4
