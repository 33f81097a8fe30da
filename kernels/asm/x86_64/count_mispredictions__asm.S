// SPDX-License-Identifier: MIT
// A loop of known counts whose branch nothing can predict: half of the iterations mispredict it.
//
// void count_mispredictions__asm(const struct yardstick_args *a)    rdi
//   buffer  its first 8 bytes are the seed of the pattern
//   sink    64 bytes, of which 16 are written: branches not taken less branches taken, and where the
//           pattern stands; the next call adds that to its seed, because a predictor learns a pattern
//           of tens of thousands of branches that it meets again
// The pattern is the top bit of x = x * 6364136223846793005 + 1442695040888963407. Both ways execute
// as many instructions.
// Counts are in kernels/exact_counts.def and checked by stepping through: change both together.
// Live: rcx iterations left, rax x, rdx factor, rsi term, r8 the difference,
//       rdi sink.
// Clobbers: rax rcx rdx rsi rdi r8. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

FUNC count_mispredictions__asm
        mov     rcx, [rdi + YARDSTICK_ITERATIONS]
        mov     rax, [rdi + YARDSTICK_BUFFER]
        mov     rax, [rax]
        mov     rdi, [rdi + YARDSTICK_SINK]
        add     rax, [rdi + 8]
        movabs  rdx, 6364136223846793005
        movabs  rsi, 1442695040888963407
        xor     r8d, r8d
        test    rcx, rcx
        jg      .Literation
.Ldone:
        mov     [rdi], r8
        mov     [rdi + 8], rax
        ret
        .p2align 6
.Literation:
# LLVM-MCA-BEGIN count_mispredictions__asm
        imul    rax, rdx
        add     rax, rsi
        js      .Ltaken
        add     r8, 1
        dec     rcx
        jnz     .Literation
# LLVM-MCA-END
        jmp     .Ldone
        .p2align 6
.Ltaken:
        sub     r8, 1
        dec     rcx
        jnz     .Literation
        jmp     .Ldone
ENDFUNC count_mispredictions__asm
