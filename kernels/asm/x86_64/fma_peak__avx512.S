// SPDX-License-Identifier: MIT
// The multiply-add peak: ten independent chains of x = x * 0.5 + 0.5, which stay at 1.
//
// void fma_peak__avx512(const struct yardstick_args *a)             rdi
//   buffer, bytes unused; an iteration is 120 instructions of 16 lanes = 1920 multiply-adds
//   sink  64 bytes, written: lanes of the chains
// Live: rcx iterations left, zmm0-9 chains, zmm10 factor, zmm11 term.
// Clobbers: rax rcx zmm0-11. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

FUNC fma_peak__avx512
        mov     rcx, [rdi + YARDSTICK_ITERATIONS]
        mov     eax, 0x3f800000         // 1.0
        vmovd   xmm0, eax
        vbroadcastss zmm0, xmm0
        .irp    n, 1, 2, 3, 4, 5, 6, 7, 8, 9
        vmovaps zmm\n, zmm0
        .endr
        mov     eax, 0x3f000000         // 0.5
        vmovd   xmm10, eax
        vbroadcastss zmm10, xmm10
        vmovaps zmm11, zmm10
        test    rcx, rcx
        jg      .Literation
.Ldone:
        mov     rax, [rdi + YARDSTICK_SINK]
        vmovaps [rax], zmm0
        vzeroupper
        ret
        .p2align 6
.Literation:
# LLVM-MCA-BEGIN fma_peak__avx512
        .rept   12
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9
        vfmadd132ps zmm\n, zmm11, zmm10
        .endr
        .endr
        dec     rcx
        jnz     .Literation
# LLVM-MCA-END
        jmp     .Ldone
ENDFUNC fma_peak__avx512
