// SPDX-License-Identifier: MIT
// y[r] = sum over c of w[r][c] * x[c] for one token, f32 by f32: eight streams of rows at once.
//
// void matmul_f32_f32__avx2_s8(const struct matmul_args *a)      rdi
//   y  [rows] float, written            w  [rows][cols] float
//   x  [cols] float                     rows any, cols any, tokens = 1
// The body, its registers and its stack: matmul_s8.h.
#define LINE_COLS 16
#define LINE_BYTES 64
#define X_BYTES 64
#define WEIGHT_BYTES 4
#include "kernels/asm/x86_64/matmul_s8_avx2.h"

.macro load_x
        vmovups ymm14, [rax]
        vmovups ymm15, [rax + 32]
.endm
.macro line n, w
        vfmadd231ps ymm\n, ymm14, [\w]
        vfmadd231ps ymm\n, ymm15, [\w + 32]
.endm
.macro one w
        vmovss  xmm8, [\w]
.endm

FUNC matmul_f32_f32__avx2_s8
        matmul_s8 matmul_f32_f32__avx2_s8
ENDFUNC matmul_f32_f32__avx2_s8
