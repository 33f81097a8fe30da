// SPDX-License-Identifier: MIT
// The multiply-add peak: ten independent chains of x = x * 0.5 + 0.5, which stay at 1.
//
// void fma_peak__avx2(const struct yardstick_args *a)               rdi
//   buffer, bytes unused; an iteration is 240 instructions of 8 lanes = 1920 multiply-adds
//   sink  64 bytes, written: lanes of the chains
// Live: rcx iterations left, ymm0-9 chains, ymm10 factor, ymm11 term.
// Clobbers: rax rcx ymm0-11. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

FUNC fma_peak__avx2
        mov     rcx, [rdi + YARDSTICK_ITERATIONS]
        mov     eax, 0x3f800000         // 1.0
        vmovd   xmm0, eax
        vbroadcastss ymm0, xmm0
        .irp    n, 1, 2, 3, 4, 5, 6, 7, 8, 9
        vmovaps ymm\n, ymm0
        .endr
        mov     eax, 0x3f000000         // 0.5
        vmovd   xmm10, eax
        vbroadcastss ymm10, xmm10
        vmovaps ymm11, ymm10
        test    rcx, rcx
        jg      .Literation
.Ldone:
        mov     rax, [rdi + YARDSTICK_SINK]
        vmovaps [rax], ymm0
        vmovaps [rax + 32], ymm1
        vzeroupper
        ret
        .p2align 6
.Literation:
# LLVM-MCA-BEGIN fma_peak__avx2
        .rept   24
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9
        vfmadd132ps ymm\n, ymm11, ymm10
        .endr
        .endr
        dec     rcx
        jnz     .Literation
# LLVM-MCA-END
        jmp     .Ldone
ENDFUNC fma_peak__avx2
