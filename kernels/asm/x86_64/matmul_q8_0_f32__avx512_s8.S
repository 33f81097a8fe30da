// SPDX-License-Identifier: MIT
// y[r] = sum over c of w[r][c] * x[c] for one token, q8_0 by f32: eight streams of rows at once, two
// blocks a turn; the scale of a block multiplies the sums of its columns.
//
// void matmul_q8_0_f32__avx512_s8(const struct matmul_args *a)      rdi
//   y  [rows] float, written            w  [rows][cols/32] block_q8_0, 2-byte aligned
//   x  [cols] float                    rows any, cols a multiple of 32, tokens = 1
// The body, its registers and its stack: matmul_s8.h.
#define LINE_COLS 64
#define LINE_BYTES 68
#define X_BYTES 256
#include "kernels/asm/x86_64/matmul_s8_avx512.h"

.macro constants
.endm
.macro load_x
        vmovups zmm28, [rax]
        vmovups zmm29, [rax + 64]
        vmovups zmm30, [rax + 128]
        vmovups zmm31, [rax + 192]
.endm
.macro block sum, w, b, x0, x1
        vpbroadcastw ymm18, [\w + 34 * \b]
        vcvtph2ps zmm18, ymm18
        vpmovsxbd zmm16, [\w + 34 * \b + 2]
        vpmovsxbd zmm17, [\w + 34 * \b + 18]
        vcvtdq2ps zmm16, zmm16
        vcvtdq2ps zmm17, zmm17
        vmulps  zmm16, zmm16, zmm\x0
        vfmadd231ps zmm16, zmm17, zmm\x1
        vfmadd231ps zmm\sum, zmm16, zmm18
.endm
.macro line n, w
        block   \n, \w, 0, 28, 29
        .altmacro
        second  %\n + 8, \w
        .noaltmacro
.endm
.macro second m, w
        block   \m, \w, 1, 30, 31
.endm
.macro line_some n, w
        block   \n, \w, 0, 28, 29
.endm
.macro tail
        vmovups zmm28, [rax]
        vmovups zmm29, [rax + 64]
        each_row line_some
.endm

FUNC matmul_q8_0_f32__avx512_s8
        matmul_s8 matmul_q8_0_f32__avx512_s8
ENDFUNC matmul_q8_0_f32__avx512_s8
