// SPDX-License-Identifier: MIT
// A clock: 64 additions an iteration, each waiting for the one before, one cycle each.
//
// void add_chain__asm(const struct yardstick_args *a)               x0
//   buffer, bytes unused
//   sink  64 bytes, of which 8 are written: the sum
// Live: x1 iterations left, x2 sum, x3 addend. Clobbers: x1-x4. Stack: none. Reads past the end:
//       none.
#include "kernels/asm/asm.h"

FUNC add_chain__asm
        ldr     x1, [x0, #YARDSTICK_ITERATIONS]
        mov     x2, #0
        mov     x3, #3
        cmp     x1, #0
        b.gt    .Literation
.Ldone:
        ldr     x4, [x0, #YARDSTICK_SINK]
        str     x2, [x4]
        ret
        .p2align 6
.Literation:
# LLVM-MCA-BEGIN add_chain__asm
        .rept   64
        add     x2, x2, x3
        .endr
        subs    x1, x1, #1
        b.ne    .Literation
# LLVM-MCA-END
        b       .Ldone
ENDFUNC add_chain__asm
