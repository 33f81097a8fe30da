// SPDX-License-Identifier: MIT
// A loop of known counts: 17 branches an iteration, all taken, none hard to predict.
//
// void count_branches__asm(const struct yardstick_args *a)          x0
//   buffer, bytes unused
//   sink  64 bytes, of which 8 are written: the iterations left
// Sixteen conditional branches test the zero register; each leaps to the next 16 bytes.
// Counts are in kernels/exact_counts.def and checked by walking through: change both together.
// Live: x1 iterations left. Clobbers: x1 x2. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

FUNC count_branches__asm
        ldr     x1, [x0, #YARDSTICK_ITERATIONS]
        cmp     x1, #0
        b.gt    .Literation
.Ldone:
        ldr     x2, [x0, #YARDSTICK_SINK]
        str     x1, [x2]
        ret
        .p2align 6
.Literation:
# LLVM-MCA-BEGIN count_branches__asm
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        cbz     xzr, .Lnext\n
        .p2align 4
.Lnext\n:
        .endr
        subs    x1, x1, #1
        b.ne    .Literation
# LLVM-MCA-END
        b       .Ldone
ENDFUNC count_branches__asm
