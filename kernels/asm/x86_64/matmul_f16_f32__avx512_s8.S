// SPDX-License-Identifier: MIT
// y[r] = sum over c of w[r][c] * x[c] for one token, f16 by f32: eight streams of rows at once.
//
// void matmul_f16_f32__avx512_s8(const struct matmul_args *a)      rdi
//   y  [rows] float, written            w  [rows][cols] IEEE binary16
//   x  [cols] float                    rows any, cols any, tokens = 1
// The body, its registers and its stack: matmul_s8.h.
#define LINE_COLS 32
#define LINE_BYTES 64
#define X_BYTES 128
#include "kernels/asm/x86_64/matmul_s8_avx512.h"

.macro constants
.endm
.macro load_x
        vmovups zmm28, [rax]
        vmovups zmm29, [rax + 64]
.endm
.macro second m
        vfmadd231ps zmm\m, zmm17, zmm29
.endm
.macro halves n
        vcvtph2ps zmm16, ymm18
        vextracti64x4 ymm18, zmm18, 1
        vcvtph2ps zmm17, ymm18
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
        vmovups zmm28{k2}{z}, [rax]
        vmovups zmm29{k3}{z}, [rax + 64]
        each_row line_some
.endm

FUNC matmul_f16_f32__avx512_s8
        matmul_s8 matmul_f16_f32__avx512_s8
ENDFUNC matmul_f16_f32__avx512_s8
