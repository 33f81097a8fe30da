// SPDX-License-Identifier: MIT
// y[t][r] = sum over c of panel[r][c] * x[t][c]: tiles of 16 rows and 6 tokens in registers.
//
// void matmul_panel_f32_f32__avx2(const struct matmul_args *a)      rdi
//   y  [tokens][rows] float, written    w  panel f32 (kernels/args.h)
//   x  [tokens][cols] float            rows 1-64, cols any, tokens any
// The body, its registers and its stack: matmul_panel_avx2.h.
#define YMMS 2
#define TOKENS 6
#define PASSES 0
#include "kernels/asm/x86_64/matmul_panel_avx2.h"

.macro load_w pass, to, at
        vmovaps ymm\to, [\at]
.endm
.macro load_x pass, to, at
        vbroadcastss ymm\to, [\at]
.endm

FUNC matmul_panel_f32_f32__avx2
        matmul_panel matmul_panel_f32_f32__avx2
ENDFUNC matmul_panel_f32_f32__avx2
