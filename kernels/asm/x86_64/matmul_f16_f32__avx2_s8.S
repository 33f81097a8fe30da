// SPDX-License-Identifier: MIT
// y[r] = sum over c of w[r][c] * x[c] for one token, f16 by f32: eight streams of rows at once.
//
// void matmul_f16_f32__avx2_s8(const struct matmul_args *a)      rdi
//   y  [rows] float, written            w  [rows][cols] IEEE binary16
//   x  [cols] float                     rows any, cols any, tokens = 1
// The body, its registers and its stack: matmul_s8.h.
#define LINE_COLS 32
#define LINE_BYTES 64
#define X_BYTES 128
#define WEIGHT_BYTES 2
#include "kernels/asm/x86_64/matmul_s8_avx2.h"

.macro load_x
        vmovups ymm12, [rax]
        vmovups ymm13, [rax + 32]
        vmovups ymm14, [rax + 64]
        vmovups ymm15, [rax + 96]
.endm
.macro line n, w
        vcvtph2ps ymm8, [\w]
        vcvtph2ps ymm9, [\w + 16]
        vcvtph2ps ymm10, [\w + 32]
        vcvtph2ps ymm11, [\w + 48]
        vfmadd231ps ymm\n, ymm8, ymm12
        vfmadd231ps ymm\n, ymm9, ymm13
        vfmadd231ps ymm\n, ymm10, ymm14
        vfmadd231ps ymm\n, ymm11, ymm15
.endm
.macro one w
        movzx   edx, word ptr [\w]
        vmovd   xmm8, edx
        vcvtph2ps xmm8, xmm8
.endm

FUNC matmul_f16_f32__avx2_s8
        matmul_s8 matmul_f16_f32__avx2_s8
ENDFUNC matmul_f16_f32__avx2_s8
