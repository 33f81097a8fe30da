// SPDX-License-Identifier: MIT
// y[t][r] = sum over c of panel[r][c] * x[t][c]: a tile of 32 rows and 6 tokens in registers.
//
// void matmul_panel_i8_a8_32__avx512vnni(const struct matmul_args *a)      rdi
//   y  [tokens][rows] float, written    w  panel i8 (kernels/args.h)
//   x  [tokens] a8_32 planes            rows 1-32, cols a multiple of 32, tokens any
// Registers, stack and what is clobbered: panel_i8_avx512vnni.h.
#define GROUPS 2
#define TOKENS 6
#include "kernels/asm/x86_64/panel_i8_avx512vnni.h"

.macro each_token do, groups, tokens, c=0
        \do \groups, \c, 0, 6, 0, 12, 18, 0, r8, r10, r12
.if \tokens > 1
        \do \groups, \c, 1, 7, 0, 13, 19, 0, r8+rdx, r10+rdx, r12+rdx
.endif
.if \tokens > 2
        \do \groups, \c, 2, 8, 0, 14, 20, 0, r8+rdx*2, r10+rdx*2, r12+rdx*2
.endif
.if \tokens > 3
        \do \groups, \c, 3, 9, 0, 15, 21, 0, r9, r11, r13
.endif
.if \tokens > 4
        \do \groups, \c, 4, 10, 0, 16, 22, 0, r9+rdx, r11+rdx, r13+rdx
.endif
.if \tokens > 5
        \do \groups, \c, 5, 11, 0, 17, 23, 0, r9+rdx*2, r11+rdx*2, r13+rdx*2
.endif
.endm

FUNC matmul_panel_i8_a8_32__avx512vnni
        matmul_tile matmul_panel_i8_a8_32__avx512vnni
ENDFUNC matmul_panel_i8_a8_32__avx512vnni
