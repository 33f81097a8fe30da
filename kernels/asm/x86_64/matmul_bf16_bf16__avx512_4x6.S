// SPDX-License-Identifier: MIT
// y[t][r] = sum over c of w[r][c] * x[t][c], bf16 by bf16: tiles of four rows by up to six tokens.
//
// void matmul_bf16_bf16__avx512_4x6(const struct matmul_args *a)      rdi
//   y  [tokens][rows] float, written    w  [rows][cols] bf16
//   x  [tokens][cols] bf16             rows, tokens any, cols any
// The body, its registers and its stack: matmul_4xn.h.
#define PIECES 2
#define LINE_BYTES 64
#define PIECE_COLS 16
#define X_BYTES 32
#define TAIL 1
#include "kernels/asm/x86_64/matmul_4x6_avx512.h"

.macro constants
.endm
.macro start
.endm
.macro load_w piece
        vpmovzxwd zmm24, [r8 + 32 * \piece]
        vpslld  zmm24, zmm24, 16
        vpmovzxwd zmm25, [r9 + 32 * \piece]
        vpslld  zmm25, zmm25, 16
        vpmovzxwd zmm26, [r10 + 32 * \piece]
        vpslld  zmm26, zmm26, 16
        vpmovzxwd zmm27, [r11 + 32 * \piece]
        vpslld  zmm27, zmm27, 16
.endm
.macro load_w_some
        vmovdqu16 ymm24{k1}{z}, [r8]
        vpmovzxwd zmm24, ymm24
        vpslld  zmm24, zmm24, 16
        vmovdqu16 ymm25{k1}{z}, [r9]
        vpmovzxwd zmm25, ymm25
        vpslld  zmm25, zmm25, 16
        vmovdqu16 ymm26{k1}{z}, [r10]
        vpmovzxwd zmm26, ymm26
        vpslld  zmm26, zmm26, 16
        vmovdqu16 ymm27{k1}{z}, [r11]
        vpmovzxwd zmm27, ymm27
        vpslld  zmm27, zmm27, 16
.endm
.macro load_x at
        vpmovzxwd zmm28, [\at]
        vpslld  zmm28, zmm28, 16
.endm
.macro load_x_some at
        vmovdqu16 ymm28{k1}{z}, [\at]
        vpmovzxwd zmm28, ymm28
        vpslld  zmm28, zmm28, 16
.endm
.macro dot sum, w
        vfmadd231ps zmm\sum, zmm\w, zmm28
.endm

FUNC matmul_bf16_bf16__avx512_4x6
        matmul_4xn matmul_bf16_bf16__avx512_4x6
ENDFUNC matmul_bf16_bf16__avx512_4x6
