// SPDX-License-Identifier: MIT
// y[r] = sum over c of w[r][c] * x[c] for one token, bf16 by bf16: eight streams of rows at once.
// 16 weights are taken as their even columns (shifted) and their odd ones (masked), and x is parted
// the same way, once for eight rows.
//
// void matmul_bf16_bf16__avx2_s8(const struct matmul_args *a)      rdi
//   y  [rows] float, written            w  [rows][cols] bf16
//   x  [cols] bf16                      rows any, cols any, tokens = 1
// The body, its registers and its stack: matmul_s8.h.
#define LINE_COLS 32
#define LINE_BYTES 64
#define X_BYTES 64
#define X_BF16
#define WEIGHT_BYTES 2
#include "kernels/asm/x86_64/matmul_s8_avx2.h"

.macro load_x
        vmovdqu ymm13, [rax]
        vmovdqu ymm15, [rax + 32]
        vpslld  ymm12, ymm13, 16
        vpslld  ymm14, ymm15, 16
        vpand   ymm13, ymm13, [rip + .Lodd]
        vpand   ymm15, ymm15, [rip + .Lodd]
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

FUNC matmul_bf16_bf16__avx2_s8
        matmul_s8 matmul_bf16_bf16__avx2_s8
ENDFUNC matmul_bf16_bf16__avx2_s8

        .section .rodata
        .p2align 5
.Lodd:  .fill   8, 4, 0xffff0000
