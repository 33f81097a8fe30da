// SPDX-License-Identifier: MIT
// A loop of known counts: 64 stores of 8 bytes an iteration, eight to each word of the sink.
//
// void count_stores__asm(const struct yardstick_args *a)            rdi
//   buffer, bytes unused
//   sink  64 bytes, written: the iterations left, as the last of them saw it
// Counts are in kernels/exact_counts.def and checked by stepping through: change both together.
// Live: rsi sink, rcx iterations left.
// Clobbers: rcx rsi. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

FUNC count_stores__asm
        mov     rsi, [rdi + YARDSTICK_SINK]
        mov     rcx, [rdi + YARDSTICK_ITERATIONS]
        test    rcx, rcx
        jg      .Literation
.Ldone:
        ret
        .p2align 6
.Literation:
# LLVM-MCA-BEGIN count_stores__asm
        .rept   8
        .irp    at, 0, 8, 16, 24, 32, 40, 48, 56
        mov     [rsi + \at], rcx
        .endr
        .endr
        dec     rcx
        jnz     .Literation
# LLVM-MCA-END
        jmp     .Ldone
ENDFUNC count_stores__asm
