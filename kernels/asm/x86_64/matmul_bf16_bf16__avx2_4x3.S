// SPDX-License-Identifier: MIT
// y[t][r] = sum over c of w[r][c] * x[t][c], bf16 by bf16: tiles of four rows by up to three tokens.
//
// void matmul_bf16_bf16__avx2_4x3(const struct matmul_args *a)      rdi
//   y  [tokens][rows] float, written    w  [rows][cols] bf16
//   x  [tokens][cols] bf16              rows, tokens any, cols any
// The body, its registers and its stack: matmul_4xn.h.
#define PIECES 4
#define X_BF16
#define LINE_BYTES 64
#define TAIL 1
#define WEIGHT_BYTES 2
#include "kernels/asm/x86_64/matmul_4x3_avx2.h"

.macro start
.endm
.macro load_w row, w, piece
        vpmovzxwd ymm15, [\w + 16 * \piece]
        vpslld  ymm15, ymm15, 16
.endm
.macro one w
        movzx   esi, word ptr [\w]
        shl     esi, 16
        vmovd   xmm15, esi
.endm

FUNC matmul_bf16_bf16__avx2_4x3
        matmul_4xn matmul_bf16_bf16__avx2_4x3
ENDFUNC matmul_bf16_bf16__avx2_4x3
