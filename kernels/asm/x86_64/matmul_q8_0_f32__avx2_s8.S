// SPDX-License-Identifier: MIT
// y[r] = sum over c of w[r][c] * x[c] for one token, q8_0 by f32: eight streams of rows at once;
// the scale of a block multiplies the sums of its columns.
//
// void matmul_q8_0_f32__avx2_s8(const struct matmul_args *a)      rdi
//   y  [rows] float, written            w  [rows][cols/32] block_q8_0, 2-byte aligned
//   x  [cols] float                     rows any, cols a multiple of 32, tokens = 1
// The body, its registers and its stack: matmul_s8.h.
#define LINE_COLS 32
#define LINE_BYTES 34
#define X_BYTES 128
#define WEIGHT_BYTES 0
#include "kernels/asm/x86_64/matmul_s8_avx2.h"

.macro load_x
        vmovups ymm12, [rax]
        vmovups ymm13, [rax + 32]
        vmovups ymm14, [rax + 64]
        vmovups ymm15, [rax + 96]
.endm
.macro line n, w
        vpmovsxbd ymm8, [\w + 2]
        vpmovsxbd ymm9, [\w + 10]
        vpmovsxbd ymm10, [\w + 18]
        vpmovsxbd ymm11, [\w + 26]
        vcvtdq2ps ymm8, ymm8
        vcvtdq2ps ymm9, ymm9
        vcvtdq2ps ymm10, ymm10
        vcvtdq2ps ymm11, ymm11
        vmulps  ymm8, ymm8, ymm12
        vmulps  ymm10, ymm10, ymm14
        vfmadd231ps ymm8, ymm9, ymm13
        vfmadd231ps ymm10, ymm11, ymm15
        vaddps  ymm8, ymm8, ymm10
        vpbroadcastw xmm9, [\w]
        vcvtph2ps ymm9, xmm9
        vfmadd231ps ymm\n, ymm8, ymm9
.endm
.macro one w
.endm

FUNC matmul_q8_0_f32__avx2_s8
        matmul_s8 matmul_q8_0_f32__avx2_s8
ENDFUNC matmul_q8_0_f32__avx2_s8
