// SPDX-License-Identifier: MIT
// A loop of known counts: 100 instructions an iteration, of which 98 are additions of four chains.
//
// void count_instructions__asm(const struct yardstick_args *a)      x0
//   buffer, bytes unused
//   sink  64 bytes, of which 8 are written: a sum
// Counts are in kernels/exact_counts.def and checked by walking through: change both together.
// Live: x1 iterations left, x2-x5 sums, x6 addend. Clobbers: x1-x7. Stack: none. Reads past the end:
//       none.
#include "kernels/asm/asm.h"

FUNC count_instructions__asm
        ldr     x1, [x0, #YARDSTICK_ITERATIONS]
        mov     x2, #0
        mov     x3, #0
        mov     x4, #0
        mov     x5, #0
        mov     x6, #3
        cmp     x1, #0
        b.gt    .Literation
.Ldone:
        ldr     x7, [x0, #YARDSTICK_SINK]
        str     x2, [x7]
        ret
        .p2align 6
.Literation:
# LLVM-MCA-BEGIN count_instructions__asm
        .rept   24
        add     x2, x2, x6
        add     x3, x3, x6
        add     x4, x4, x6
        add     x5, x5, x6
        .endr
        add     x2, x2, x6
        add     x3, x3, x6
        subs    x1, x1, #1
        b.ne    .Literation
# LLVM-MCA-END
        b       .Ldone
ENDFUNC count_instructions__asm
