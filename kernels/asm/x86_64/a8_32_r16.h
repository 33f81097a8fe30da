// SPDX-License-Identifier: MIT
// clang-format off
// 16 rows at once by 1 to 32 tokens, at most 16 at a time: what matmul_{q8_0,q4_0}[x16]_a8_32__
// avx512vnni_r16 share. A file (or a8_32_r16_rows.h for it) defines, then says FUNC NAME,
// matmul_r16 NAME, ENDFUNC NAME:
//   SUM_SHIFT      the dot takes weights plus 2^n as its unsigned operand: it starts at -2^n * sum(x)
//   LOCALS         bytes of the file's own locals, at the bottom of the frame
//   macro group    pointers of the next 16 rows, k1 = those that are there; ZF when there is none
//                  (rows left are r11). Called, so that locals lie at rsp + 8.
//   macro unpack   zmm0-7 = dword c of the 16 rows' 32 columns, zmm8 their scales; pointers go on;
//                  scratch zmm9-15, rax
//   macro go_on    to the rows behind these 16, of rows left r11
// scratch  of a chunk: [cols/32] { int8 q[tokens][32]; float d[tokens]; int32 start[tokens] }: x as it is read
// Live: rbx blocks left, rdi x, r11 rows left, r12 blocks a row; r14 w, r15 w_stride; rsi rdx rcx
//       r8-r10 r13 rbp are unpack's. zmm9-15 scratch, zmm16-31 sums of the tokens, k1 rows.
// Clobbers: rax rcx rdx rsi rdi r8-r11 zmm0-31 k1. Stack: rbx rbp r12-r15, LOCALS + 56.
#pragma once
#include "kernels/asm/asm.h"

#define ARGS LOCALS
#define Y LOCALS + 8
#define CHUNK_Y LOCALS + 16       // y, x and tokens left of this chunk of 16 tokens
#define CHUNK_X LOCALS + 24
#define LEFT LOCALS + 32
#define CHUNK LOCALS + 40
#define FRAME LOCALS + 56

// One token: start, 8 dots, the product of scales, the sum
.macro token tokens, t, sum
.if \t < \tokens
        vpbroadcastd zmm9, [rdi + \tokens * 36 + 4 * \t]
.irp c, 0, 1, 2, 3, 4, 5, 6, 7
        vpdpbusd zmm9, zmm\c, [rdi + 32 * \t + 4 * \c]{1to16}
.endr
        vmulps  zmm10, zmm8, [rdi + \tokens * 32 + 4 * \t]{1to16}
        vcvtdq2ps zmm9, zmm9
        vfmadd231ps \sum, zmm9, zmm10
.endif
.endm
.macro clear tokens, t, sum
.if \t < \tokens
        vpxord  \sum, \sum, \sum
.endif
.endm
.macro store tokens, t, sum
.if \t < \tokens
        vmovups [rax]{k1}, \sum
        add     rax, rcx
.endif
.endm
.macro each_token do, tokens
        \do     \tokens, 0, zmm16
        \do     \tokens, 1, zmm17
        \do     \tokens, 2, zmm18
        \do     \tokens, 3, zmm19
        \do     \tokens, 4, zmm20
        \do     \tokens, 5, zmm21
        \do     \tokens, 6, zmm22
        \do     \tokens, 7, zmm23
        \do     \tokens, 8, zmm24
        \do     \tokens, 9, zmm25
        \do     \tokens, 10, zmm26
        \do     \tokens, 11, zmm27
        \do     \tokens, 12, zmm28
        \do     \tokens, 13, zmm29
        \do     \tokens, 14, zmm30
        \do     \tokens, 15, zmm31
.endm

.macro body name, tokens
.Lt\tokens:
        call    .Lgroup
        jz      .Ldone
        each_token clear, \tokens
        .p2align 5
.Lt\tokens\()_block:
# LLVM-MCA-BEGIN \name\()@t\tokens
        unpack  \tokens
        each_token token, \tokens
        add     rdi, \tokens * 40
        dec     rbx
        jnz     .Lt\tokens\()_block
# LLVM-MCA-END
        mov     rdi, [rsp + ARGS]
        mov     rax, [rsp + Y]
        mov     rcx, [rdi + MATMUL_Y_STRIDE]
        add     qword ptr [rsp + Y], 64
        each_token store, \tokens
        go_on
        sub     r11, 16
        jmp     .Lt\tokens
.endm

.macro matmul_r16 name
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        sub     rsp, FRAME
        mov     [rsp + ARGS], rdi
        mov     rax, [rdi + MATMUL_Y]
        mov     [rsp + CHUNK_Y], rax
        mov     rax, [rdi + MATMUL_X]
        mov     [rsp + CHUNK_X], rax
        mov     rax, [rdi + MATMUL_TOKENS]
        mov     [rsp + LEFT], rax
.Lchunk:
        mov     rdi, [rsp + ARGS]
        mov     rax, [rsp + CHUNK_Y]
        mov     [rsp + Y], rax
        mov     r12, [rdi + MATMUL_COLS]

// x into scratch: rsi token, rax and rbp offset and bytes of its d plane, r15 tokens left, r14 bytes
// of a block; r8 q, r9 d, r10 sum, rbx block; rdx and rcx q and d in scratch
        mov     rsi, [rsp + CHUNK_X]
        mov     r13, [rsp + LEFT]
        cmp     r13, 16
        jle     .Lwhole_chunk
        inc     r13                     // two chunks of about the same size
        shr     r13
.Lwhole_chunk:
        mov     [rsp + CHUNK], r13
        lea     rax, [r12 + 63]
        and     rax, -64
        shr     r12, 5
        lea     rbp, [r12 * 4 + 63]
        and     rbp, -64
        imul    r14, r13, 40
        mov     r15, r13
.Lx_token:
        mov     rcx, r13
        sub     rcx, r15                // this token
        mov     r8, rcx
        shl     r8, 5
        mov     rdx, [rdi + MATMUL_SCRATCH]
        lea     rcx, [rdx + rcx * 4]
        add     rdx, r8
        mov     r8, r13
        shl     r8, 5
        add     rcx, r8
        mov     r8, rsi
        lea     r9, [rsi + rax]
        lea     r10, [r9 + rbp]
        xor     ebx, ebx
.Lx_block:
        vmovdqu ymm0, [r8]
        vmovdqu [rdx], ymm0
        mov     r11d, [r9 + rbx * 4]
        mov     [rcx], r11d
        mov     r11d, [r10 + rbx * 4]
        shl     r11d, SUM_SHIFT
        neg     r11d
        mov     [rcx + r13 * 4], r11d
        add     r8, 32
        add     rdx, r14
        add     rcx, r14
        inc     rbx
        cmp     rbx, r12
        jb      .Lx_block
        add     rsi, [rdi + MATMUL_X_STRIDE]
        dec     r15
        jnz     .Lx_token

        mov     r14, [rdi + MATMUL_W]
        mov     r15, [rdi + MATMUL_W_STRIDE]
        mov     r11, [rdi + MATMUL_ROWS]
.irp tokens, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        cmp     r13d, \tokens
        je      .Lt\tokens
.endr
.irp tokens, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1
        body    \name, \tokens
.endr

.Ldone:
        mov     rdi, [rsp + ARGS]
        mov     rcx, [rsp + CHUNK]
        mov     rax, [rdi + MATMUL_Y_STRIDE]
        imul    rax, rcx
        add     [rsp + CHUNK_Y], rax
        mov     rax, [rdi + MATMUL_X_STRIDE]
        imul    rax, rcx
        add     [rsp + CHUNK_X], rax
        sub     [rsp + LEFT], rcx
        jg      .Lchunk
        add     rsp, FRAME
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     rbp
        pop     rbx
        vzeroupper
        ret
.Lgroup:
        group
        ret
.endm
