// SPDX-License-Identifier: MIT
// y[t][r] = sum over c of w[r][c] * x[t][c]: SDOT of 32 columns, scaled and summed in float; four rows
// at once.
//
// void matmul_q8_0_a8_32__dotprod_r4(const struct matmul_args *a)      x0
//   y  [tokens][rows] float, written     w  [rows][cols/32] block_q8_0 (f16 scale, 32 int8), 2-byte aligned
//   x  [tokens] a8_32 planes             rows, tokens any, cols a multiple of 32
// Live: x1 y of the row block, x2 y_stride, x3 w of the row block, x4 w_stride, x6 x, x7 x_stride,
//       x8 rows left, x9 blocks of a row, x10 tokens, x19 bytes from plane q to plane d;
//       of a token x0 tokens left, x5 y, x17 x; of a dot x11-x14 rows of w, x15 x.q, x16 x.d, x20 blocks
//       left; v0-v3 sums, v16-v17 x.q, s18 x.d.
// Clobbers: x0-x17 v0-v3 v16-v31. Stack: 16 bytes. Reads past the end: none.
#include "kernels/asm/asm.h"

// One block of a row: v20 = 32 products in four sums; sum += v20 * (d_w * d_x).
.macro BLOCK row, sum
        ldr     h19, [\row], #2
        ldp     q21, q22, [\row], #32
        movi    v20.4s, #0
        fcvt    s19, h19
        sdot    v20.4s, v21.16b, v16.16b
        fmul    s19, s19, s18
        sdot    v20.4s, v22.16b, v17.16b
        scvtf   v20.4s, v20.4s
        fmla    \sum\().4s, v20.4s, v19.s[0]
.endm
.macro SUM sum, scalar
        faddp   \sum\().4s, \sum\().4s, \sum\().4s
        faddp   \scalar, \sum\().2s
.endm

FUNC matmul_q8_0_a8_32__dotprod_r4
        stp     x19, x20, [sp, #-16]!
        ldp     x1, x2, [x0, #MATMUL_Y]
        ldr     x3, [x0, #MATMUL_W]
        ldr     x4, [x0, #MATMUL_W_STRIDE]
        ldp     x6, x7, [x0, #MATMUL_X]
        ldp     x8, x9, [x0, #MATMUL_ROWS]
        ldr     x10, [x0, #MATMUL_TOKENS]
        cbz     x10, .Lend
        add     x19, x9, #63
        and     x19, x19, #-64
        lsr     x9, x9, #5
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
        add     x16, x17, x19
        mov     x20, x9
        .irp    n, 0, 1, 2, 3
        movi    v\n\().4s, #0
        .endr
        .p2align 4
.Lblocks4:
# LLVM-MCA-BEGIN matmul_q8_0_a8_32__dotprod_r4
        ldp     q16, q17, [x15], #32
        ldr     s18, [x16], #4
        BLOCK   x11, v0
        BLOCK   x12, v1
        BLOCK   x13, v2
        BLOCK   x14, v3
        subs    x20, x20, #1
        b.ne    .Lblocks4
# LLVM-MCA-END
        SUM     v0, s0
        SUM     v1, s1
        SUM     v2, s2
        SUM     v3, s3
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
        add     x16, x17, x19
        mov     x20, x9
        movi    v0.4s, #0
        .p2align 4
.Lblocks1:
        ldp     q16, q17, [x15], #32
        ldr     s18, [x16], #4
        BLOCK   x11, v0
        subs    x20, x20, #1
        b.ne    .Lblocks1
        SUM     v0, s0
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
        ldp     x19, x20, [sp], #16
        ret
ENDFUNC matmul_q8_0_a8_32__dotprod_r4
