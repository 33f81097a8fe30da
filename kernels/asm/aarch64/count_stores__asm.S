// SPDX-License-Identifier: MIT
// A loop of known counts: 64 stores of 8 bytes an iteration, eight to each word of the sink.
//
// void count_stores__asm(const struct yardstick_args *a)            x0
//   buffer, bytes unused
//   sink  64 bytes, written: the iterations left, as the last of them saw it
// Counts are in kernels/exact_counts.def and checked by walking through: change both together.
// Live: x1 iterations left, x2 sink. Clobbers: x1 x2. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

FUNC count_stores__asm
        ldr     x2, [x0, #YARDSTICK_SINK]
        ldr     x1, [x0, #YARDSTICK_ITERATIONS]
        cmp     x1, #0
        b.gt    .Literation
.Ldone:
        ret
        .p2align 6
.Literation:
# LLVM-MCA-BEGIN count_stores__asm
        .rept   8
        .irp    at, 0, 8, 16, 24, 32, 40, 48, 56
        str     x1, [x2, #\at]
        .endr
        .endr
        subs    x1, x1, #1
        b.ne    .Literation
# LLVM-MCA-END
        b       .Ldone
ENDFUNC count_stores__asm
