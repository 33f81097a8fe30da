// SPDX-License-Identifier: MIT
// y[t][r] = sum over c of w[r][c] * x[t][c], q4_0 by f32: tiles of four rows by up to six tokens.
//
// void matmul_q4_0_f32__avx512_4x6(const struct matmul_args *a)      rdi
//   y  [tokens][rows] float, written    w  [rows][cols/32] block_q4_0, 2-byte aligned
//   x  [tokens][cols] float            rows, tokens any, cols a multiple of 32
// The body, its registers and its stack: matmul_4xn.h.
#define PIECES 2
#define LINE_BYTES 18
#define PIECE_COLS 16
#define X_BYTES 64
#define TAIL 0
#include "kernels/asm/x86_64/matmul_4x6_avx512.h"

.macro constants
        vmovaps zmm31, [rip + .Lnibbles]
.endm
// The scales of a block of four rows, for broadcasts.
.macro start
        vmovd   xmm29, [r8]             // with two bytes of quants that are replaced
        vpinsrw xmm29, xmm29, [r9], 1
        vpinsrw xmm29, xmm29, [r10], 2
        vpinsrw xmm29, xmm29, [r11], 3
        vcvtph2ps xmm29, xmm29
        vmovups [SCALES], xmm29
.endm
// Nibbles become floats by a table of 16, by the low four bits of each lane.
.macro load_w piece
        vpmovzxbd zmm24, [r8 + 2]
        vpmovzxbd zmm25, [r9 + 2]
        vpmovzxbd zmm26, [r10 + 2]
        vpmovzxbd zmm27, [r11 + 2]
.if \piece
        vpsrld  zmm24, zmm24, 4
        vpsrld  zmm25, zmm25, 4
        vpsrld  zmm26, zmm26, 4
        vpsrld  zmm27, zmm27, 4
.endif
        vpermps zmm24, zmm24, zmm31
        vmulps  zmm24, zmm24, dword ptr [SCALES + 4 * 0]{1to16}
        vpermps zmm25, zmm25, zmm31
        vmulps  zmm25, zmm25, dword ptr [SCALES + 4 * 1]{1to16}
        vpermps zmm26, zmm26, zmm31
        vmulps  zmm26, zmm26, dword ptr [SCALES + 4 * 2]{1to16}
        vpermps zmm27, zmm27, zmm31
        vmulps  zmm27, zmm27, dword ptr [SCALES + 4 * 3]{1to16}
.endm
.macro load_x at
        vmovups zmm28, [\at]
.endm
.macro dot sum, w
        vfmadd231ps zmm\sum, zmm\w, zmm28
.endm

FUNC matmul_q4_0_f32__avx512_4x6
        matmul_4xn matmul_q4_0_f32__avx512_4x6
ENDFUNC matmul_q4_0_f32__avx512_4x6

        .section .rodata
        .p2align 6
.Lnibbles:
        .float  -8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7
