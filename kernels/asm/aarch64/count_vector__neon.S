// SPDX-License-Identifier: MIT
// A loop of known counts: 64 vector additions of 4 floats an iteration, eight chains.
//
// void count_vector__neon(const struct yardstick_args *a)           x0
//   buffer, bytes unused
//   sink  64 bytes, of which 16 are written: zeros, the sum of a chain
// Counts are in kernels/exact_counts.def and checked by walking through: change both together.
// Live: x1 iterations left, v0-v7 sums, v16 zeros. Clobbers: x1 x2 v0-v7 v16. Stack: none. Reads past
//       the end: none.
#include "kernels/asm/asm.h"

FUNC count_vector__neon
        ldr     x1, [x0, #YARDSTICK_ITERATIONS]
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 16
        movi    v\n\().16b, #0
        .endr
        cmp     x1, #0
        b.gt    .Literation
.Ldone:
        ldr     x2, [x0, #YARDSTICK_SINK]
        str     q0, [x2]
        ret
        .p2align 6
.Literation:
# LLVM-MCA-BEGIN count_vector__neon
        .rept   8
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7
        fadd    v\n\().4s, v\n\().4s, v16.4s
        .endr
        .endr
        subs    x1, x1, #1
        b.ne    .Literation
# LLVM-MCA-END
        b       .Ldone
ENDFUNC count_vector__neon
