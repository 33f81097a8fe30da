// SPDX-License-Identifier: MIT
// y[r] = sum over c of w[r][c] * x[c] for one token, bf16 by bf16: eight streams of rows at once.
//
// void matmul_bf16_bf16__avx512bf16_s8(const struct matmul_args *a)      rdi
//   y  [rows] float, written            w  [rows][cols] bf16
//   x  [cols] bf16                      rows any, cols any, tokens = 1
// The body, its registers and its stack: matmul_s8.h.
#define LINE_COLS 32
#define LINE_BYTES 64
#define X_BYTES 64
#include "kernels/asm/x86_64/matmul_s8_avx512.h"

.macro constants
.endm
.macro load_x
        vmovdqu64 zmm28, [rax]
.endm
.macro line n, w
        vdpbf16ps zmm\n, zmm28, [\w]
.endm
.macro line_some n, w
        vmovdqu16 zmm16{k1}{z}, [\w]
        vdpbf16ps zmm\n, zmm28, zmm16
.endm
.macro tail
        mov     edx, -1
        bzhi    edx, edx, ecx
        kmovd   k1, edx
        vmovdqu16 zmm28{k1}{z}, [rax]
        each_row line_some
.endm

FUNC matmul_bf16_bf16__avx512bf16_s8
        matmul_s8 matmul_bf16_bf16__avx512bf16_s8
ENDFUNC matmul_bf16_bf16__avx512bf16_s8
