// SPDX-License-Identifier: MIT
// What the row-wise kernels of AVX-512 share: the tail's mask, sums and maxima over a vector, the
// loop of ops that go through x, b and y once.
#pragma once
// clang-format off

// k1 = the last (cols mod 16) lanes that a row has left; eax and r9d are scratch.
.macro TAIL_MASK
        mov     eax, [rdi + ROW_COLS]
        and     eax, 15
        mov     r9d, -1
        bzhi    eax, r9d, eax
        kmovw   k1, eax
.endm

// xmm0 = the vaddps or vmaxps of all lanes of zmm0; zmm1 is scratch.
.macro ACROSS op
        vextractf64x4 ymm1, zmm0, 1
        \op     ymm0, ymm0, ymm1
        vextractf128 xmm1, ymm0, 1
        \op     xmm0, xmm0, xmm1
        vmovhlps xmm1, xmm0, xmm0
        \op     xmm0, xmm0, xmm1
        vmovshdup xmm1, xmm0
        \op     xmm0, xmm0, xmm1
.endm

// Folds a row: `body acc, at, k` for zmm0-3 in turn, 64 columns at a time, then the rest; at = bytes from
// rsi + r8, k = nothing or {k1} for the last columns, of which lanes without the mask must stay as they are.
// rsi x; r8 column bytes, r9 columns left.
.macro FOLD name, body
        xor     r8d, r8d
        mov     r9, [rdi + ROW_COLS]
        sub     r9, 64
        jl      .Lrest\@
        .p2align 5
.Lcolumns\@:
# LLVM-MCA-BEGIN \name
        \body   zmm0, 0
        \body   zmm1, 64
        \body   zmm2, 128
        \body   zmm3, 192
        add     r8, 256
        sub     r9, 64
        jge     .Lcolumns\@
# LLVM-MCA-END
.Lrest\@:
        add     r9, 48
        jl      .Ltail\@
.Lcolumns16\@:
        \body   zmm0, 0
        add     r8, 64
        sub     r9, 16
        jge     .Lcolumns16\@
.Ltail\@:
        cmp     r9, -16
        je      .Lend\@
        \body   zmm1, 0, {k1}
.Lend\@:
.endm

// xmm0 = the vaddps or vmaxps of zmm0-3.
.macro FOLDED op
        \op     zmm0, zmm0, zmm1
        \op     zmm2, zmm2, zmm3
        \op     zmm0, zmm0, zmm2
        ACROSS  \op
.endm

// `body k, kz` for every 16 columns of a row, at r8 bytes: k and kz are nothing, or {k1} and {k1}{z}.
.macro EACH16 body
        xor     r8d, r8d
        mov     r9, [rdi + ROW_COLS]
        sub     r9, 16
        jl      .Ltail\@
        .p2align 5
.Lcolumns\@:
        \body
        add     r8, 64
        sub     r9, 16
        jge     .Lcolumns\@
.Ltail\@:
        cmp     r9, -16
        je      .Lend\@
        \body   {k1}, {k1}{z}
.Lend\@:
.endm

// zmm5 = 1 / sqrt(xmm0 / cols + eps) in all lanes; rax and zmm0-2 are scratch.
.macro RECIPROCAL_ROOT
        vpxor   xmm2, xmm2, xmm2
        vcvtsi2ss xmm1, xmm2, qword ptr [rdi + ROW_COLS]
        vdivss  xmm0, xmm0, xmm1
        vcvtsd2ss xmm1, xmm2, [rdi + ROW_EPS]
        vaddss  xmm0, xmm0, xmm1
        vsqrtss xmm0, xmm0, xmm0
        mov     eax, 0x3f800000                 // 1.0
        vmovd   xmm1, eax
        vdivss  xmm0, xmm1, xmm0
        vbroadcastss zmm5, xmm0
.endm
// For FOLD: a sum of squares.
.macro square16 acc, at, k
.ifb \k
        vmovups zmm4, [rsi + r8 + \at]
.else
        vmovups zmm4\k{z}, [rsi + r8 + \at]
.endif
        vfmadd231ps \acc, zmm4, zmm4
.endm

// For each token and 16 columns: zmm0 = x, zmm5 = b where with_b is 1, `body`, y = zmm0. The last columns
// come with zeros behind them.
// rsi x, rdx b, rcx y of the token, r8 column bytes, r9 columns left, r10 tokens left, k1 the tail's mask.
.macro ELEMENTWISE name, with_b, body
        mov     rsi, [rdi + ROW_X]
        mov     rdx, [rdi + ROW_B]
        mov     rcx, [rdi + ROW_Y]
        mov     r10, [rdi + ROW_TOKENS]
        TAIL_MASK
        test    r10, r10
        jle     .Ldone\@
.Ltoken\@:
        xor     r8d, r8d
        mov     r9, [rdi + ROW_COLS]
        sub     r9, 16
        jl      .Ltail\@
        .p2align 5
.Lcolumns\@:
# LLVM-MCA-BEGIN \name
        vmovups zmm0, [rsi + r8]
.if \with_b
        vmovups zmm5, [rdx + r8]
.endif
        \body
        vmovups [rcx + r8], zmm0
        add     r8, 64
        sub     r9, 16
        jge     .Lcolumns\@
# LLVM-MCA-END
.Ltail\@:
        add     r9, 16
        jz      .Lnext\@
        vmovups zmm0{k1}{z}, [rsi + r8]
.if \with_b
        vmovups zmm5{k1}{z}, [rdx + r8]
.endif
        \body
        vmovups [rcx + r8]{k1}, zmm0
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
