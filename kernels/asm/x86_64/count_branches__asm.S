// SPDX-License-Identifier: MIT
// A loop of known counts: 17 branches an iteration, all taken, none hard to predict.
//
// void count_branches__asm(const struct yardstick_args *a)          rdi
//   buffer, bytes unused
//   sink  64 bytes, of which 8 are written: the iterations left
// Sixteen conditional branches test the carry flag, which test clears and dec leaves alone; each leaps
// to the next 16 bytes, for a branch unit that remembers few branches in one line.
// Counts are in kernels/exact_counts.def and checked by stepping through: change both together.
// Live: rcx iterations left. Clobbers: rcx rdi. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

FUNC count_branches__asm
        mov     rcx, [rdi + YARDSTICK_ITERATIONS]
        test    rcx, rcx                // clears the carry flag too
        jg      .Literation
.Ldone:
        mov     rdi, [rdi + YARDSTICK_SINK]
        mov     [rdi], rcx
        ret
        .p2align 6
.Literation:
# LLVM-MCA-BEGIN count_branches__asm
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        jnc     .Lnext\n
        .p2align 4
.Lnext\n:
        .endr
        dec     rcx
        jnz     .Literation
# LLVM-MCA-END
        jmp     .Ldone
ENDFUNC count_branches__asm
