// SPDX-License-Identifier: MIT
// Planes of x: for each 32 columns d = amax / 127, q = x * (127 / amax) rounded to nearest even, sum of q;
// amax < 2^-100 gives d = 0, q = 0. Every operation in float32, one by one: bit-equal to the reference.
//
// void quantize_a8_32__neon(const struct row_args *a)      x0
//   y  [tokens] a8_32 planes, written    x  [tokens][cols] float    cols a multiple of 32
// Live: x1 y, x2 y_stride, x3 x, x4 x_stride, x5 blocks of a row, x6 tokens left, x7 bytes from plane q to
//       plane d, x8 from q to sum; of a row x9 x, x10 q, x11 d, x12 sum, x13 blocks left;
//       v16-v23 x, then q as int32; s0 amax, s1 127, s2 127/amax, s3 d, s4 0, s7 2^-100.
// Clobbers: x0-x15 v0-v7 v16-v23. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

FUNC quantize_a8_32__neon
        ldp     x1, x2, [x0, #ROW_Y]
        ldp     x3, x4, [x0, #ROW_X]
        ldr     x5, [x0, #ROW_COLS]
        ldr     x6, [x0, #ROW_TOKENS]
        add     x7, x5, #63
        and     x7, x7, #-64
        lsr     x5, x5, #5
        lsl     x8, x5, #2
        add     x8, x8, #63
        and     x8, x8, #-64
        add     x8, x8, x7
        movi    v4.4s, #0
        mov     w9, #0x42fe0000         // 127.0
        fmov    s1, w9
        mov     w9, #0x0d800000         // 2^-100
        fmov    s7, w9
        cbz     x6, .Lend
.Ltoken:
        mov     x9, x3
        mov     x10, x1
        add     x11, x1, x7
        add     x12, x1, x8
        mov     x13, x5
        cbz     x13, .Lnext
        .p2align 4
.Lblock:
# LLVM-MCA-BEGIN quantize_a8_32__neon
        ldp     q16, q17, [x9]
        ldp     q18, q19, [x9, #32]
        ldp     q20, q21, [x9, #64]
        ldp     q22, q23, [x9, #96]
        add     x9, x9, #128
        fabs    v0.4s, v16.4s
        .irp    n, 17, 18, 19, 20, 21, 22, 23
        fabs    v2.4s, v\n\().4s
        fmaxnm  v0.4s, v0.4s, v2.4s
        .endr
        fmaxnmv s0, v0.4s
        fdiv    s3, s0, s1
        fdiv    s2, s1, s0
        fcmp    s0, s7
        fcsel   s2, s4, s2, mi
        fcsel   s3, s4, s3, mi
        str     s3, [x11], #4
        .irp    n, 16, 17, 18, 19, 20, 21, 22, 23
        fmul    v\n\().4s, v\n\().4s, v2.s[0]
        fcvtns  v\n\().4s, v\n\().4s
        .endr
        sqxtn   v5.4h, v16.4s
        sqxtn2  v5.8h, v17.4s
        sqxtn   v6.4h, v18.4s
        sqxtn2  v6.8h, v19.4s
        sqxtn   v16.8b, v5.8h
        sqxtn2  v16.16b, v6.8h
        sqxtn   v5.4h, v20.4s
        sqxtn2  v5.8h, v21.4s
        sqxtn   v6.4h, v22.4s
        sqxtn2  v6.8h, v23.4s
        sqxtn   v17.8b, v5.8h
        sqxtn2  v17.16b, v6.8h
        stp     q16, q17, [x10], #32
        saddlv  h5, v16.16b
        saddlv  h6, v17.16b
        smov    w14, v5.h[0]
        smov    w15, v6.h[0]
        add     w14, w14, w15
        str     w14, [x12], #4
        subs    x13, x13, #1
        b.ne    .Lblock
# LLVM-MCA-END
.Lnext:
        add     x1, x1, x2
        add     x3, x3, x4
        subs    x6, x6, #1
        b.ne    .Ltoken
.Lend:
        ret
ENDFUNC quantize_a8_32__neon
