// SPDX-License-Identifier: MIT
// The int8 dot-product peak without VNNI: vpmaddubsw, vpmaddwd, vpaddd, eight independent sums.
//
// void int8dot_peak__avx2(const struct yardstick_args *a)           rdi
//   buffer, bytes unused; an iteration is 240 times 32 unsigned x signed bytes = 7680 multiply-adds
//   sink  64 bytes, written: two of the sums
// Live: rcx iterations left, ymm0-7 sums of 32 bits, ymm8-11 products, ymm13 unsigned bytes,
//       ymm14 signed bytes, ymm15 16-bit ones.
// Clobbers: rax rcx ymm0-11 ymm13-15. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

.macro dot sum, product
        vpmaddubsw \product, ymm13, ymm14
        vpmaddwd \product, \product, ymm15
        vpaddd  \sum, \sum, \product
.endm

FUNC int8dot_peak__avx2
        mov     rcx, [rdi + YARDSTICK_ITERATIONS]
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7
        vpxor   xmm\n, xmm\n, xmm\n
        .endr
        vpcmpeqd ymm15, ymm15, ymm15
        vpsrlw  ymm15, ymm15, 15
        vpabsb  ymm13, ymm15            // bytes 1, 0, 1, 0, ...
        vpslld  ymm14, ymm15, 1
        vpor    ymm14, ymm14, ymm15
        test    rcx, rcx
        jle     .Ldone
        .p2align 6
.Literation:
# LLVM-MCA-BEGIN int8dot_peak__avx2
        .rept   30
        dot     ymm0, ymm8
        dot     ymm1, ymm9
        dot     ymm2, ymm10
        dot     ymm3, ymm11
        dot     ymm4, ymm8
        dot     ymm5, ymm9
        dot     ymm6, ymm10
        dot     ymm7, ymm11
        .endr
        dec     rcx
        jnz     .Literation
# LLVM-MCA-END
.Ldone:
        mov     rax, [rdi + YARDSTICK_SINK]
        vmovdqa [rax], ymm0
        vmovdqa [rax + 32], ymm7
        vzeroupper
        ret
ENDFUNC int8dot_peak__avx2
