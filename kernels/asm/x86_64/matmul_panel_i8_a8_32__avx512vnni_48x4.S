// SPDX-License-Identifier: MIT
// y[t][r] = sum over c of panel[r][c] * x[t][c]: a tile of 48 rows and 4 tokens in registers.
//
// void matmul_panel_i8_a8_32__avx512vnni_48x4(const struct matmul_args *a)      rdi
//   y  [tokens][rows] float, written    w  panel i8 (kernels/args.h)
//   x  [tokens] a8_32 planes            rows 1-48, cols a multiple of 32, tokens any
// Registers, stack and what is clobbered: panel_i8_avx512vnni.h.
#define GROUPS 3
#define TOKENS 4
#include "kernels/asm/x86_64/panel_i8_avx512vnni.h"

.macro each_token do, groups, tokens, c=0
        \do \groups, \c, 0, 4, 8, 12, 16, 20, r8, r10, r12
.if \tokens > 1
        \do \groups, \c, 1, 5, 9, 13, 17, 21, r8+rdx, r10+rdx, r12+rdx
.endif
.if \tokens > 2
        \do \groups, \c, 2, 6, 10, 14, 18, 22, r8+rdx*2, r10+rdx*2, r12+rdx*2
.endif
.if \tokens > 3
        \do \groups, \c, 3, 7, 11, 15, 19, 23, r9, r11, r13
.endif
.endm

FUNC matmul_panel_i8_a8_32__avx512vnni_48x4
        matmul_tile matmul_panel_i8_a8_32__avx512vnni_48x4
ENDFUNC matmul_panel_i8_a8_32__avx512vnni_48x4
