// SPDX-License-Identifier: MIT
// What matmul_panel_avx2.h does to the sums of each token and of each 8 rows: YMMS sums a token
// from ymm0 on, x of the tokens at r8, r9 and one and two x_strides (rdx) behind, y of a token at
// rax, whose stride is r13; at rbx the mask of the rows that are there.
#pragma once
// clang-format off

// do: a macro for one token, given its first sum, its x and its number
.macro each_token do, tokens, at=0, pass=0
        \do     0, r8, 0, \at, \pass
.if \tokens > 1
        \do     YMMS, r8+rdx, 1, \at, \pass
.endif
.if \tokens > 2
        \do     2*YMMS, r8+rdx*2, 2, \at, \pass
.endif
.if \tokens > 3
        \do     3*YMMS, r9, 3, \at, \pass
.endif
.if \tokens > 4
        \do     4*YMMS, r9+rdx, 4, \at, \pass
.endif
.if \tokens > 5
        \do     5*YMMS, r9+rdx*2, 5, \at, \pass
.endif
.endm

// do: a macro for 8 rows of a token, given their sum and their number
.macro each_ymm do, sum
        .altmacro
        .irp    n, 0, 1, 2, 3
.if \n < YMMS
        \do     %\sum + \n, \n
.endif
        .endr
        .noaltmacro
.endm

.macro clear_ymm sum, n
        vxorps  xmm\sum, xmm\sum, xmm\sum
.endm
.macro clear sum, x, token, at, pass
        prefetcht0 [rax]
        prefetcht0 [rax + 60]
.if YMMS > 2
        prefetcht0 [rax + 124]
.endif
        add     rax, r13
        each_ymm clear_ymm, \sum
.endm

.macro dot_ymm sum, n
        .altmacro
        dot_one \sum, %12 + \n
        .noaltmacro
.endm
.macro dot_one sum, w
        vfmadd231ps ymm\sum, ymm\w, ymm14
.endm
.macro multiply sum, x, token, at, pass
        load_x  \pass, 14, \x+4*\at
        each_ymm dot_ymm, \sum
.endm
.macro multiply_half sum, x, token, at, pass
        load_half 14, \x
        each_ymm dot_ymm, \sum
.endm

.macro load_token sum, x, token, at, pass
        .altmacro
        load_into %12 + \token, \x, \at, \pass
        .noaltmacro
.endm
.macro load_into to, x, at, pass
        load_x  \pass, \to, \x+4*\at
.endm
.macro rows8 n, tokens, at, pass
        load_w  \pass, 15, \at
        .altmacro
        dot_row %\n, 12
.if \tokens > 1
        dot_row %YMMS + \n, 13
.endif
.if \tokens > 2
        dot_row %2 * YMMS + \n, 14
.endif
        .noaltmacro
.endm
.macro dot_row sum, x
        vfmadd231ps ymm\sum, ymm15, ymm\x
.endm

.macro store_ymm sum, n
        vmovups [rax + 32 * \n], ymm\sum
.endm
.macro store sum, x, token, at, pass
        each_ymm store_ymm, \sum
        add     rax, r13
.endm
.macro join_ymm sum, n
        vaddps  ymm\sum, ymm\sum, [rax + 32 * \n]
.endm
.macro join sum, x, token, at, pass
        each_ymm join_ymm, \sum
        store   \sum
.endm
.macro store_some_ymm sum, n
        vmovups ymm12, [rbx + 32 * \n]
        vmaskmovps [rax + 32 * \n], ymm12, ymm\sum
.endm
.macro store_some sum, x, token, at, pass
        each_ymm store_some_ymm, \sum
        add     rax, r13
.endm
.macro join_some_ymm sum, n
        vmovups ymm12, [rbx + 32 * \n]
        vmaskmovps ymm13, ymm12, [rax + 32 * \n]
        vaddps  ymm\sum, ymm\sum, ymm13
.endm
.macro join_some sum, x, token, at, pass
        each_ymm join_some_ymm, \sum
        store_some \sum
.endm
