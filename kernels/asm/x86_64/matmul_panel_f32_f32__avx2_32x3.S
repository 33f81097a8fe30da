// SPDX-License-Identifier: MIT
// y[t][r] = sum over c of panel[r][c] * x[t][c]: tiles of 32 rows and 3 tokens in registers.
//
// void matmul_panel_f32_f32__avx2_32x3(const struct matmul_args *a)      rdi
//   y  [tokens][rows] float, written    w  panel f32 (kernels/args.h)
//   x  [tokens][cols] float            rows 1-64, cols any, tokens any
// The body, its registers and its stack: matmul_panel_avx2.h.
#define YMMS 4
#define TOKENS 3
#define PASSES 0
#include "kernels/asm/x86_64/matmul_panel_avx2.h"

.macro load_w pass, to, at
        vmovaps ymm\to, [\at]
.endm
.macro load_x pass, to, at
        vbroadcastss ymm\to, [\at]
.endm

FUNC matmul_panel_f32_f32__avx2_32x3
        matmul_panel matmul_panel_f32_f32__avx2_32x3
ENDFUNC matmul_panel_f32_f32__avx2_32x3
