// SPDX-License-Identifier: MIT
// y[t][r] = sum over c of panel[r][c] * x[t][c]: tiles of 16 rows and 6 tokens in registers, as floats.
//
// void matmul_panel_bf16_bf16__avx2(const struct matmul_args *a)      rdi
//   y  [tokens][rows] float, written    w  panel bf16 (kernels/args.h)
//   x  [tokens][cols] bf16             rows 1-64, cols any, tokens any
// The body, its registers and its stack: matmul_panel_avx2.h.
#define YMMS 2
#define TOKENS 6
#define PASSES 0, 1
#define LAST_PASS 1
#define PAIRS
#include "kernels/asm/x86_64/matmul_panel_avx2.h"

.macro load_w pass, to, at
        vmovdqa ymm\to, [\at]
        part    \pass, \to
.endm
.macro load_x pass, to, at
        vpbroadcastd ymm\to, [\at]
        part    \pass, \to
.endm
.macro load_half to, at
        vpbroadcastw ymm\to, [\at]
        vpslld  ymm\to, ymm\to, 16
.endm
// The second columns of pairs as floats, or the first ones.
.macro part pass, to
.if \pass == 0
        vpand   ymm\to, ymm\to, [rip + .Lsecond]
.else
        vpslld  ymm\to, ymm\to, 16
.endif
.endm

FUNC matmul_panel_bf16_bf16__avx2
        matmul_panel matmul_panel_bf16_bf16__avx2
ENDFUNC matmul_panel_bf16_bf16__avx2

        .section .rodata
        .p2align 5
.Lsecond:
        .fill   8, 4, 0xffff0000
