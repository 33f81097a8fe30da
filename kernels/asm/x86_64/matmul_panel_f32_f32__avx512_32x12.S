// SPDX-License-Identifier: MIT
// y[t][r] = sum over c of panel[r][c] * x[t][c]: a tile of 32 rows and 12 tokens in registers.
//
// void matmul_panel_f32_f32__avx512_32x12(const struct matmul_args *a)      rdi
//   y  [tokens][rows] float, written    w  panel f32 (kernels/args.h)
//   x  [tokens][cols] float            rows 1-32, cols any, tokens any
// The body, its registers and its stack: matmul_panel_avx512.h.
#define GROUPS 2
#define TOKENS 12
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

FUNC matmul_panel_f32_f32__avx512_32x12
        matmul_panel matmul_panel_f32_f32__avx512_32x12
ENDFUNC matmul_panel_f32_f32__avx512_32x12
