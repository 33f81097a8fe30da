// SPDX-License-Identifier: MIT
// A loop of known counts: 64 vector additions of 8 floats an iteration, eight chains.
//
// void count_vector__avx2(const struct yardstick_args *a)           rdi
//   buffer, bytes unused
//   sink  64 bytes, of which 32 are written: zeros, the sum of a chain
// Counts are in kernels/exact_counts.def and checked by stepping through: change both together.
// Live: rcx iterations left, ymm0-7 sums, ymm8 addend.
// Clobbers: rcx rdi ymm0-8. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

FUNC count_vector__avx2
        mov     rcx, [rdi + YARDSTICK_ITERATIONS]
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8
        vpxor   xmm\n, xmm\n, xmm\n
        .endr
        test    rcx, rcx
        jg      .Literation
.Ldone:
        mov     rdi, [rdi + YARDSTICK_SINK]
        vmovups [rdi], ymm0
        vzeroupper
        ret
        .p2align 6
.Literation:
# LLVM-MCA-BEGIN count_vector__avx2
        .rept   8
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7
        vaddps  ymm\n, ymm\n, ymm8
        .endr
        .endr
        dec     rcx
        jnz     .Literation
# LLVM-MCA-END
        jmp     .Ldone
ENDFUNC count_vector__avx2
