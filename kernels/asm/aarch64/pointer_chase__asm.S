// SPDX-License-Identifier: MIT
// Latency: 64 loads an iteration, each from the address that the one before gave.
//
// void pointer_chase__asm(const struct yardstick_args *a)           x0
//   buffer  where the chase begins: a word that holds the address of the next (kernels/chase.h)
//   bytes   unused
//   sink    64 bytes, of which 8 are written: where the chase stands, the next call's `buffer`
// Live: x1 iterations left, x2 address. Clobbers: x1-x3. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

FUNC pointer_chase__asm
        ldr     x2, [x0, #YARDSTICK_BUFFER]
        ldr     x1, [x0, #YARDSTICK_ITERATIONS]
        cmp     x1, #0
        b.gt    .Literation
.Ldone:
        ldr     x3, [x0, #YARDSTICK_SINK]
        str     x2, [x3]
        ret
        .p2align 6
.Literation:
# LLVM-MCA-BEGIN pointer_chase__asm
        .rept   64
        ldr     x2, [x2]
        .endr
        subs    x1, x1, #1
        b.ne    .Literation
# LLVM-MCA-END
        b       .Ldone
ENDFUNC pointer_chase__asm
