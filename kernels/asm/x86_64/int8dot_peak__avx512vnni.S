// SPDX-License-Identifier: MIT
// The int8 dot-product peak of AVX-512 VNNI: ten independent sums of vpdpbusd.
//
// void int8dot_peak__avx512vnni(const struct yardstick_args *a)     rdi
//   buffer, bytes unused; an iteration is 120 times 64 unsigned x signed bytes = 7680 multiply-adds
//   sink  64 bytes, written: one of the sums
// Live: rcx iterations left, zmm0-9 sums of 32 bits, zmm10 unsigned bytes, zmm11 signed bytes.
// Clobbers: rax rcx zmm0-11. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

FUNC int8dot_peak__avx512vnni
        mov     rcx, [rdi + YARDSTICK_ITERATIONS]
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9
        vpxor   xmm\n, xmm\n, xmm\n
        .endr
        mov     eax, 0x04030201
        vpbroadcastd zmm10, eax
        vpbroadcastd zmm11, eax
        test    rcx, rcx
        jg      .Literation
.Ldone:
        mov     rax, [rdi + YARDSTICK_SINK]
        vmovdqa64 [rax], zmm0
        vzeroupper
        ret
        .p2align 6
.Literation:
# LLVM-MCA-BEGIN int8dot_peak__avx512vnni
        .rept   12
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9
        vpdpbusd zmm\n, zmm10, zmm11
        .endr
        .endr
        dec     rcx
        jnz     .Literation
# LLVM-MCA-END
        jmp     .Ldone
ENDFUNC int8dot_peak__avx512vnni
