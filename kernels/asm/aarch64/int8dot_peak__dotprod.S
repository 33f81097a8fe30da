// SPDX-License-Identifier: MIT
// The int8 dot-product peak: sixteen independent sums of sdot.
//
// void int8dot_peak__dotprod(const struct yardstick_args *a)           x0
//   buffer, bytes unused; an iteration is 480 times 16 signed bytes = 7680 multiply-adds
//   sink  64 bytes, of which 16 are written: one of the sums
// Live: x1 iterations left, v0-v7 v16-v23 sums of 32 bits, v24 v25 signed bytes.
// Clobbers: x1 x2 v0-v7 v16-v25. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

FUNC int8dot_peak__dotprod
        ldr     x1, [x0, #YARDSTICK_ITERATIONS]
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23
        movi    v\n\().16b, #0
        .endr
        movi    v24.16b, #3
        movi    v25.16b, #5
        cmp     x1, #0
        b.gt    .Literation
.Ldone:
        ldr     x2, [x0, #YARDSTICK_SINK]
        str     q0, [x2]
        ret
        .p2align 6
.Literation:
# LLVM-MCA-BEGIN int8dot_peak__dotprod
        .rept   30
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23
        sdot    v\n\().4s, v24.16b, v25.16b
        .endr
        .endr
        subs    x1, x1, #1
        b.ne    .Literation
# LLVM-MCA-END
        b       .Ldone
ENDFUNC int8dot_peak__dotprod
