// SPDX-License-Identifier: MIT
// y[r] = sum over c of w[r][c] * x[c] for one token, bf16 by bf16: eight streams of rows at once.
// A line of 32 weights is taken as its even columns (shifted) and its odd ones (masked), and x is
// parted the same way, once for eight rows.
//
// void matmul_bf16_bf16__avx512_s8(const struct matmul_args *a)      rdi
//   y  [rows] float, written            w  [rows][cols] bf16
//   x  [cols] bf16                     rows any, cols any, tokens = 1
// The body, its registers and its stack: matmul_s8.h.
#define LINE_COLS 32
#define LINE_BYTES 64
#define X_BYTES 64
#include "kernels/asm/x86_64/matmul_s8_avx512.h"

.macro constants
        mov     eax, 0xffff0000
        vpbroadcastd zmm27, eax
.endm
.macro part_x
        vpslld  zmm28, zmm24, 16
        vpandd  zmm29, zmm24, zmm27
.endm
.macro load_x
        vmovdqu64 zmm24, [rax]
        part_x
.endm
.macro second m
        vfmadd231ps zmm\m, zmm17, zmm29
.endm
.macro halves n
        vpslld  zmm16, zmm18, 16
        vpandd  zmm17, zmm18, zmm27
        vfmadd231ps zmm\n, zmm16, zmm28
        .altmacro
        second  %\n + 8
        .noaltmacro
.endm
.macro line n, w
        vmovdqu64 zmm18, [\w]
        halves  \n
.endm
.macro line_some n, w
        vmovdqu16 zmm18{k1}{z}, [\w]
        halves  \n
.endm
.macro tail
        mov     edx, -1
        bzhi    edx, edx, ecx
        kmovd   k1, edx
        vmovdqu16 zmm24{k1}{z}, [rax]
        part_x
        each_row line_some
.endm

FUNC matmul_bf16_bf16__avx512_s8
        matmul_s8 matmul_bf16_bf16__avx512_s8
ENDFUNC matmul_bf16_bf16__avx512_s8
