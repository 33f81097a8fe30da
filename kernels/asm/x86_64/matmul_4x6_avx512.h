// SPDX-License-Identifier: MIT
// matmul_4xn.h on 512 bits: zmm0-23 are sums (token t, row r: 4 t + r), zmm24-27 the rows, zmm28 x.
// A file defines
//   PIECES              1 or 2: pieces that a turn takes of each row
//   PIECE_COLS X_BYTES  columns of a piece, and their bytes in x
//   TAIL                1: the last columns may be no turn; 0: cols is a multiple of a turn's
//   macro constants     what stays in zmm31
//   macro start         once a turn, before its pieces
//   macro load_w piece  the piece of the rows at r8-r11: zmm24-27; zmm29-30 are scratch
//   macro load_x at     a piece of a token: zmm28
//   macro load_w_some, load_x_some at   the same of the columns that k1 has, where TAIL
//   macro dot sum, w    adds zmm w times zmm28 to zmm sum
#pragma once
// clang-format off
#define TOKENS 6
#define SCALE_BYTES 16
#define TURN_COLS PIECES * PIECE_COLS
#define TURN_X_BYTES PIECES * X_BYTES
#include "kernels/asm/x86_64/matmul_4xn.h"

.macro dots sum
        .irp    row, 0, 1, 2, 3
        .altmacro
        dot     %\sum + \row, %24 + \row
        .noaltmacro
        .endr
.endm

.macro token sum, x, piece
        load_x  \x+\piece*X_BYTES
        dots    \sum
.endm
.macro token_some sum, x, piece
        load_x_some \x
        dots    \sum
.endm

.macro clear_token sum, x, piece
        .irp    row, 0, 1, 2, 3
        .altmacro
        clear_one %\sum + \row
        .noaltmacro
        .endr
.endm
.macro clear_one sum
        vpxord  zmm\sum, zmm\sum, zmm\sum
.endm

.macro store_token sum, x, piece
        .irp    row, 0, 1, 2, 3
        .altmacro
        halve   %\row, %\sum + \row
        .noaltmacro
        .endr
        vhaddps ymm0, ymm0, ymm1
        vhaddps ymm2, ymm2, ymm3
        vhaddps ymm0, ymm0, ymm2
        vextractf128 xmm1, ymm0, 1
        vaddps  xmm0, xmm0, xmm1
        scatter
.endm
.macro halve to, sum
        vextractf64x4 ymm28, zmm\sum, 1
        vaddps  ymm\to, ymm28, ymm\sum
.endm

.macro clear tokens
        each_token clear_token, \tokens
.endm
.macro stores tokens
        each_token store_token, \tokens
.endm

.macro turn tokens
        start
        load_w  0
        each_token token, \tokens, 0
.if PIECES > 1
        load_w  1
        each_token token, \tokens, 1
.endif
.endm

.macro tail name, tokens
.if TAIL
\name\()_piece:
        mov     eax, PIECE_COLS
        cmp     ecx, eax
        cmovl   eax, ecx
        sub     ecx, eax
        mov     esi, -1
        bzhi    esi, esi, eax
        kmovd   k1, esi
        load_w_some
        each_token token_some, \tokens
.if PIECES > 1
        add     r8, LINE_BYTES / PIECES
        add     r9, LINE_BYTES / PIECES
        add     r10, LINE_BYTES / PIECES
        add     r11, LINE_BYTES / PIECES
        add     r12, X_BYTES
        add     r13, X_BYTES
        test    ecx, ecx
        jnz     \name\()_piece
.endif
.endif
.endm
