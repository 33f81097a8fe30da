// SPDX-License-Identifier: MIT
// The body of matmul_{f32, f16, bf16, q8_0, q4_0}_f32__avx512_4x6 and of
// matmul_bf16_bf16__avx512bf16_4x6: tiles of four rows by up to six tokens, lanes are columns. A
// file defines, then says FUNC NAME, matmul_4x6 NAME, ENDFUNC NAME:
//   PIECES LINE_BYTES   pieces that a turn takes of each row, and their bytes
//   PIECE_COLS X_BYTES  columns of a piece, and their bytes in x
//   TAIL                1: a last piece may have fewer columns; 0: cols is a multiple of a turn's
//   macro constants     what stays in zmm31, with eax as scratch
//   macro start         once a turn, before its pieces
//   macro load_w piece  the piece of the rows at r8-r11: zmm24-27; zmm29-30 are scratch
//   macro load_x at     a piece of a token: zmm28
//   macro load_w_some, load_x_some at   the same of the columns that k1 has
//   macro dot sum, w    adds zmm w times zmm28 to zmm sum
//
// The rows are cut into four parts, each read front to back. The tokens are parted evenly into
// groups of at most six; all groups multiply four rows before the next four, which are meanwhile
// asked from memory into the second-level cache, a share with each group (a prefetch never faults).
// Rows left of rows / 4 are one more pass, whose missing rows are the last one again: computed and
// stored twice. Live: rdi args, r8-r11 rows of w, rbp rbx r14 bytes to parts 1-3, r15 what is
// prefetched of part 0,
//       r12 r13 x of tokens 0 and 3 of the group, rdx x_stride, rcx columns left, rax scratch.
//       zmm0-23 sums (token t, row r: 4 t + r).
// Clobbers: rax rcx rdx rsi r8-r11 zmm0-31 k1. Stack: rbx rbp r12-r15, 120 bytes. Reads past the
//       end: none.
#pragma once
// clang-format off
#include "kernels/asm/asm.h"

#define SCALES rsp              // float[4], for formats that have them
#define ROW0 [rsp + 16]         // part 0's row of this pass
#define PASSES [rsp + 24]       // left
#define STEP [rsp + 32]         // bytes that are prefetched of a row in a turn
#define GROUPS [rsp + 40]       // of tokens
#define GROUPS_LEFT [rsp + 48]
#define TOKENS_LEFT [rsp + 56]
#define X [rsp + 64]            // of the group
#define Y [rsp + 72]            // of the group's token and row 0
#define Y_ROW [rsp + 80]        // of token 0 and row 0
#define Y1 [rsp + 88]           // bytes from the y of row 0 to those of rows 1-3
#define Y2 [rsp + 96]
#define Y3 [rsp + 104]

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

.macro each_token do, tokens, piece=0
        \do     0, r12, \piece
.if \tokens > 1
        \do     4, r12+rdx, \piece
.endif
.if \tokens > 2
        \do     8, r12+rdx*2, \piece
.endif
.if \tokens > 3
        \do     12, r13, \piece
.endif
.if \tokens > 4
        \do     16, r13+rdx, \piece
.endif
.if \tokens > 5
        \do     20, r13+rdx*2, \piece
.endif
.endm

.macro clear sum, x, piece
        .irp    row, 0, 1, 2, 3
        .altmacro
        clear_one %\sum + \row
        .noaltmacro
        .endr
.endm
.macro clear_one sum
        vpxord  zmm\sum, zmm\sum, zmm\sum
.endm

// The four sums of a token, each into the y of its row (rax: of row 0).
.macro store sum, x, piece
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
        mov     rsi, Y1
        vmovss  [rax], xmm0
        vextractps [rax + rsi], xmm0, 1
        mov     rsi, Y2
        vextractps [rax + rsi], xmm0, 2
        mov     rsi, Y3
        vextractps [rax + rsi], xmm0, 3
        add     rax, [rdi + MATMUL_Y_STRIDE]
.endm
.macro halve to, sum
        vextractf64x4 ymm28, zmm\sum, 1
        vaddps  ymm\to, ymm28, ymm\sum
.endm

.macro tile name, tokens
.Lt\tokens:
        each_token clear, \tokens
        sub     rcx, PIECES * PIECE_COLS
        jl      .Lt\tokens\()_some
        .p2align 6
.Lt\tokens\()_line:
.if \tokens == 6
# LLVM-MCA-BEGIN \name
.endif
        prefetcht2 [r15]
        prefetcht2 [r15 + rbp]
        prefetcht2 [r15 + rbx]
        prefetcht2 [r15 + r14]
        add     r15, STEP
        start
        load_w  0
        each_token token, \tokens, 0
.if PIECES > 1
        load_w  1
        each_token token, \tokens, 1
.endif
        add     r8, LINE_BYTES
        add     r9, LINE_BYTES
        add     r10, LINE_BYTES
        add     r11, LINE_BYTES
        add     r12, PIECES * X_BYTES
        add     r13, PIECES * X_BYTES
        sub     rcx, PIECES * PIECE_COLS
        jge     .Lt\tokens\()_line
.if \tokens == 6
# LLVM-MCA-END
.endif
.Lt\tokens\()_some:
.if TAIL
        add     ecx, PIECES * PIECE_COLS
        jz      .Lt\tokens\()_sums
.Lt\tokens\()_piece:
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
        jnz     .Lt\tokens\()_piece
.endif
.Lt\tokens\()_sums:
.endif
        mov     rax, Y
        each_token store, \tokens
        mov     Y, rax
        imul    rdx, rdx, \tokens
        add     X, rdx
        sub     qword ptr TOKENS_LEFT, \tokens
        jmp     .Lgroup_next
.endm

.macro matmul_4x6 name
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        sub     rsp, 120
        constants
        mov     rax, [rdi + MATMUL_TOKENS]
        add     rax, 5
        xor     edx, edx
        mov     ecx, 6
        div     rcx
        mov     GROUPS, rax
        mov     rcx, rax
        mov     eax, LINE_BYTES
        xor     edx, edx
        div     rcx
        mov     STEP, rax
        mov     rcx, [rdi + MATMUL_ROWS]
        mov     rdx, [rdi + MATMUL_W_STRIDE]
        mov     rax, [rdi + MATMUL_W]
        mov     ROW0, rax
        mov     rax, [rdi + MATMUL_Y]
        mov     Y_ROW, rax
        shr     rcx, 2
        mov     PASSES, rcx
        jz      .Lleft
        lea     rax, [rcx * 4]
        mov     Y1, rax
        lea     rsi, [rax * 2]
        mov     Y2, rsi
        add     rsi, rax
        mov     Y3, rsi
        mov     rbp, rdx
        imul    rbp, rcx
        lea     rbx, [rbp * 2]
        lea     r14, [rbx + rbp]
.Lpass:
        mov     rax, [rdi + MATMUL_X]
        mov     X, rax
        mov     rax, Y_ROW
        mov     Y, rax
        mov     rax, [rdi + MATMUL_TOKENS]
        mov     TOKENS_LEFT, rax
        mov     rcx, GROUPS
        mov     GROUPS_LEFT, rcx
        mov     r15, ROW0
        add     r15, [rdi + MATMUL_W_STRIDE]
.Lgroup:                                // rax tokens left, rcx groups left
        add     rax, rcx
        dec     rax
        xor     edx, edx
        div     rcx                     // this group's tokens
        mov     r8, ROW0
        lea     r9, [r8 + rbp]
        lea     r10, [r8 + rbx]
        lea     r11, [r8 + r14]
        mov     r12, X
        mov     rdx, [rdi + MATMUL_X_STRIDE]
        lea     r13, [rdx + rdx * 2]
        add     r13, r12
        mov     rcx, [rdi + MATMUL_COLS]
        cmp     eax, 2
        jl      .Lt1
        je      .Lt2
        cmp     eax, 4
        jl      .Lt3
        je      .Lt4
        cmp     eax, 5
        je      .Lt5
        tile    \name, 6
        tile    \name, 5
        tile    \name, 4
        tile    \name, 3
        tile    \name, 2
        tile    \name, 1
.Lgroup_next:
        mov     rax, TOKENS_LEFT
        mov     rcx, GROUPS_LEFT
        dec     rcx
        mov     GROUPS_LEFT, rcx
        jnz     .Lgroup
        add     qword ptr Y_ROW, 4
        mov     rax, [rdi + MATMUL_W_STRIDE]
        add     ROW0, rax
        dec     qword ptr PASSES
        jg      .Lpass
        jl      .Ldone
.Lleft:                                 // behind the last part; PASSES is 0 and -1 afterwards
        mov     rcx, [rdi + MATMUL_ROWS]
        mov     rdx, rcx
        and     ecx, 3
        jz      .Ldone
        sub     rdx, rcx
        mov     rsi, [rdi + MATMUL_W_STRIDE]
        mov     rax, [rdi + MATMUL_Y]
        lea     rax, [rax + rdx * 4]
        mov     Y_ROW, rax
        imul    rdx, rsi
        add     rdx, [rdi + MATMUL_W]
        mov     ROW0, rdx
        xor     ebp, ebp
        xor     eax, eax
        mov     edx, 4
        cmp     ecx, 2
        cmovge  rbp, rsi
        cmovge  rax, rdx
        mov     Y1, rax
        mov     rbx, rbp
        add     rsi, rbp
        add     rdx, rax
        cmp     ecx, 3
        cmovge  rbx, rsi
        cmovge  rax, rdx
        mov     Y2, rax
        mov     Y3, rax
        mov     r14, rbx
        jmp     .Lpass
.Ldone:
        add     rsp, 120
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     rbp
        pop     rbx
        vzeroupper
        ret
.endm
