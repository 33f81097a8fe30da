// SPDX-License-Identifier: MIT
// Dots of eight keys (r8-r15) by one head for attention_avx512_scores.h: sums of their columns in
// ymm16-23. rcx end of a row's whole steps.
#pragma once
// clang-format off

// One key by one head, the row front to back: hardware streams follow rows of several lines only so.
// Sums of its columns in ymm\sum. Clobbers rax rsi ymm0-8.
.macro key1 sum, row
        .irp    n, 0, 1, 2, 3
        vxorps  xmm\n, xmm\n, xmm\n
        .endr
        mov     rsi, Q_AT
        xor     eax, eax
        cmp     rax, K_END32
        jae     .Leights\@
.Lcolumns32\@:
#if defined(KV_Q8_0)
        load8   4, \row, 0
        load8   5, \row, 1
        load8   6, \row, 2
        load8   7, \row, 3
        scale8  8, \row
        vmulps  ymm4, ymm4, [rsi]
        vmulps  ymm5, ymm5, [rsi + 32]
        vfmadd231ps ymm4, ymm6, [rsi + 64]
        vfmadd231ps ymm5, ymm7, [rsi + 96]
        vfmadd231ps ymm0, ymm4, ymm8
        vfmadd231ps ymm1, ymm5, ymm8
        add     rax, 34
#else
        column1 0, \row
        column1 1, \row
        column1 2, \row
        column1 3, \row
#endif
        add     rsi, 128
        cmp     rax, K_END32
        jb      .Lcolumns32\@
.Leights\@:
#if !defined(KV_Q8_0)
        cmp     rax, rcx
        jae     .Ltail\@
        load8   4, \row, 0
        vfmadd231ps ymm0, ymm4, [rsi]
        add     rsi, 32
        add     rax, KV_BYTES(8)
        jmp     .Leights\@
.Ltail\@:
        cmp     qword ptr K_TAIL, 0
        je      .Lwhole\@
        load8   4, \row, 0, {k1}{z}
        vfmadd231ps ymm1, ymm4, [rsi]
.Lwhole\@:
        vaddps  ymm2, ymm2, ymm3
#endif
        vaddps  ymm0, ymm0, ymm1
#if defined(KV_Q8_0)
        vmovaps ymm\sum, ymm0
#else
        vaddps  ymm\sum, ymm0, ymm2
#endif
.endm
.macro column1 n, row
        load8   4, \row, 0
        vfmadd231ps ymm\n, ymm4, [rsi + 32 * \n]
        add     rax, KV_BYTES(8)
.endm

#if !defined(KV_Q8_0)
// Eight columns of the eight keys.
.macro eight_columns k
        vmovups ymm4, [rsi]
        add     rsi, 32
        eight_of 16, r8, \k
        eight_of 17, r9, \k
        eight_of 18, r10, \k
        eight_of 19, r11, \k
        eight_of 20, r12, \k
        eight_of 21, r13, \k
        eight_of 22, r14, \k
        eight_of 23, r15, \k
.endm
.macro eight_of sum, row, k
        load8   0, \row, 0, \k
        vfmadd231ps ymm\sum, ymm4, ymm0
.endm
#endif

// Rows of up to two lines side by side (fewer instructions), longer ones and q8_0 one by one.
.macro one_head
#if !defined(KV_Q8_0)
        cmp     qword ptr [rdi + ATTENTION_K_ROW_STRIDE], 128
        ja      .Llong\@
        mov     rsi, Q_AT
        .irp    n, 16, 17, 18, 19, 20, 21, 22, 23
        vpxord  xmm\n, xmm\n, xmm\n
        .endr
        xor     eax, eax
        test    rcx, rcx
        jz      .Lcolumns_end\@
        .p2align 5
.Lcolumns\@:
# LLVM-MCA-BEGIN scores@h1
        eight_columns
        add     rax, KV_BYTES(8)
        cmp     rax, rcx
        jb      .Lcolumns\@
# LLVM-MCA-END
.Lcolumns_end\@:
        cmp     qword ptr K_TAIL, 0
        je      .Ldone\@
        eight_columns {k1}{z}
        jmp     .Ldone\@
.Llong\@:
#endif
        key1    16, r8
        key1    17, r9
        key1    18, r10
        key1    19, r11
        key1    20, r12
        key1    21, r13
        key1    22, r14
        key1    23, r15
.Ldone\@:
.endm
