// SPDX-License-Identifier: MIT
// Scores of one token for attention_avx512_t1.h: 8 keys by 4 heads or by 1, and their softmax.
#pragma once
// clang-format off

// Partial sums of eight keys (quads 0 and 1) by four heads: S\head\quad. q8_0 sums a block of
// columns by itself, before its scales.
#if defined(KV_Q8_0)
#define S00 zmm24
#define S01 zmm25
#define S10 zmm26
#define S11 zmm27
#define S20 zmm28
#define S21 zmm29
#define S30 zmm30
#define S31 zmm31
#else
#define S00 zmm16
#define S01 zmm17
#define S10 zmm18
#define S11 zmm19
#define S20 zmm20
#define S21 zmm21
#define S30 zmm22
#define S31 zmm23
#endif

// Four columns (the \i-th four of the step) of both quads by the heads.
.macro dots4 i, p0, p1
        vbroadcastf32x4 zmm8, [rsi + \i * 64]
        vbroadcastf32x4 zmm9, [rsi + \i * 64 + 16]
        vfmadd231ps S00, zmm8, zmm\p0
        vfmadd231ps S01, zmm8, zmm\p1
        vbroadcastf32x4 zmm8, [rsi + \i * 64 + 32]
        vfmadd231ps S10, zmm9, zmm\p0
        vfmadd231ps S11, zmm9, zmm\p1
        vbroadcastf32x4 zmm9, [rsi + \i * 64 + 48]
        vfmadd231ps S20, zmm8, zmm\p0
        vfmadd231ps S21, zmm8, zmm\p1
        vfmadd231ps S30, zmm9, zmm\p0
        vfmadd231ps S31, zmm9, zmm\p1
.endm
.macro dots1 i, p0, p1
        vbroadcastf32x4 zmm8, [rsi + \i * 16]
        .if     \i % 2
        vfmadd231ps S10, zmm8, zmm\p0
        vfmadd231ps S11, zmm8, zmm\p1
        .else
        vfmadd231ps S00, zmm8, zmm\p0
        vfmadd231ps S01, zmm8, zmm\p1
        .endif
.endm
// 16 columns of eight keys in zmm0-7 by the heads; rsi q, moves on.
.macro dots heads
        .irp    i, 0, 1, 2, 3
        .if     \heads == 4
        .if     \i == 0
        dots4   0, 0, 4
        .elseif \i == 1
        dots4   1, 1, 5
        .elseif \i == 2
        dots4   2, 2, 6
        .else
        dots4   3, 3, 7
        .endif
        .else
        .if     \i == 0
        dots1   0, 0, 4
        .elseif \i == 1
        dots1   1, 1, 5
        .elseif \i == 2
        dots1   2, 2, 6
        .else
        dots1   3, 3, 7
        .endif
        .endif
        .endr
        add     rsi, \heads * 64
.endm

// zmm a = for each lane the sums of a, b, c, d in it. Clobbers zmm0-3.
.macro sums4 a, b, c, d
        vunpcklps zmm0, zmm\a, zmm\b
        vunpckhps zmm1, zmm\a, zmm\b
        vunpcklps zmm2, zmm\c, zmm\d
        vunpckhps zmm3, zmm\c, zmm\d
        vaddps  zmm0, zmm0, zmm1
        vaddps  zmm2, zmm2, zmm3
        vunpcklpd zmm1, zmm0, zmm2
        vunpckhpd zmm0, zmm0, zmm2
        vaddps  zmm\a, zmm0, zmm1
.endm

// SCORES[key][4 heads], or [key] of one head, for NOW keys from KEY_AT on (rounded up to 8: the
// last key again). Each step prefetches as many bytes of the block's values. r8-r15 keys, rbp keys left, rax
// byte of the row, rsi q, rdx scores, rbx prefetched. zmm15: KEY_ORDER, zmm14: SCALE_LANES.
.macro scores heads
#if !defined(KV_Q8_0)
        mov     rax, K_TAIL
        masks4  KV_TAIL_BITS
#endif
        mov     r8, KEY_AT
        mov     rbx, VALUE_AT
        mov     rdx, SCORES
        mov     rbp, NOW
.Lkeys\@:
        mov     rax, [rdi + ATTENTION_K_ROW_STRIDE]
        cmp     rbp, 8
        jl      .Lfew\@
        lea     r9, [r8 + rax]
        lea     r10, [r8 + rax * 2]
        lea     r11, [r9 + rax * 2]
        lea     r12, [r8 + rax * 4]
        lea     r13, [r9 + rax * 4]
        lea     r14, [r10 + rax * 4]
        lea     r15, [r11 + rax * 4]
.Lrows\@:
        mov     rcx, K_END
        mov     rsi, Q_AT
        .irp    n, 16, 17, 18, 19, 20, 21, 22, 23
        vpxord  xmm\n, xmm\n, xmm\n
        .endr
        xor     eax, eax
        test    rcx, rcx
        jz      .Lsteps_end\@
        .p2align 5
.Lsteps\@:
# LLVM-MCA-BEGIN scores@h\heads
        ahead   rbx, (KV_BYTES(KV_STEP)*8)
#if defined(KV_Q8_0)
        .irp    n, 24, 25, 26, 27, 28, 29, 30, 31
        vpxord  xmm\n, xmm\n, xmm\n
        .endr
        quad16  0, 1, 2, 3, r8, r9, r10, r11, 2
        quad16  4, 5, 6, 7, r12, r13, r14, r15, 2
        dots    \heads
        quad16  0, 1, 2, 3, r8, r9, r10, r11, 18
        quad16  4, 5, 6, 7, r12, r13, r14, r15, 18
        dots    \heads
        scales4 12, r8, r9, r10, r11
        scales4 13, r12, r13, r14, r15
        vfmadd231ps zmm16, zmm24, zmm12
        vfmadd231ps zmm17, zmm25, zmm13
        vfmadd231ps zmm18, zmm26, zmm12
        vfmadd231ps zmm19, zmm27, zmm13
        .if     \heads == 4
        vfmadd231ps zmm20, zmm28, zmm12
        vfmadd231ps zmm21, zmm29, zmm13
        vfmadd231ps zmm22, zmm30, zmm12
        vfmadd231ps zmm23, zmm31, zmm13
        .endif
#else
        quad16  0, 1, 2, 3, r8, r9, r10, r11
        quad16  4, 5, 6, 7, r12, r13, r14, r15
        dots    \heads
#endif
        add     rax, KV_BYTES(KV_STEP)
        cmp     rax, rcx
        jb      .Lsteps\@
# LLVM-MCA-END
.Lsteps_end\@:
#if !defined(KV_Q8_0)
        cmp     qword ptr K_TAIL, 0
        je      .Lwhole\@
        quad16_tail 0, 1, 2, 3, r8, r9, r10, r11
        quad16_tail 4, 5, 6, 7, r12, r13, r14, r15
        dots    \heads
.Lwhole\@:
#endif
        .if     \heads == 4
        sums4   16, 18, 20, 22
        sums4   17, 19, 21, 23
        vmovaps [rdx], zmm16
        vmovaps [rdx + 64], zmm17
        add     rdx, 128
        .else
        vaddps  zmm16, zmm16, zmm18
        vaddps  zmm17, zmm17, zmm19
        vunpcklps zmm0, zmm16, zmm17
        vunpckhps zmm1, zmm16, zmm17
        vaddps  zmm0, zmm0, zmm1
        vpermilpd zmm1, zmm0, 0x55
        vaddps  zmm0, zmm0, zmm1
        vpermps zmm0, zmm15, zmm0
        vmovaps [rdx], ymm0
        add     rdx, 32
        .endif
        mov     rax, [rdi + ATTENTION_K_ROW_STRIDE]
        lea     r8, [r8 + rax * 8]
        sub     rbp, 8
        jg      .Lkeys\@
        jmp     .Lscored\@
.Lfew\@:
        .irp    n, 9, 10, 11, 12, 13, 14, 15
        xor     ecx, ecx
        cmp     rbp, \n - 8
        cmovg   rcx, rax
        .if     \n == 9
        lea     r9, [r8 + rcx]
        .elseif \n == 10
        lea     r10, [r9 + rcx]
        .elseif \n == 11
        lea     r11, [r10 + rcx]
        .elseif \n == 12
        lea     r12, [r11 + rcx]
        .elseif \n == 13
        lea     r13, [r12 + rcx]
        .elseif \n == 14
        lea     r14, [r13 + rcx]
        .else
        lea     r15, [r14 + rcx]
        .endif
        .endr
        jmp     .Lrows\@
.Lscored\@:
.endm
