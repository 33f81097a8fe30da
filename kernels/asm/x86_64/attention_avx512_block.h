// SPDX-License-Identifier: MIT
// Blocks of keys and values to float for attention_avx512_many.h, and the transposition of keys.
#pragma once
// clang-format off

#if defined(KV_Q8_0)
#define WIDEN_STEP 32
#else
#define WIDEN_STEP 16
#endif

// [to][row / 4] float = \count rows of \dim columns, zeros up to a multiple of 16 (q8_0: of 32).
// rows, to: registers, advanced. count, dim, row: memory or registers. Clobbers rax rcx rdx r8 r9
// zmm0-2 k1.
.macro widen rows, stride, dim, to, row, count
        mov     rcx, \count
.Lrow\@:
        mov     rdx, \dim
        mov     r8, \rows
        mov     r9, \to
.Lcolumns\@:
#if defined(KV_Q8_0)
        vpbroadcastw ymm2, [r8]
        vcvtph2ps zmm2, ymm2
        load16  0, r8, 0
        load16  1, r8, 1
        vmulps  zmm0, zmm0, zmm2
        vmulps  zmm1, zmm1, zmm2
        vmovaps [r9], zmm0
        cmp     rdx, 16
        jle     1f                      // the last 16 columns may have no place
        vmovaps [r9 + 64], zmm1
1:
#else
        lanes_mask k1, rdx
        load16  0, r8, 0, {k1}{z}
        vmovaps [r9], zmm0
#endif
        add     r8, KV_BYTES(WIDEN_STEP)
        add     r9, WIDEN_STEP * 4
        sub     rdx, WIDEN_STEP
        jg      .Lcolumns\@
        add     \rows, \stride
        add     \to, \row
        dec     rcx
        jnz     .Lrow\@
.endm

// zmm \t0, \t1 = lanes of \a and \b interleaved by floats; \u0-\u3 = four rows transposed in lanes.
.macro interleave a, b, t0, t1
        vunpcklps zmm\t0, zmm\a, zmm\b
        vunpckhps zmm\t1, zmm\a, zmm\b
.endm
.macro interleave_pairs a, b, c, d, u0, u1, u2, u3
        vunpcklpd zmm\u0, zmm\a, zmm\c
        vunpckhpd zmm\u1, zmm\a, zmm\c
        vunpcklpd zmm\u2, zmm\b, zmm\d
        vunpckhpd zmm\u3, zmm\b, zmm\d
.endm
// Columns \n, \n + 4, \n + 8, \n + 12 of sixteen rows from the lanes of four vectors to [rdx].
.macro lanes n, a, b, c, d
        vshuff32x4 zmm16, zmm\a, zmm\b, 0x44
        vshuff32x4 zmm17, zmm\a, zmm\b, 0xee
        vshuff32x4 zmm18, zmm\c, zmm\d, 0x44
        vshuff32x4 zmm19, zmm\c, zmm\d, 0xee
        vshuff32x4 zmm20, zmm16, zmm18, 0x88
        vshuff32x4 zmm21, zmm16, zmm18, 0xdd
        vshuff32x4 zmm22, zmm17, zmm19, 0x88
        vshuff32x4 zmm23, zmm17, zmm19, 0xdd
        vmovaps [rdx + \n * 4 * KEYS], zmm20
        vmovaps [rdx + (\n + 4) * 4 * KEYS], zmm21
        vmovaps [rdx + (\n + 8) * 4 * KEYS], zmm22
        vmovaps [rdx + (\n + 12) * 4 * KEYS], zmm23
.endm

// [rdx][columns][KEYS] = transposed sixteen rows at rsi, rax bytes apart; rcx columns, a multiple of
// 16. Clobbers rcx rdx rsi r8 r9 zmm0-31.
.macro transpose16
        lea     r9, [rax + rax * 2]
.Lcolumns\@:
        mov     r8, rsi
        .irp    n, 0, 4, 8, 12
        .if     \n == 0
        four_rows 0, 1, 2, 3
        .elseif \n == 4
        four_rows 4, 5, 6, 7
        .elseif \n == 8
        four_rows 8, 9, 10, 11
        .else
        four_rows 12, 13, 14, 15
        .endif
        .endr
        interleave 0, 1, 16, 17
        interleave 2, 3, 18, 19
        interleave 4, 5, 20, 21
        interleave 6, 7, 22, 23
        interleave 8, 9, 24, 25
        interleave 10, 11, 26, 27
        interleave 12, 13, 28, 29
        interleave 14, 15, 30, 31
        interleave_pairs 16, 17, 18, 19, 0, 1, 2, 3
        interleave_pairs 20, 21, 22, 23, 4, 5, 6, 7
        interleave_pairs 24, 25, 26, 27, 8, 9, 10, 11
        interleave_pairs 28, 29, 30, 31, 12, 13, 14, 15
        lanes   0, 0, 4, 8, 12
        lanes   1, 1, 5, 9, 13
        lanes   2, 2, 6, 10, 14
        lanes   3, 3, 7, 11, 15
        add     rsi, 64
        add     rdx, 16 * 4 * KEYS
        sub     rcx, 16
        jg      .Lcolumns\@
.endm
.macro four_rows a, b, c, d
        vmovaps zmm\a, [r8]
        vmovaps zmm\b, [r8 + rax]
        vmovaps zmm\c, [r8 + rax * 2]
        vmovaps zmm\d, [r8 + r9]
        lea     r8, [r8 + rax * 4]
.endm
