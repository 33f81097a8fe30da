// SPDX-License-Identifier: MIT
// y[t][r] = sum over c of w[r][c] * x[t][c]; four rows at once, eight columns a turn.
//
// void matmul_f32_f32__neon_r4(const struct matmul_args *a)      x0
//   y  [tokens][rows] float, written     w  [rows][cols] float
//   x  [tokens][cols] float              rows, cols, tokens any
// Live: x1 y of the row block, x2 y_stride, x3 w of the row block, x4 w_stride, x6 x, x7 x_stride,
//       x8 rows left, x9 cols, x10 tokens; of a token x0 tokens left, x5 y, x17 x;
//       of a dot x11-x14 rows of w, x15 x, x16 columns left; v0-v7 sums, s24-s27 sums of the last columns.
// Clobbers: x0-x17 v0-v7 v16-v31. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

// One turn of a row: eight columns against v16, v17.
.macro DOT8 row, low, high
        ldp     q18, q19, [\row], #32
        fmla    \low\().4s, v18.4s, v16.4s
        fmla    \high\().4s, v19.4s, v17.4s
.endm
.macro SUM low, high, rest, scalar
        fadd    \low\().4s, \low\().4s, \high\().4s
        faddp   \low\().4s, \low\().4s, \low\().4s
        faddp   \scalar, \low\().2s
        fadd    \scalar, \scalar, \rest
.endm

FUNC matmul_f32_f32__neon_r4
        ldp     x1, x2, [x0, #MATMUL_Y]
        ldr     x3, [x0, #MATMUL_W]
        ldr     x4, [x0, #MATMUL_W_STRIDE]
        ldp     x6, x7, [x0, #MATMUL_X]
        ldp     x8, x9, [x0, #MATMUL_ROWS]
        ldr     x10, [x0, #MATMUL_TOKENS]
        cbz     x10, .Lend
.Lrows4:
        subs    x8, x8, #4
        b.lt    .Lrest
        mov     x0, x10
        mov     x5, x1
        mov     x17, x6
.Ltoken4:
        mov     x11, x3
        add     x12, x3, x4
        add     x13, x12, x4
        add     x14, x13, x4
        mov     x15, x17
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 24, 25, 26, 27
        movi    v\n\().4s, #0
        .endr
        subs    x16, x9, #8
        b.lt    .Ltail4
        .p2align 4
.Lcolumns4:
# LLVM-MCA-BEGIN matmul_f32_f32__neon_r4
        ldp     q16, q17, [x15], #32
        DOT8    x11, v0, v4
        DOT8    x12, v1, v5
        DOT8    x13, v2, v6
        DOT8    x14, v3, v7
        subs    x16, x16, #8
        b.ge    .Lcolumns4
# LLVM-MCA-END
.Ltail4:
        adds    x16, x16, #8
        b.eq    .Lsum4
.Lcolumn4:
        ldr     s16, [x15], #4
        ldr     s18, [x11], #4
        ldr     s19, [x12], #4
        ldr     s20, [x13], #4
        ldr     s21, [x14], #4
        fmadd   s24, s18, s16, s24
        fmadd   s25, s19, s16, s25
        fmadd   s26, s20, s16, s26
        fmadd   s27, s21, s16, s27
        subs    x16, x16, #1
        b.ne    .Lcolumn4
.Lsum4:
        SUM     v0, v4, s24, s0
        SUM     v1, v5, s25, s1
        SUM     v2, v6, s26, s2
        SUM     v3, v7, s27, s3
        stp     s0, s1, [x5]
        stp     s2, s3, [x5, #8]
        add     x5, x5, x2
        add     x17, x17, x7
        subs    x0, x0, #1
        b.ne    .Ltoken4
        add     x1, x1, #16
        add     x3, x3, x4, lsl #2
        b       .Lrows4

.Lrest: // at most three rows, one by one
        adds    x8, x8, #4
        b.eq    .Lend
.Lrow1:
        mov     x0, x10
        mov     x5, x1
        mov     x17, x6
.Ltoken1:
        mov     x11, x3
        mov     x15, x17
        movi    v0.4s, #0
        movi    v4.4s, #0
        movi    v24.4s, #0
        subs    x16, x9, #8
        b.lt    .Ltail1
        .p2align 4
.Lcolumns1:
        ldp     q16, q17, [x15], #32
        DOT8    x11, v0, v4
        subs    x16, x16, #8
        b.ge    .Lcolumns1
.Ltail1:
        adds    x16, x16, #8
        b.eq    .Lsum1
.Lcolumn1:
        ldr     s16, [x15], #4
        ldr     s18, [x11], #4
        fmadd   s24, s18, s16, s24
        subs    x16, x16, #1
        b.ne    .Lcolumn1
.Lsum1:
        SUM     v0, v4, s24, s0
        str     s0, [x5]
        add     x5, x5, x2
        add     x17, x17, x7
        subs    x0, x0, #1
        b.ne    .Ltoken1
        add     x1, x1, #4
        add     x3, x3, x4
        subs    x8, x8, #1
        b.ne    .Lrow1
.Lend:
        ret
ENDFUNC matmul_f32_f32__neon_r4
