// SPDX-License-Identifier: MIT
// y[r] = sum over c of w[r][c] * x[c] for one token, bf16 by f32: eight streams of rows at once.
// A line of 32 weights is taken as its even columns (shifted) and its odd ones (masked), and x is
// parted the same way, once for eight rows.
//
// void matmul_bf16_f32__avx512_s8(const struct matmul_args *a)      rdi
//   y  [rows] float, written            w  [rows][cols] bf16
//   x  [cols] float                    rows any, cols any, tokens = 1
// The body, its registers and its stack: matmul_s8.h.
#define LINE_COLS 32
#define LINE_BYTES 64
#define X_BYTES 128
#include "kernels/asm/x86_64/matmul_s8_avx512.h"

.macro constants
        vmovdqa64 zmm31, [rip + .Leven]
        vmovdqa64 zmm30, [rip + .Lodd]
        mov     eax, 0xffff0000
        vpbroadcastd zmm27, eax
.endm
.macro part_x
        vmovaps zmm29, zmm24
        vpermt2ps zmm29, zmm30, zmm25
        vmovaps zmm28, zmm24
        vpermt2ps zmm28, zmm31, zmm25
.endm
.macro load_x
        vmovups zmm24, [rax]
        vmovups zmm25, [rax + 64]
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
        kmovw   k2, edx
        shr     edx, 16
        kmovw   k3, edx
        vmovups zmm24{k2}{z}, [rax]
        vmovups zmm25{k3}{z}, [rax + 64]
        part_x
        each_row line_some
.endm

FUNC matmul_bf16_f32__avx512_s8
        matmul_s8 matmul_bf16_f32__avx512_s8
ENDFUNC matmul_bf16_f32__avx512_s8

        .section .rodata
        .p2align 6
.Leven: .long   0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
.Lodd:  .long   1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
