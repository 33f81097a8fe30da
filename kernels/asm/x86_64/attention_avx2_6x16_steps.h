// SPDX-License-Identifier: MIT
// The steps of the AVX2 kernels for many tokens. rdi args, rbx exp's constants, rsp frame.
#pragma once
// clang-format off

#include "kernels/asm/x86_64/attention_tile.h"

// Six rows of 16 columns: ymm0-11 += row (six broadcasts) * ymm12, ymm13.
.macro rows6 a, b, c, d, e, f
        vbroadcastss ymm14, [\a]
        vbroadcastss ymm15, [\b]
        vfmadd231ps ymm0, ymm14, ymm12
        vfmadd231ps ymm1, ymm14, ymm13
        vfmadd231ps ymm2, ymm15, ymm12
        vfmadd231ps ymm3, ymm15, ymm13
        vbroadcastss ymm14, [\c]
        vbroadcastss ymm15, [\d]
        vfmadd231ps ymm4, ymm14, ymm12
        vfmadd231ps ymm5, ymm14, ymm13
        vfmadd231ps ymm6, ymm15, ymm12
        vfmadd231ps ymm7, ymm15, ymm13
        vbroadcastss ymm14, [\e]
        vbroadcastss ymm15, [\f]
        vfmadd231ps ymm8, ymm14, ymm12
        vfmadd231ps ymm9, ymm14, ymm13
        vfmadd231ps ymm10, ymm15, ymm12
        vfmadd231ps ymm11, ymm15, ymm13
.endm
.macro clear12
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
        vxorps  xmm\n, xmm\n, xmm\n
        .endr
.endm

// sums[r] = sum over keys of score[r] * value, 16 columns at a time, for as many keys as the last
// row sees. r15 rows; r8 values of the strip, r9 bytes of a row, r10 sums, r11 end of the strips,
// r12 scores, rdx their end, rsi rax value and score of a key. Clobbers rax rcx rdx rsi r8-r12
// ymm0-15.
.macro weighted_sums
        mov     r9, V_ROW
        mov     r12, SCORES
        mov     rdx, [rsp + HI + r15 * 8 - 8]
        lea     rdx, [r12 + rdx * 4]
        mov     r10, SUMS
        mov     r8, VALUES
        lea     r11, [r8 + r9]
        lea     rcx, [r9 + r9 * 2]
.Lcolumns16\@:
        clear12
        mov     rsi, r8
        mov     rax, r12
        .p2align 5
.Lvalue\@:
# LLVM-MCA-BEGIN weigh@\@
        vmovaps ymm12, [rsi]
        vmovaps ymm13, [rsi + 32]
        rows6   rax, rax+4*KEYS, rax+8*KEYS, rax+12*KEYS, rax+16*KEYS, rax+20*KEYS
        add     rsi, r9
        add     rax, 4
        cmp     rax, rdx
        jb      .Lvalue\@
# LLVM-MCA-END
        lea     rax, [r10 + rcx]
        vmovaps [r10], ymm0
        vmovaps [r10 + 32], ymm1
        vmovaps [r10 + r9], ymm2
        vmovaps [r10 + r9 + 32], ymm3
        vmovaps [r10 + r9 * 2], ymm4
        vmovaps [r10 + r9 * 2 + 32], ymm5
        vmovaps [rax], ymm6
        vmovaps [rax + 32], ymm7
        vmovaps [rax + r9], ymm8
        vmovaps [rax + r9 + 32], ymm9
        vmovaps [rax + r9 * 2], ymm10
        vmovaps [rax + r9 * 2 + 32], ymm11
        add     r10, 64
        add     r8, 64
        cmp     r8, r11
        jb      .Lcolumns16\@
.endm
