// SPDX-License-Identifier: MIT
// The body of matmul_{f32, f16, bf16, q8_0, q4_0}_f32__avx512_4x6, matmul_{bf16, q8_0, q4_0}_f32
// __avx2_4x3 and matmul_bf16_bf16__avx512bf16_4x6: tiles of four rows by up to TOKENS tokens, lanes
// are columns. matmul_4x6_avx512.h and matmul_4x3_avx2.h define TOKENS, SCALE_BYTES (of the stack,
// for a format's scales, at SCALES) and
//   macro clear tokens         all sums
//   macro turn tokens          a turn's columns of all rows and tokens: pointers stay
//   macro tail name, tokens    the ecx columns left, fewer than a turn's
//   macro stores tokens        every sum into y (rax: of the first token and row 0)
// A file includes one of them and defines what they ask for and
//   LINE_BYTES TURN_COLS TURN_X_BYTES   bytes of a turn in a row, its columns, their bytes in x
//   macro constants            what stays in vectors, with eax as scratch
// then says FUNC NAME, matmul_4xn NAME, ENDFUNC NAME.
//
// The rows are cut into four parts, each read front to back. The tokens are parted evenly into
// groups of at most TOKENS; all groups multiply four rows before the next four, which are meanwhile
// asked from memory into the second-level cache, a share with each group (a prefetch never faults).
// Rows left of rows / 4 are one more pass, whose missing rows are the last one again: computed and
// stored twice.
//
// Live: rdi args, r8-r11 rows of w, rbp rbx r14 bytes to parts 1-3, r15 what is prefetched of part
// 0,
//       r12 r13 x of tokens 0 and 3 of the group, rdx x_stride, rcx columns left, rax rsi scratch.
// Clobbers: rax rcx rdx rsi r8-r11, all vectors, k1. Stack: rbx rbp r12-r15, SCALE_BYTES + 104
//       bytes. Reads past the end: none.
#pragma once
// clang-format off
#include "kernels/asm/asm.h"

#define SCALES rsp
#define ROW0 [rsp + SCALE_BYTES]                // part 0's row of this pass
#define PASSES [rsp + SCALE_BYTES + 8]          // left
#define STEP [rsp + SCALE_BYTES + 16]           // bytes that are prefetched of a row in a turn
#define GROUPS [rsp + SCALE_BYTES + 24]         // of tokens
#define GROUPS_LEFT [rsp + SCALE_BYTES + 32]
#define TOKENS_LEFT [rsp + SCALE_BYTES + 40]
#define X [rsp + SCALE_BYTES + 48]              // of the group
#define Y [rsp + SCALE_BYTES + 56]              // of the group's token and row 0
#define Y_ROW [rsp + SCALE_BYTES + 64]          // of token 0 and row 0
#define Y1 [rsp + SCALE_BYTES + 72]             // bytes from the y of row 0 to those of rows 1-3
#define Y2 [rsp + SCALE_BYTES + 80]
#define Y3 [rsp + SCALE_BYTES + 88]

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

// The sums of a token's four rows (xmm0), each into the y of its row (rax: of row 0).
.macro scatter
        mov     rsi, Y1
        vmovss  [rax], xmm0
        vextractps [rax + rsi], xmm0, 1
        mov     rsi, Y2
        vextractps [rax + rsi], xmm0, 2
        mov     rsi, Y3
        vextractps [rax + rsi], xmm0, 3
        add     rax, [rdi + MATMUL_Y_STRIDE]
.endm

.macro tile name, tokens
.Lt\tokens:
        clear   \tokens
        sub     rcx, TURN_COLS
        jl      .Lt\tokens\()_some
        .p2align 6
.Lt\tokens\()_turn:
.if \tokens == TOKENS
# LLVM-MCA-BEGIN \name
.endif
        prefetcht2 [r15]
        prefetcht2 [r15 + rbp]
        prefetcht2 [r15 + rbx]
        prefetcht2 [r15 + r14]
        add     r15, STEP
        turn    \tokens
        add     r8, LINE_BYTES
        add     r9, LINE_BYTES
        add     r10, LINE_BYTES
        add     r11, LINE_BYTES
        add     r12, TURN_X_BYTES
        add     r13, TURN_X_BYTES
        sub     rcx, TURN_COLS
        jge     .Lt\tokens\()_turn
.if \tokens == TOKENS
# LLVM-MCA-END
.endif
.Lt\tokens\()_some:
        add     ecx, TURN_COLS
        jz      .Lt\tokens\()_sums
        tail    .Lt\tokens, \tokens
.Lt\tokens\()_sums:
        mov     rax, Y
        stores  \tokens
        mov     Y, rax
        imul    rdx, rdx, \tokens
        add     X, rdx
        sub     qword ptr TOKENS_LEFT, \tokens
        jmp     .Lgroup_next
.endm

.macro matmul_4xn name
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        sub     rsp, SCALE_BYTES + 104
        constants
        mov     rax, [rdi + MATMUL_TOKENS]
        add     rax, TOKENS - 1
        xor     edx, edx
        mov     ecx, TOKENS
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
.if TOKENS > 3
        cmp     eax, 4
        jl      .Lt3
        je      .Lt4
        cmp     eax, 5
        je      .Lt5
        tile    \name, 6
        tile    \name, 5
        tile    \name, 4
.endif
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
        add     rsp, SCALE_BYTES + 104
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     rbp
        pop     rbx
        vzeroupper
        ret
.endm
