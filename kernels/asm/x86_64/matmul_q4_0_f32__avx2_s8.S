// SPDX-License-Identifier: MIT
// y[r] = sum over c of w[r][c] * x[c] for one token, q4_0 by f32: eight streams of rows at once;
// the scale of a block multiplies the sums of its columns.
//
// void matmul_q4_0_f32__avx2_s8(const struct matmul_args *a)      rdi
//   y  [rows] float, written            w  [rows][cols/32] block_q4_0, 2-byte aligned
//   x  [cols] float                     rows any, cols a multiple of 32, tokens = 1
// The body, its registers and its stack: matmul_s8.h.
#define LINE_COLS 32
#define LINE_BYTES 18
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
        vmovdqu xmm9, [\w + 2]
        vpsrlw  xmm11, xmm9, 4
        vpand   xmm9, xmm9, [rip + .Llow]
        vpand   xmm11, xmm11, [rip + .Llow]
        vpsubb  xmm9, xmm9, [rip + .Leight]     // columns 0-15
        vpsubb  xmm11, xmm11, [rip + .Leight]   // columns 16-31
        vpmovsxbd ymm8, xmm9
        vpsrldq xmm9, xmm9, 8
        vpmovsxbd ymm9, xmm9
        vpmovsxbd ymm10, xmm11
        vpsrldq xmm11, xmm11, 8
        vpmovsxbd ymm11, xmm11
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

FUNC matmul_q4_0_f32__avx2_s8
        matmul_s8 matmul_q4_0_f32__avx2_s8
ENDFUNC matmul_q4_0_f32__avx2_s8

        .section .rodata
        .p2align 4
.Llow:  .fill   16, 1, 15
.Leight:
        .fill   16, 1, 8
