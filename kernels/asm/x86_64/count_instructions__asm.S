// SPDX-License-Identifier: MIT
// A loop of known counts: 100 instructions an iteration, of which 98 are additions of four chains.
//
// void count_instructions__asm(const struct yardstick_args *a)      rdi
//   buffer, bytes unused
//   sink  64 bytes, of which 8 are written: a sum
// Counts are in kernels/exact_counts.def and checked by stepping through: change both together.
// Live: rcx iterations left, rax rdx rsi r8 sums, r9 addend.
// Clobbers: rax rcx rdx rsi rdi r8 r9. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

FUNC count_instructions__asm
        mov     rcx, [rdi + YARDSTICK_ITERATIONS]
        xor     eax, eax
        xor     edx, edx
        xor     esi, esi
        xor     r8d, r8d
        mov     r9d, 3
        test    rcx, rcx
        jg      .Literation
.Ldone:
        mov     rdi, [rdi + YARDSTICK_SINK]
        mov     [rdi], rax
        ret
        .p2align 6
.Literation:
# LLVM-MCA-BEGIN count_instructions__asm
        .rept   24
        add     rax, r9
        add     rdx, r9
        add     rsi, r9
        add     r8, r9
        .endr
        add     rax, r9
        add     rdx, r9
        dec     rcx
        jnz     .Literation
# LLVM-MCA-END
        jmp     .Ldone
ENDFUNC count_instructions__asm
