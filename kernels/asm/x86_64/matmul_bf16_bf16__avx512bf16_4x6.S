// SPDX-License-Identifier: MIT
// y[t][r] = sum over c of w[r][c] * x[t][c], bf16 by bf16: tiles of four rows by up to six tokens.
//
// void matmul_bf16_bf16__avx512bf16_4x6(const struct matmul_args *a)      rdi
//   y  [tokens][rows] float, written    w  [rows][cols] bf16
//   x  [tokens][cols] bf16             rows, tokens any, cols any
// The body, its registers and its stack: matmul_4xn.h.
#define PIECES 1
#define LINE_BYTES 64
#define PIECE_COLS 32
#define X_BYTES 64
#define TAIL 1
#include "kernels/asm/x86_64/matmul_4x6_avx512.h"

.macro constants
.endm
.macro start
.endm
.macro load_w piece
        vmovdqu64 zmm24, [r8]
        vmovdqu64 zmm25, [r9]
        vmovdqu64 zmm26, [r10]
        vmovdqu64 zmm27, [r11]
.endm
.macro load_w_some
        vmovdqu16 zmm24{k1}{z}, [r8]
        vmovdqu16 zmm25{k1}{z}, [r9]
        vmovdqu16 zmm26{k1}{z}, [r10]
        vmovdqu16 zmm27{k1}{z}, [r11]
.endm
.macro load_x at
        vmovdqu64 zmm28, [\at]
.endm
.macro load_x_some at
        vmovdqu16 zmm28{k1}{z}, [\at]
.endm
.macro dot sum, w
        vdpbf16ps zmm\sum, zmm\w, zmm28
.endm

FUNC matmul_bf16_bf16__avx512bf16_4x6
        matmul_4xn matmul_bf16_bf16__avx512bf16_4x6
ENDFUNC matmul_bf16_bf16__avx512bf16_4x6
