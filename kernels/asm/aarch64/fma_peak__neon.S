// SPDX-License-Identifier: MIT
// The multiply-add peak: sixteen independent chains of x = x + 0 * 1, which stay at 1.
//
// void fma_peak__neon(const struct yardstick_args *a)           x0
//   buffer, bytes unused; an iteration is 480 instructions of 4 lanes = 1920 multiply-adds
//   sink  64 bytes, of which 16 are written: one of the sums
// Live: x1 iterations left, v0-v7 v16-v23 chains, v24 zeros, v25 ones.
// Clobbers: x1 x2 v0-v7 v16-v25. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

FUNC fma_peak__neon
        ldr     x1, [x0, #YARDSTICK_ITERATIONS]
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23, 25
        fmov    v\n\().4s, #1.0
        .endr
        movi    v24.16b, #0
        cmp     x1, #0
        b.gt    .Literation
.Ldone:
        ldr     x2, [x0, #YARDSTICK_SINK]
        str     q0, [x2]
        ret
        .p2align 6
.Literation:
# LLVM-MCA-BEGIN fma_peak__neon
        .rept   30
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23
        fmla    v\n\().4s, v24.4s, v25.4s
        .endr
        .endr
        subs    x1, x1, #1
        b.ne    .Literation
# LLVM-MCA-END
        b       .Ldone
ENDFUNC fma_peak__neon
