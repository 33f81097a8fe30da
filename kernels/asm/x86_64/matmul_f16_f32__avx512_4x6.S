// SPDX-License-Identifier: MIT
// y[t][r] = sum over c of w[r][c] * x[t][c], f16 by f32: tiles of four rows by up to six tokens.
//
// void matmul_f16_f32__avx512_4x6(const struct matmul_args *a)      rdi
//   y  [tokens][rows] float, written    w  [rows][cols] IEEE binary16
//   x  [tokens][cols] float            rows, tokens any, cols any
// The body, its registers and its stack: matmul_4xn.h.
#define PIECES 2
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
        vcvtph2ps zmm24, [r8 + 32 * \piece]
        vcvtph2ps zmm25, [r9 + 32 * \piece]
        vcvtph2ps zmm26, [r10 + 32 * \piece]
        vcvtph2ps zmm27, [r11 + 32 * \piece]
.endm
.macro load_w_some
        vmovdqu16 ymm24{k1}{z}, [r8]
        vcvtph2ps zmm24, ymm24
        vmovdqu16 ymm25{k1}{z}, [r9]
        vcvtph2ps zmm25, ymm25
        vmovdqu16 ymm26{k1}{z}, [r10]
        vcvtph2ps zmm26, ymm26
        vmovdqu16 ymm27{k1}{z}, [r11]
        vcvtph2ps zmm27, ymm27
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

FUNC matmul_f16_f32__avx512_4x6
        matmul_4xn matmul_f16_f32__avx512_4x6
ENDFUNC matmul_f16_f32__avx512_4x6
