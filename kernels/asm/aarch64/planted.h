// SPDX-License-Identifier: MIT
// The body of planted__asm_*: effects of known size, for asking a measurement whether it finds
// them. One chain of 166 + EXTRA dependent additions an iteration, one cycle each, 32 of them of
// words that are loaded from the first 256 bytes of the buffer. With the loads, subs and b.ne 200 +
// EXTRA instructions, and 166 + EXTRA cycles on a core whose additions take one.
//
// void planted__asm_*(const struct yardstick_args *a)               x0
//   buffer  64-byte aligned, bytes at least 1024: its first 256 bytes are read
//   sink    64 bytes, of which 8 are written: the sum
// Counts are in kernels/exact_counts.def and checked by walking through: change both together.
// Live: x1 iterations left, x2 buffer, x3 sum, x4 addend, x5 the word loaded.
// Clobbers: x1-x6. Stack: none. Reads past the end: none.
#pragma once
// clang-format off

.macro planted_loop name, extra
        ldr     x2, [x0, #YARDSTICK_BUFFER]
        ldr     x1, [x0, #YARDSTICK_ITERATIONS]
        mov     x3, #0
        mov     x4, #3
        cmp     x1, #0
        b.gt    .Literation
.Ldone:
        ldr     x6, [x0, #YARDSTICK_SINK]
        str     x3, [x6]
        ret
        .p2align 6
.Literation:
# LLVM-MCA-BEGIN \name
        .set    at, 0
        .rept   32
        ldr     x5, [x2, #at]
        .rept   4
        add     x3, x3, x4
        .endr
        add     x3, x3, x5
        .set    at, at + 8
        .endr
        .rept   6 + \extra
        add     x3, x3, x4
        .endr
        subs    x1, x1, #1
        b.ne    .Literation
# LLVM-MCA-END
        b       .Ldone
.endm
