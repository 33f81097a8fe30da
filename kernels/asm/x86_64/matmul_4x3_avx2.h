// SPDX-License-Identifier: MIT
// matmul_4xn.h on 256 bits: ymm0-11 are sums (token t, row r: 4 t + r), ymm12-14 x of three tokens,
// ymm15 a row. A file defines
//   PIECES                pieces of 8 columns that a turn takes of each row
//   TAIL                  1: the last columns may be no turn; 0: cols is a multiple of a turn's
//   WEIGHT_BYTES          bytes of an element, where TAIL
//   macro start           once a turn, before its pieces
//   macro load_w row, w, piece   8 columns of the row at w: ymm15
//   X_BF16                where x is bf16
//   macro one w           an element as a float to xmm15, zeroes above, where TAIL; esi is scratch
#pragma once
// clang-format off
#define TOKENS 3
#define SCALE_BYTES 128
#define TURN_COLS PIECES * 8
#ifdef X_BF16
#define X_BYTES 2
#else
#define X_BYTES 4
#endif
#define TURN_X_BYTES PIECES * 8 * X_BYTES
#include "kernels/asm/x86_64/matmul_4xn.h"

.macro constants
.endm

.macro clear tokens
        .irp    sum, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
        vxorps  xmm\sum, xmm\sum, xmm\sum
        .endr
.endm

.macro dots sum, second, third, tokens
        vfmadd231ps ymm\sum, ymm15, ymm12
.if \tokens > 1
        vfmadd231ps ymm\second, ymm15, ymm13
.endif
.if \tokens > 2
        vfmadd231ps ymm\third, ymm15, ymm14
.endif
.endm

// 8 columns of a token, and one column with zeroes above.
#ifdef X_BF16
.macro load_x to, at
        vpmovzxwd ymm\to, [\at]
        vpslld  ymm\to, ymm\to, 16
.endm
.macro one_x to, at
        movzx   esi, word ptr [\at]
        shl     esi, 16
        vmovd   xmm\to, esi
.endm
#else
.macro load_x to, at
        vmovups ymm\to, [\at]
.endm
.macro one_x to, at
        vmovss  xmm\to, [\at]
.endm
#endif

.macro turn tokens
        start
        .irp    piece, 0, 1, 2, 3
.if \piece < PIECES
        load_x  12, r12+8*X_BYTES*\piece
.if \tokens > 1
        load_x  13, r12+rdx+8*X_BYTES*\piece
.endif
.if \tokens > 2
        load_x  14, r12+rdx*2+8*X_BYTES*\piece
.endif
        load_w  0, r8, \piece
        dots    0, 4, 8, \tokens
        load_w  1, r9, \piece
        dots    1, 5, 9, \tokens
        load_w  2, r10, \piece
        dots    2, 6, 10, \tokens
        load_w  3, r11, \piece
        dots    3, 7, 11, \tokens
.endif
        .endr
.endm

.macro tail name, tokens
.if TAIL
\name\()_one:
        one_x   12, r12
.if \tokens > 1
        one_x   13, r12+rdx
.endif
.if \tokens > 2
        one_x   14, r12+rdx*2
.endif
        one     r8
        dots    0, 4, 8, \tokens
        one     r9
        dots    1, 5, 9, \tokens
        one     r10
        dots    2, 6, 10, \tokens
        one     r11
        dots    3, 7, 11, \tokens
        add     r8, WEIGHT_BYTES
        add     r9, WEIGHT_BYTES
        add     r10, WEIGHT_BYTES
        add     r11, WEIGHT_BYTES
        add     r12, X_BYTES
        dec     ecx
        jnz     \name\()_one
.endif
.endm

.macro store_token a, b, c, d
        vhaddps ymm0, ymm\a, ymm\b
        vhaddps ymm2, ymm\c, ymm\d
        vhaddps ymm0, ymm0, ymm2
        vextractf128 xmm1, ymm0, 1
        vaddps  xmm0, xmm0, xmm1
        scatter
.endm
.macro stores tokens
        store_token 0, 1, 2, 3
.if \tokens > 1
        store_token 4, 5, 6, 7
.endif
.if \tokens > 2
        store_token 8, 9, 10, 11
.endif
.endm
