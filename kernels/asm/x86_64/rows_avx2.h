// SPDX-License-Identifier: MIT
// What the row-wise kernels of AVX2 share: the tail's mask, sums and maxima over a vector, the loop
// of ops that go through x, b and y once.
#pragma once
// clang-format off

.macro ROWS_CONSTANTS
        .section .rodata
        .p2align 5
        // From 32 - 4 n bytes on: a mask of the first n lanes.
.Lmask: .long   -1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0
        .text
.endm

// mask = the last (cols mod 8) lanes that a row has left; rax and r9 are scratch.
.macro TAIL_MASK mask
        mov     eax, [rdi + ROW_COLS]
        and     eax, 7
        neg     rax
        lea     r9, [rip + .Lmask]
        vmovups \mask, [r9 + rax * 4 + 32]
.endm

// xmm0 = the vaddps or vmaxps of all lanes of ymm0; ymm1 is scratch.
.macro ACROSS op
        vextractf128 xmm1, ymm0, 1
        \op     xmm0, xmm0, xmm1
        vmovhlps xmm1, xmm0, xmm0
        \op     xmm0, xmm0, xmm1
        vmovshdup xmm1, xmm0
        \op     xmm0, xmm0, xmm1
.endm

// Folds a row: `body acc, at` for ymm0-3 in turn, 32 columns at a time, then the rest; at = bytes from
// rsi + r8. The last columns: `body acc, at, tail`, where what lies behind them must count for nothing.
// rsi x; r8 column bytes, r9 columns left.
.macro FOLD name, body
        xor     r8d, r8d
        mov     r9, [rdi + ROW_COLS]
        sub     r9, 32
        jl      .Lrest\@
        .p2align 5
.Lcolumns\@:
# LLVM-MCA-BEGIN \name
        \body   ymm0, 0
        \body   ymm1, 32
        \body   ymm2, 64
        \body   ymm3, 96
        add     r8, 128
        sub     r9, 32
        jge     .Lcolumns\@
# LLVM-MCA-END
.Lrest\@:
        add     r9, 24
        jl      .Ltail\@
.Lcolumns8\@:
        \body   ymm0, 0
        add     r8, 32
        sub     r9, 8
        jge     .Lcolumns8\@
.Ltail\@:
        cmp     r9, -8
        je      .Lend\@
        \body   ymm1, 0, tail
.Lend\@:
.endm

// xmm0 = the vaddps or vmaxps of ymm0-3.
.macro FOLDED op
        \op     ymm0, ymm0, ymm1
        \op     ymm2, ymm2, ymm3
        \op     ymm0, ymm0, ymm2
        ACROSS  \op
.endm

// For every 8 columns of a row, at r8 bytes: `body` with ymm0 = x, y = ymm0. Its argument is `tail` for the
// last columns: they come with zeros behind them. rsi x, rdx y, ymm12 the tail's mask.
.macro EACH8 from, body
        xor     r8d, r8d
        mov     r9, [rdi + ROW_COLS]
        sub     r9, 8
        jl      .Ltail\@
        .p2align 5
.Lcolumns\@:
        vmovups ymm0, [\from + r8]
        \body
        vmovups [rdx + r8], ymm0
        add     r8, 32
        sub     r9, 8
        jge     .Lcolumns\@
.Ltail\@:
        cmp     r9, -8
        je      .Lend\@
        vmaskmovps ymm0, ymm12, [\from + r8]
        \body   tail
        vmaskmovps [rdx + r8], ymm12, ymm0
.Lend\@:
.endm

// ymm5 = 1 / sqrt(xmm0 / cols + eps) in all lanes; rax and ymm0-2 are scratch.
.macro RECIPROCAL_ROOT
        vxorps  xmm2, xmm2, xmm2
        vcvtsi2ss xmm1, xmm2, qword ptr [rdi + ROW_COLS]
        vdivss  xmm0, xmm0, xmm1
        vcvtsd2ss xmm1, xmm2, [rdi + ROW_EPS]
        vaddss  xmm0, xmm0, xmm1
        vsqrtss xmm0, xmm0, xmm0
        mov     eax, 0x3f800000                 // 1.0
        vmovd   xmm1, eax
        vdivss  xmm0, xmm1, xmm0
        vbroadcastss ymm5, xmm0
.endm

// For each token and 8 columns: ymm0 = x, ymm5 = b where with_b is 1, `body`, y = ymm0. The last columns
// come with zeros behind them.
// rsi x, rdx b, rcx y of the token, r8 column bytes, r9 columns left, r10 tokens left, ymm12 the tail's mask.
.macro ELEMENTWISE name, with_b, body
        mov     rsi, [rdi + ROW_X]
        mov     rdx, [rdi + ROW_B]
        mov     rcx, [rdi + ROW_Y]
        mov     r10, [rdi + ROW_TOKENS]
        TAIL_MASK ymm12
        test    r10, r10
        jle     .Ldone\@
.Ltoken\@:
        xor     r8d, r8d
        mov     r9, [rdi + ROW_COLS]
        sub     r9, 8
        jl      .Ltail\@
        .p2align 5
.Lcolumns\@:
# LLVM-MCA-BEGIN \name
        vmovups ymm0, [rsi + r8]
.if \with_b
        vmovups ymm5, [rdx + r8]
.endif
        \body
        vmovups [rcx + r8], ymm0
        add     r8, 32
        sub     r9, 8
        jge     .Lcolumns\@
# LLVM-MCA-END
.Ltail\@:
        add     r9, 8
        jz      .Lnext\@
        vmaskmovps ymm0, ymm12, [rsi + r8]
.if \with_b
        vmaskmovps ymm5, ymm12, [rdx + r8]
.endif
        \body
        vmaskmovps [rcx + r8], ymm12, ymm0
.Lnext\@:
        add     rsi, [rdi + ROW_X_STRIDE]
        add     rdx, [rdi + ROW_B_STRIDE]
        add     rcx, [rdi + ROW_Y_STRIDE]
        dec     r10
        jnz     .Ltoken\@
.Ldone\@:
        vzeroupper
        ret
.endm
