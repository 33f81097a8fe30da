// SPDX-License-Identifier: MIT
// Scores of one token for attention_avx512_t1.h: 4 keys by 4 heads, or 8 keys by one. Eight columns
// at a time: f16 widened from memory to 256 bits costs Zen 4 a quarter of what 512 bits do.
#pragma once
// clang-format off

// ymm\y = eight columns from \row + rax + \at on; \k as in load16. q8_0: \at names a quarter of a block,
// and quants are not yet times d.
.macro load8 y, row, at, k
#if defined(KV_F16)
        vcvtph2ps ymm\y\k, [\row + rax]
#elif defined(KV_F32)
        vmovups ymm\y\k, [\row + rax]
#else
        vpmovsxbd ymm\y, [\row + rax + 2 + \at * 8]
        vcvtdq2ps ymm\y, ymm\y
#endif
.endm

// Head \h of the pass: sums of keys 0 to 3 in ymm\a-\d.
.macro add_head h, a, b, c, d
        vmovups ymm4, [rsi + 32 * \h]
        vfmadd231ps ymm\a, ymm4, ymm0
        vfmadd231ps ymm\b, ymm4, ymm1
        vfmadd231ps ymm\c, ymm4, ymm2
        vfmadd231ps ymm\d, ymm4, ymm3
.endm
// Eight columns of four keys (r8-r11) by four heads: key k, head h in ymm(16 + 4 k + h).
.macro dots4x4 at, k
        load8   0, r8, \at, \k
        load8   1, r9, \at, \k
        load8   2, r10, \at, \k
        load8   3, r11, \at, \k
#if defined(KV_Q8_0)
        vmulps  ymm0, ymm0, ymm8
        vmulps  ymm1, ymm1, ymm9
        vmulps  ymm2, ymm2, ymm10
        vmulps  ymm3, ymm3, ymm11
#endif
        add_head 0, 16, 20, 24, 28
        add_head 1, 17, 21, 25, 29
        add_head 2, 18, 22, 26, 30
        add_head 3, 19, 23, 27, 31
        add     rsi, 128
.endm
#if defined(KV_Q8_0)
.macro scale8 y, row
        vpbroadcastw xmm\y, [\row + rax]
        vcvtph2ps ymm\y, xmm\y
.endm
#endif

#include "kernels/asm/x86_64/attention_avx512_one_scores.h"

// ymm\a = in each half of 128 bits the sums of a, b, c, d's. Clobbers ymm0-3.
.macro sums4 a, b, c, d
        vunpcklps ymm0, ymm\a, ymm\b
        vunpckhps ymm1, ymm\a, ymm\b
        vunpcklps ymm2, ymm\c, ymm\d
        vunpckhps ymm3, ymm\c, ymm\d
        vaddps  ymm0, ymm0, ymm1
        vaddps  ymm2, ymm2, ymm3
        vunpcklpd ymm1, ymm0, ymm2
        vunpckhpd ymm0, ymm0, ymm2
        vaddps  ymm\a, ymm0, ymm1
.endm
// [\at] = the halves of a added, and those of b. Clobbers ymm0 ymm1.
.macro store_halves at, a, b
        vinsertf32x4 ymm0, ymm\a, xmm\b, 1
        vshuff32x4 ymm1, ymm\a, ymm\b, 3
        vaddps  ymm0, ymm0, ymm1
        vmovups [\at], ymm0
.endm

// The next row, or the same again where there is none: \to = \from + stride (rax) if more than \n keys
// are left (rbp). Clobbers rcx.
.macro next_row to, from, n
        xor     ecx, ecx
        cmp     rbp, \n
        cmovg   rcx, rax
        lea     \to, [\from + rcx]
.endm

// SCORES[key][4 heads], or [key] of one head, for NOW keys from KEY_AT on (rounded up to 4 or 8: the
// last key again). r8-r15 keys, rbp keys left, rax byte of the row, rsi q, rdx scores, rcx end of the
// row's whole steps.
.macro scores heads
#if !defined(KV_Q8_0)
        mov     rax, K_TAIL
        kmovw   k1, eax
#endif
        mov     r8, KEY_AT
        mov     rbx, VALUE_AT
        mov     rdx, SCORES
        mov     rbp, NOW
.Lkeys\@:
        mov     rax, [rdi + ATTENTION_K_ROW_STRIDE]
        .if     \heads == 4
        cmp     rbp, 4
        jl      .Lfew\@
        lea     r9, [r8 + rax]
        lea     r10, [r8 + rax * 2]
        lea     r11, [r9 + rax * 2]
        .else
        cmp     rbp, 8
        jl      .Lfew\@
        lea     r9, [r8 + rax]
        lea     r10, [r8 + rax * 2]
        lea     r11, [r9 + rax * 2]
        lea     r12, [r8 + rax * 4]
        lea     r13, [r9 + rax * 4]
        lea     r14, [r10 + rax * 4]
        lea     r15, [r11 + rax * 4]
        .endif
.Lrows\@:
        mov     rcx, K_END
        .if     \heads == 1
        one_head
        .else
        // Values wider than two lines are read in strips that no hardware stream follows: ask for
        // them now.
        mov     rax, [rdi + ATTENTION_V_ROW_STRIDE]
        cmp     rax, 128
        jbe     .Lnear\@
        lea     rax, [rbx + rax * 4]
.Lahead\@:
        prefetcht0 [rbx]
        add     rbx, 64
        cmp     rbx, rax
        jb      .Lahead\@
.Lnear\@:
        mov     rsi, Q_AT
        .irp    n, 16, 17, 18, 19, 20, 21, 22, 23
        vpxord  xmm\n, xmm\n, xmm\n
        .endr
        .irp    n, 24, 25, 26, 27, 28, 29, 30, 31
        vpxord  xmm\n, xmm\n, xmm\n
        .endr
        xor     eax, eax
        test    rcx, rcx
        jz      .Lsteps_end\@
        .p2align 5
.Lsteps\@:
# LLVM-MCA-BEGIN scores@h4
#if defined(KV_Q8_0)
        scale8  8, r8
        scale8  9, r9
        scale8  10, r10
        scale8  11, r11
        dots4x4 0
        dots4x4 1
        dots4x4 2
        dots4x4 3
#else
        dots4x4 0
#endif
        add     rax, KV_BYTES(KV_STEP)
        cmp     rax, rcx
        jb      .Lsteps\@
# LLVM-MCA-END
.Lsteps_end\@:
#if !defined(KV_Q8_0)
        cmp     qword ptr K_TAIL, 0
        je      .Lwhole\@
        dots4x4 0, {k1}{z}
.Lwhole\@:
#endif
        .endif
        sums4   16, 17, 18, 19
        sums4   20, 21, 22, 23
        .if     \heads == 4
        sums4   24, 25, 26, 27
        sums4   28, 29, 30, 31
        store_halves rdx, 16, 20
        store_halves rdx+32, 24, 28
        add     rdx, 64
        mov     rax, [rdi + ATTENTION_K_ROW_STRIDE]
        lea     r8, [r8 + rax * 4]
        sub     rbp, 4
        .else
        store_halves rdx, 16, 20
        add     rdx, 32
        mov     rax, [rdi + ATTENTION_K_ROW_STRIDE]
        lea     r8, [r8 + rax * 8]
        sub     rbp, 8
        .endif
        jg      .Lkeys\@
        jmp     .Lscored\@
.Lfew\@:
        next_row r9, r8, 1
        next_row r10, r9, 2
        next_row r11, r10, 3
        .if     \heads == 1
        next_row r12, r11, 4
        next_row r13, r12, 5
        next_row r14, r13, 6
        next_row r15, r14, 7
        .endif
        jmp     .Lrows\@
.Lscored\@:
.endm
