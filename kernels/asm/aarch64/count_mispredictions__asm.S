// SPDX-License-Identifier: MIT
// A loop of known counts whose branch nothing can predict: half of the iterations mispredict it.
//
// void count_mispredictions__asm(const struct yardstick_args *a)    x0
//   buffer  its first 8 bytes are the seed of the pattern
//   sink    64 bytes, of which 16 are written: branches not taken less branches taken, and where the
//           pattern stands; the next call adds that to its seed, because a predictor learns a pattern
//           of tens of thousands of branches that it meets again
// The pattern is the top bit of x = x * 6364136223846793005 + 1442695040888963407. Both ways execute
// as many instructions.
// Counts are in kernels/exact_counts.def and checked by walking through: change both together.
// Live: x1 iterations left, x2 x, x3 factor, x4 term, x5 the difference, x6 sink. Clobbers:
//       x1-x7. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

FUNC count_mispredictions__asm
        ldr     x1, [x0, #YARDSTICK_ITERATIONS]
        ldr     x2, [x0, #YARDSTICK_BUFFER]
        ldr     x2, [x2]
        ldr     x6, [x0, #YARDSTICK_SINK]
        ldr     x7, [x6, #8]
        add     x2, x2, x7
        movz    x3, #0x5851, lsl #48            // 6364136223846793005
        movk    x3, #0xf42d, lsl #32
        movk    x3, #0x4c95, lsl #16
        movk    x3, #0x7f2d
        movz    x4, #0x1405, lsl #48            // 1442695040888963407
        movk    x4, #0x7b7e, lsl #32
        movk    x4, #0xf767, lsl #16
        movk    x4, #0x814f
        mov     x5, #0
        cmp     x1, #0
        b.gt    .Literation
.Ldone:
        str     x5, [x6]
        str     x2, [x6, #8]
        ret
        .p2align 6
.Literation:
# LLVM-MCA-BEGIN count_mispredictions__asm
        madd    x2, x2, x3, x4
        tbnz    x2, #63, .Ltaken
        add     x5, x5, #1
        subs    x1, x1, #1
        b.ne    .Literation
# LLVM-MCA-END
        b       .Ldone
        .p2align 6
.Ltaken:
        sub     x5, x5, #1
        subs    x1, x1, #1
        b.ne    .Literation
        b       .Ldone
ENDFUNC count_mispredictions__asm
