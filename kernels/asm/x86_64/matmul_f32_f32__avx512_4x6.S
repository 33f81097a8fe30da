// SPDX-License-Identifier: MIT
// y[t][r] = sum over c of w[r][c] * x[t][c], f32 by f32: tiles of four rows by up to six tokens.
//
// void matmul_f32_f32__avx512_4x6(const struct matmul_args *a)      rdi
//   y  [tokens][rows] float, written    w  [rows][cols] float
//   x  [tokens][cols] float            rows, tokens any, cols any
// The body, its registers and its stack: matmul_4xn.h.
#define PIECES 1
#define LINE_BYTES 64
#define PIECE_COLS 16
#define X_BYTES 64
#define TAIL 1
#include "kernels/asm/x86_64/matmul_4x6_avx512.h"

.macro constants
.endm
.macro start
.endm
.macro load_w piece
        vmovups zmm24, [r8]
        vmovups zmm25, [r9]
        vmovups zmm26, [r10]
        vmovups zmm27, [r11]
.endm
.macro load_w_some
        vmovups zmm24{k1}{z}, [r8]
        vmovups zmm25{k1}{z}, [r9]
        vmovups zmm26{k1}{z}, [r10]
        vmovups zmm27{k1}{z}, [r11]
.endm
.macro load_x at
        vmovups zmm28, [\at]
.endm
.macro load_x_some at
        vmovups zmm28{k1}{z}, [\at]
.endm
.macro dot sum, w
        vfmadd231ps zmm\sum, zmm\w, zmm28
.endm

FUNC matmul_f32_f32__avx512_4x6
        matmul_4xn matmul_f32_f32__avx512_4x6
ENDFUNC matmul_f32_f32__avx512_4x6
