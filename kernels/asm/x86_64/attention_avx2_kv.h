// SPDX-License-Identifier: MIT
// Keys and values of the three KV formats as floats, AVX2. Define one of KV_F16, KV_F32, KV_Q8_0
// before including it.
#pragma once
// clang-format off

// KV_SIZE: bytes of a column (of q8_0 nearly). Rows of q8_0 are whole blocks of 32; those of the
// others that are shorter than 8 columns are copied to padded ones.
#if defined(KV_F16)
#define KV_SIZE 2
#elif defined(KV_F32)
#define KV_SIZE 4
#elif defined(KV_Q8_0)
#define KV_SIZE 1
#endif

// ymm\y = eight columns from \col (a register, in columns) on of the row; of q8_0 the row was
// widened to float before.
.macro load8 y, row, col
#if defined(KV_F16)
        vcvtph2ps ymm\y, [\row + \col * 2]
#else
        vmovups ymm\y, [\row + \col * 4]
#endif
.endm

#if defined(KV_Q8_0)
// ymm\y = the scale at [\at], eight times; ymm\q = eight quants at [\at] as float.
.macro scale8 y, at
        vpbroadcastw xmm\y, [\at]
        vcvtph2ps ymm\y, xmm\y
.endm
.macro quants8 q, at
        vpmovsxbd ymm\q, [\at]
        vcvtdq2ps ymm\q, ymm\q
.endm
// [to][row / 4] float = \count rows of whole blocks. rows, to: registers, advanced; the others:
// memory. Clobbers rax rcx rdx r8 ymm0-4.
.macro widen_blocks rows, stride, to, row, count
        mov     rcx, \count
.Lrow\@:
        mov     rdx, \to
        add     rdx, \row
        mov     r8, \rows
.Lblock\@:
        scale8  4, r8
        quants8 0, r8+2
        quants8 1, r8+10
        quants8 2, r8+18
        quants8 3, r8+26
        .irp    n, 0, 1, 2, 3
        vmulps  ymm\n, ymm\n, ymm4
        vmovaps [\to + 32 * \n], ymm\n
        .endr
        add     r8, 34
        add     \to, 128
        cmp     \to, rdx
        jb      .Lblock\@
        add     \rows, \stride
        dec     rcx
        jnz     .Lrow\@
.endm
#else
// Copies \count rows of `dim` < 8 columns to [to][8], zero-padded; clobbers rax rcx rsi r8 r9 xmm0.
.macro pad rows, stride, dim, to, count
        mov     r8, \rows
        mov     r9, \to
        vpxor   xmm0, xmm0, xmm0
        mov     rsi, \count
.Lrow\@:
        vmovdqu [r9], xmm0
        vmovdqu [r9 + KV_SIZE * 8 - 16], xmm0
        xor     ecx, ecx
.Lcopy\@:
#if defined(KV_F16)
        movzx   eax, word ptr [r8 + rcx * 2]
        mov     [r9 + rcx * 2], ax
#else
        mov     eax, [r8 + rcx * 4]
        mov     [r9 + rcx * 4], eax
#endif
        inc     rcx
        cmp     rcx, \dim
        jl      .Lcopy\@
        add     r8, \stride
        add     r9, KV_SIZE * 8
        dec     rsi
        jnz     .Lrow\@
.endm
#endif

// Columns that rows are read in: at least 8, of q8_0 whole blocks.
.macro whole_columns x
#if defined(KV_Q8_0)
        add     \x, 31
        and     \x, -32
#else
        mov     ecx, 8
        cmp     \x, rcx
        cmovl   \x, rcx
#endif
.endm
