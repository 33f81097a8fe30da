// SPDX-License-Identifier: MIT
// Weighted sums of values of one token for attention_avx512_t1.h: 4 heads or 1 by 64 columns.
#pragma once
// clang-format off

// Sums of head h += weight zmm\p times the values in zmm0-3.
.macro add_values vectors, p, a, b, c, d
        vfmadd231ps zmm\a, zmm\p, zmm0
        .if     \vectors > 1
        vfmadd231ps zmm\b, zmm\p, zmm1
        .endif
        .if     \vectors > 2
        vfmadd231ps zmm\c, zmm\p, zmm2
        .endif
        .if     \vectors > 3
        vfmadd231ps zmm\d, zmm\p, zmm3
        .endif
.endm

// acc = acc * factor + sums of one head at rsi, if the pass has it.
.macro add_sums vectors, head, a, b, c, d, tail
        .if     \head > 0
        cmp     qword ptr HEADS, \head
        jle     9f
        add     rsi, [rdi + ATTENTION_ACC_HEAD_STRIDE]
        .endif
        vbroadcastss zmm8, [rsp + FACTORS + 4 * \head]
        .if     \tail
        .irp    v, 0, 1, 2, 3
        .if     \v < \vectors
        .if     \v == 0
        add_tail \v, \a, k1
        .elseif \v == 1
        add_tail \v, \b, k2
        .elseif \v == 2
        add_tail \v, \c, k3
        .else
        add_tail \v, \d, k4
        .endif
        .endif
        .endr
        .else
        vfmadd231ps zmm\a, zmm8, [rsi]
        vfmadd231ps zmm\b, zmm8, [rsi + 64]
        vfmadd231ps zmm\c, zmm8, [rsi + 128]
        vfmadd231ps zmm\d, zmm8, [rsi + 192]
        vmovups [rsi], zmm\a
        vmovups [rsi + 64], zmm\b
        vmovups [rsi + 128], zmm\c
        vmovups [rsi + 192], zmm\d
        .endif
.endm
.macro add_tail v, sum, k
        vmovups zmm9{\k}{z}, [rsi + 64 * \v]
        vfmadd231ps zmm\sum, zmm8, zmm9
        vmovups [rsi + 64 * \v]{\k}, zmm\sum
.endm

// One strip: `vectors` times 16 columns from COLUMN on, of all NOW values of the block; with tail
// the masks k1-k4 say which columns there are. r8 value, r9 its stride, rdx scores, rcx values left,
// rax scratch.
.macro strip heads, vectors, tail
        mov     r8, VALUE_AT
        add     r8, STRIP
        mov     rdx, SCORES
        mov     rcx, NOW
        .irp    n, 16, 17, 18, 19
        vpxord  xmm\n, xmm\n, xmm\n
        .endr
        .if     \heads == 4
        .irp    n, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
        vpxord  xmm\n, xmm\n, xmm\n
        .endr
        .endif
        .p2align 5
.Lvalue\@:
# LLVM-MCA-BEGIN weigh@h\heads\()v\vectors
        .if     \tail
        load16  0, r8, 0, {k1}{z}
        .else
        load16  0, r8, 0
        .endif
        .if     \vectors > 1
        .if     \tail
        load16  1, r8, 1, {k2}{z}
        .else
        load16  1, r8, 1
        .endif
        .endif
        .if     \vectors > 2
        .if     \tail
        load16  2, r8, 2, {k3}{z}
        .else
        load16  2, r8, 2
        .endif
        .endif
        .if     \vectors > 3
        .if     \tail
        load16  3, r8, 3, {k4}{z}
        .else
        load16  3, r8, 3
        .endif
        .endif
#if defined(KV_Q8_0)
        vpbroadcastw ymm10, [r8]
        vcvtph2ps zmm10, ymm10
        .if     \vectors > 2
        vpbroadcastw ymm11, [r8 + 34]
        vcvtph2ps zmm11, ymm11
        .endif
        .if     \heads == 1
        vmulps  zmm10, zmm10, [rdx]{1to16}
        vfmadd231ps zmm16, zmm10, zmm0
        vfmadd231ps zmm17, zmm10, zmm1
        .if     \vectors > 2
        vmulps  zmm11, zmm11, [rdx]{1to16}
        vfmadd231ps zmm18, zmm11, zmm2
        vfmadd231ps zmm19, zmm11, zmm3
        .endif
        .else
        vmulps  zmm0, zmm0, zmm10
        vmulps  zmm1, zmm1, zmm10
        .if     \vectors > 2
        vmulps  zmm2, zmm2, zmm11
        vmulps  zmm3, zmm3, zmm11
        .endif
        .endif
#else
        .if     \heads == 1
        vbroadcastss zmm4, [rdx]
        add_values \vectors, 4, 16, 17, 18, 19
        .endif
#endif
        .if     \heads == 4
        .irp    n, 4, 5, 6, 7
        vbroadcastss zmm\n, [rdx + 4 * (\n - 4)]
        .endr
        add_values \vectors, 4, 16, 17, 18, 19
        add_values \vectors, 5, 20, 21, 22, 23
        add_values \vectors, 6, 24, 25, 26, 27
        add_values \vectors, 7, 28, 29, 30, 31
        .endif
        add     r8, r9
        add     rdx, \heads * 4
        dec     rcx
        jnz     .Lvalue\@
# LLVM-MCA-END
        acc_of_strip
        add_sums \vectors, 0, 16, 17, 18, 19, \tail
        .if     \heads == 4
        add_sums \vectors, 1, 20, 21, 22, 23, \tail
        add_sums \vectors, 2, 24, 25, 26, 27, \tail
        add_sums \vectors, 3, 28, 29, 30, 31, \tail
        .endif
9:
.endm

// rsi = acc of the pass's first head at COLUMN. Clobbers rax.
.macro acc_of_strip
        mov     rsi, KV_HEAD
        imul    rsi, [rdi + ATTENTION_GROUP]
        add     rsi, HEAD
        imul    rsi, [rdi + ATTENTION_ACC_HEAD_STRIDE]
        add     rsi, [rdi + ATTENTION_ACC]
        mov     rax, COLUMN
        lea     rsi, [rsi + rax * 4]
.endm

#include "kernels/asm/x86_64/attention_avx512_one.h"

// All strips of the block's values.
.macro weigh heads
        mov     r9, [rdi + ATTENTION_V_ROW_STRIDE]
        mov     qword ptr COLUMN, 0
        mov     qword ptr STRIP, 0
.Lstrips\@:
        mov     rcx, [rdi + ATTENTION_DIM_V]
        sub     rcx, COLUMN
        cmp     rcx, 64
        jl      .Ltail\@
        .if     \heads == 4
        strip   4, 4, 0
        .else
        cmp     rcx, 128
        jl      .Lstrip64\@
        strip_one 128
        add     qword ptr COLUMN, 64
        add     qword ptr STRIP, KV_BYTES(64)
        jmp     .Lstrip_end\@
.Lstrip64\@:
        strip_one 64
        .endif
.Lstrip_end\@:
        add     qword ptr COLUMN, 64
        add     qword ptr STRIP, KV_BYTES(64)
        jmp     .Lstrips\@
.Ltail\@:
        test    rcx, rcx
        jle     .Lweighed\@
        mov     rax, -1
        bzhi    rax, rax, rcx
        masks4  16
        cmp     rcx, 32
        jle     .Lhalf\@
        strip   \heads, 4, 1
        jmp     .Lweighed\@
.Lhalf\@:
        strip   \heads, 2, 1
.Lweighed\@:
.endm
