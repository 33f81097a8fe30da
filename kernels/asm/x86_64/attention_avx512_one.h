// SPDX-License-Identifier: MIT
// Weighted sums of one head for attention_avx512_weigh.h: strips of 64 or 128 columns in vectors of
// 256 bits (f16 and q8_0 widen to them at half the cost). A row of up to 128 columns is read front
// to back.
#pragma once
// clang-format off

// ymm16-23 (\half 0) or ymm24-31 (1) += weight times 64 columns at [r8 + \at]. Clobbers ymm0-9.
.macro add_half half, at
#if defined(KV_F16)
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7
        vcvtph2ps ymm\n, [r8 + \at + 16 * \n]
        .endr
        add_vectors \half, 10, 10
#elif defined(KV_F32)
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7
        vmovups ymm\n, [r8 + \at + 32 * \n]
        .endr
        add_vectors \half, 10, 10
#else
        vpbroadcastw xmm8, [r8 + \at]
        vpbroadcastw xmm9, [r8 + \at + 34]
        vcvtph2ps ymm8, xmm8
        vcvtph2ps ymm9, xmm9
        vmulps  ymm8, ymm8, ymm10
        vmulps  ymm9, ymm9, ymm10
        .irp    n, 0, 1, 2, 3
        vpmovsxbd ymm\n, [r8 + \at + 2 + 8 * \n]
        vcvtdq2ps ymm\n, ymm\n
        .endr
        .irp    n, 4, 5, 6, 7
        vpmovsxbd ymm\n, [r8 + \at + 4 + 8 * \n]
        vcvtdq2ps ymm\n, ymm\n
        .endr
        add_vectors \half, 8, 9
#endif
.endm
.macro add_vectors half, p, q
        .if     \half == 0
        vfmadd231ps ymm16, ymm\p, ymm0
        vfmadd231ps ymm17, ymm\p, ymm1
        vfmadd231ps ymm18, ymm\p, ymm2
        vfmadd231ps ymm19, ymm\p, ymm3
        vfmadd231ps ymm20, ymm\q, ymm4
        vfmadd231ps ymm21, ymm\q, ymm5
        vfmadd231ps ymm22, ymm\q, ymm6
        vfmadd231ps ymm23, ymm\q, ymm7
        .else
        vfmadd231ps ymm24, ymm\p, ymm0
        vfmadd231ps ymm25, ymm\p, ymm1
        vfmadd231ps ymm26, ymm\p, ymm2
        vfmadd231ps ymm27, ymm\p, ymm3
        vfmadd231ps ymm28, ymm\q, ymm4
        vfmadd231ps ymm29, ymm\q, ymm5
        vfmadd231ps ymm30, ymm\q, ymm6
        vfmadd231ps ymm31, ymm\q, ymm7
        .endif
.endm

// One strip of \columns columns from COLUMN on; r9 bytes between values. Clobbers rax rcx rdx rsi r8
// ymm0-10 ymm16-31.
.macro strip_one columns
        mov     r8, VALUE_AT
        add     r8, STRIP
        mov     rdx, SCORES
        mov     rcx, NOW
        .irp    n, 16, 17, 18, 19, 20, 21, 22, 23
        vpxord  xmm\n, xmm\n, xmm\n
        .endr
        .if     \columns == 128
        .irp    n, 24, 25, 26, 27, 28, 29, 30, 31
        vpxord  xmm\n, xmm\n, xmm\n
        .endr
        .endif
        .p2align 5
.Lvalue\@:
# LLVM-MCA-BEGIN weigh@one\columns
        vbroadcastss ymm10, [rdx]
        add_half 0, 0
        .if     \columns == 128
        add_half 1, KV_BYTES(64)
        .endif
        add     r8, r9
        add     rdx, 4
        dec     rcx
        jnz     .Lvalue\@
# LLVM-MCA-END
        vbroadcastss ymm8, [rsp + FACTORS]
        acc_of_strip
        .irp    n, 16, 17, 18, 19, 20, 21, 22, 23
        vfmadd231ps ymm\n, ymm8, [rsi + 32 * (\n - 16)]
        vmovups [rsi + 32 * (\n - 16)], ymm\n
        .endr
        .if     \columns == 128
        .irp    n, 24, 25, 26, 27, 28, 29, 30, 31
        vfmadd231ps ymm\n, ymm8, [rsi + 32 * (\n - 16)]
        vmovups [rsi + 32 * (\n - 16)], ymm\n
        .endr
        .endif
.endm
