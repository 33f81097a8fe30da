// SPDX-License-Identifier: MIT
// A loop of known counts: 64 loads of 8 bytes an iteration, all of the same 512 bytes.
//
// void count_loads__asm(const struct yardstick_args *a)             x0
//   buffer  64-byte aligned, bytes at least 1024: its first 512 bytes are read
//   sink    64 bytes, of which 8 are written: the word read last
// Counts are in kernels/exact_counts.def and checked by walking through: change both together.
// Live: x1 iterations left, x2 buffer, x3 what was read. Clobbers: x1-x4. Stack: none. Reads past the
//       end: none.
#include "kernels/asm/asm.h"

FUNC count_loads__asm
        ldr     x2, [x0, #YARDSTICK_BUFFER]
        ldr     x1, [x0, #YARDSTICK_ITERATIONS]
        mov     x3, #0
        cmp     x1, #0
        b.gt    .Literation
.Ldone:
        ldr     x4, [x0, #YARDSTICK_SINK]
        str     x3, [x4]
        ret
        .p2align 6
.Literation:
# LLVM-MCA-BEGIN count_loads__asm
        .set    at, 0
        .rept   64
        ldr     x3, [x2, #at]
        .set    at, at + 8
        .endr
        subs    x1, x1, #1
        b.ne    .Literation
# LLVM-MCA-END
        b       .Ldone
ENDFUNC count_loads__asm
