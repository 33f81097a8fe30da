// SPDX-License-Identifier: MIT
// y[t][r] = sum over c of w[r][c] * x[t][c], q4_0 by f32: tiles of four rows by up to three tokens.
//
// void matmul_q4_0_f32__avx2_4x3(const struct matmul_args *a)      rdi
//   y  [tokens][rows] float, written    w  [rows][cols/32] block_q4_0, 2-byte aligned
//   x  [tokens][cols] float             rows, tokens any, cols a multiple of 32
// The body, its registers and its stack: matmul_4xn.h.
#define PIECES 4
#define LINE_BYTES 18
#define TAIL 0
#include "kernels/asm/x86_64/matmul_4x3_avx2.h"

// The scales of a block of four rows, in every lane.
.macro scale row, w
        vpbroadcastw xmm15, [\w]
        vcvtph2ps ymm15, xmm15
        vmovups [SCALES + 32 * \row], ymm15
.endm
.macro start
        scale   0, r8
        scale   1, r9
        scale   2, r10
        scale   3, r11
.endm
.macro load_w row, w, piece
        vpmovzxbd ymm15, [\w + 2 + 8 * (\piece % 2)]
.if \piece < 2
        vpand   ymm15, ymm15, [rip + .Llow]
.else
        vpsrld  ymm15, ymm15, 4
.endif
        vpsubd  ymm15, ymm15, [rip + .Leight]
        vcvtdq2ps ymm15, ymm15
        vmulps  ymm15, ymm15, [SCALES + 32 * \row]
.endm

FUNC matmul_q4_0_f32__avx2_4x3
        matmul_4xn matmul_q4_0_f32__avx2_4x3
ENDFUNC matmul_q4_0_f32__avx2_4x3

        .section .rodata
        .p2align 5
.Llow:  .fill   8, 4, 15
.Leight:
        .fill   8, 4, 8
