// SPDX-License-Identifier: MIT
// y[r] = sum over c of w[r][c] * x[c] for one token, f32 by f32: eight streams of rows at once.
//
// void matmul_f32_f32__avx512_s8(const struct matmul_args *a)      rdi
//   y  [rows] float, written            w  [rows][cols] float
//   x  [cols] float                    rows any, cols any, tokens = 1
// The body, its registers and its stack: matmul_s8.h.
#define LINE_COLS 16
#define LINE_BYTES 64
#define X_BYTES 64
#include "kernels/asm/x86_64/matmul_s8_avx512.h"

.macro constants
.endm
.macro load_x
        vmovups zmm28, [rax]
.endm
.macro line n, w
        vfmadd231ps zmm\n, zmm28, [\w]
.endm
.macro line_some n, w
        vmovups zmm16{k1}{z}, [\w]
        vfmadd231ps zmm\n, zmm28, zmm16
.endm
.macro tail
        mov     edx, -1
        bzhi    edx, edx, ecx
        kmovw   k1, edx
        vmovups zmm28{k1}{z}, [rax]
        each_row line_some
.endm

FUNC matmul_f32_f32__avx512_s8
        matmul_s8 matmul_f32_f32__avx512_s8
ENDFUNC matmul_f32_f32__avx512_s8
