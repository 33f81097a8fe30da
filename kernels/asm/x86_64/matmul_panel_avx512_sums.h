// SPDX-License-Identifier: MIT
// What matmul_panel_avx512.h does to the sums of each token and group: GROUPS sums a token from
// zmm0 on, x of the tokens at r8, r9, rbp, r12 and one and two x_strides (rdx) behind, y of a token
// at rax, whose stride is r13.
#pragma once
// clang-format off

// do: a macro for one token, given its first sum and its x; at: dword of the unrolled loop
.macro each_token do, tokens, at=0, pass=0
        \do     0, r8, \at, \pass
.irp token, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
.if \token < \tokens
        .altmacro
        token_\token \do, %GROUPS * \token, \at, \pass
        .noaltmacro
.endif
.endr
.endm
.macro token_1 do, sum, at, pass
        \do     \sum, r8+rdx, \at, \pass
.endm
.macro token_2 do, sum, at, pass
        \do     \sum, r8+rdx*2, \at, \pass
.endm
.macro token_3 do, sum, at, pass
        \do     \sum, r9, \at, \pass
.endm
.macro token_4 do, sum, at, pass
        \do     \sum, r9+rdx, \at, \pass
.endm
.macro token_5 do, sum, at, pass
        \do     \sum, r9+rdx*2, \at, \pass
.endm
.macro token_6 do, sum, at, pass
        \do     \sum, rbp, \at, \pass
.endm
.macro token_7 do, sum, at, pass
        \do     \sum, rbp+rdx, \at, \pass
.endm
.macro token_8 do, sum, at, pass
        \do     \sum, rbp+rdx*2, \at, \pass
.endm
.macro token_9 do, sum, at, pass
        \do     \sum, r12, \at, \pass
.endm
.macro token_10 do, sum, at, pass
        \do     \sum, r12+rdx, \at, \pass
.endm
.macro token_11 do, sum, at, pass
        \do     \sum, r12+rdx*2, \at, \pass
.endm

// do: a macro for one group, given its sum, its number and its bytes of y
.macro each_group do, sum
        .altmacro
.irp group, 0, 1, 2, 3
.if \group < GROUPS
        \do     %\sum + \group, %24 + \group, %64 * \group, %\group + 1
.endif
.endr
        .noaltmacro
.endm

.macro dot_group sum, w, bytes, k
        dot     \sum, \w
.endm
.macro clear_group sum, w, bytes, k
        vpxord  zmm\sum, zmm\sum, zmm\sum
.endm
.macro prefetch_group sum, w, bytes, k
        prefetcht0 [rax + \bytes]
.endm
.macro store_group sum, w, bytes, k
        vmovups [rax + \bytes]{k\k}, zmm\sum
.endm
.macro join_group sum, w, bytes, k
        vaddps  zmm\sum{k\k}{z}, zmm\sum, [rax + \bytes]
.endm

.macro clear sum, x, at, pass
        each_group clear_group, \sum
.endm
.macro multiply sum, x, at, pass
        load_x  \pass, \x+4*\at
        each_group dot_group, \sum
.endm
.macro multiply_half sum, x, at, pass
        load_half \x
        each_group dot_group, \sum
.endm
.macro prefetch_y sum, x, at, pass
        each_group prefetch_group, \sum
        add     rax, r13
.endm
.macro store sum, x, at, pass
        each_group store_group, \sum
        add     rax, r13
.endm
.macro join sum, x, at, pass
        each_group join_group, \sum
        store   \sum, \x, \at, \pass
.endm
