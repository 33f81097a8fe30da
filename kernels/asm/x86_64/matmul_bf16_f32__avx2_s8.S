// SPDX-License-Identifier: MIT
// y[r] = sum over c of w[r][c] * x[c] for one token, bf16 by f32: eight streams of rows at once.
// 16 weights are taken as their even columns (shifted) and their odd ones (masked), and x is parted
// the same way, once for eight rows.
//
// void matmul_bf16_f32__avx2_s8(const struct matmul_args *a)      rdi
//   y  [rows] float, written            w  [rows][cols] bf16
//   x  [cols] float                     rows any, cols any, tokens = 1
// The body, its registers and its stack: matmul_s8.h.
#define LINE_COLS 32
#define LINE_BYTES 64
#define X_BYTES 128
#define WEIGHT_BYTES 2
#include "kernels/asm/x86_64/matmul_s8_avx2.h"

// Even and odd columns of the 16 in ymm\a and ymm\b.
.macro part a, b
        vshufps ymm8, ymm\a, ymm\b, 0x88
        vshufps ymm9, ymm\a, ymm\b, 0xdd
        vpermpd ymm\a, ymm8, 0xd8
        vpermpd ymm\b, ymm9, 0xd8
.endm
.macro load_x
        vmovups ymm12, [rax]
        vmovups ymm13, [rax + 32]
        vmovups ymm14, [rax + 64]
        vmovups ymm15, [rax + 96]
        part    12, 13
        part    14, 15
.endm
.macro line n, w
        vmovdqu ymm9, [\w]
        vmovdqu ymm11, [\w + 32]
        vpslld  ymm8, ymm9, 16
        vpslld  ymm10, ymm11, 16
        vpand   ymm9, ymm9, [rip + .Lodd]
        vpand   ymm11, ymm11, [rip + .Lodd]
        vfmadd231ps ymm\n, ymm8, ymm12
        vfmadd231ps ymm\n, ymm9, ymm13
        vfmadd231ps ymm\n, ymm10, ymm14
        vfmadd231ps ymm\n, ymm11, ymm15
.endm
.macro one w
        movzx   edx, word ptr [\w]
        shl     edx, 16
        vmovd   xmm8, edx
.endm

FUNC matmul_bf16_f32__avx2_s8
        matmul_s8 matmul_bf16_f32__avx2_s8
ENDFUNC matmul_bf16_f32__avx2_s8

        .section .rodata
        .p2align 5
.Lodd:  .fill   8, 4, 0xffff0000
