// SPDX-License-Identifier: MIT
// y[t][r] = sum over c of panel[r][c] * x[t][c]: a tile of 64 rows and 6 tokens in registers.
//
// void matmul_panel_f32_f32__avx512(const struct matmul_args *a)      rdi
//   y  [tokens][rows] float, written    w  panel f32 (kernels/args.h)
//   x  [tokens][cols] float            rows 1-64, cols any, tokens any
// The body, its registers and its stack: matmul_panel_avx512.h.
#define GROUPS 4
#define TOKENS 6
#define PASSES 0
#include "kernels/asm/x86_64/matmul_panel_avx512.h"

.macro constants
.endm
.macro load_w pass, to, at
        vmovaps zmm\to, [\at]
.endm
.macro load_x pass, at
        vbroadcastss zmm28, [\at]
.endm
.macro dot sum, w
        vfmadd231ps zmm\sum, zmm\w, zmm28
.endm

FUNC matmul_panel_f32_f32__avx512
        matmul_panel matmul_panel_f32_f32__avx512
ENDFUNC matmul_panel_f32_f32__avx512
