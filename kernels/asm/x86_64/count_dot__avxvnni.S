// SPDX-License-Identifier: MIT
// A loop of known counts: 64 dot instructions of 32 bytes an iteration, eight chains.
//
// void count_dot__avxvnni(const struct yardstick_args *a)              rdi
//   buffer, bytes unused
//   sink  64 bytes, of which 32 are written: zeros, the sum of a chain
// Counts are in kernels/exact_counts.def and checked by stepping through: change both together.
// Live: rcx iterations left, ymm0-7 sums, ymm8 ymm9 bytes.
// Clobbers: rcx rdi ymm0-9. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"
#define VNNI_VEX
#include "kernels/asm/x86_64/vnni.h"

FUNC count_dot__avxvnni
        mov     rcx, [rdi + YARDSTICK_ITERATIONS]
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9
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
# LLVM-MCA-BEGIN count_dot__avxvnni
        .rept   8
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7
        DPBUSD ymm\n, ymm8, ymm9
        .endr
        .endr
        dec     rcx
        jnz     .Literation
# LLVM-MCA-END
        jmp     .Ldone
ENDFUNC count_dot__avxvnni
