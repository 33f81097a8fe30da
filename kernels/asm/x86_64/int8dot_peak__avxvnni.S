// SPDX-License-Identifier: MIT
// The int8 dot-product peak of AVX-VNNI: ten independent sums of vpdpbusd.
//
// void int8dot_peak__avxvnni(const struct yardstick_args *a)     rdi
//   buffer, bytes unused; an iteration is 240 times 32 unsigned x signed bytes = 7680 multiply-adds
//   sink  64 bytes, of which 32 are written: one of the sums
// Live: rcx iterations left, ymm0-9 sums of 32 bits, ymm10 unsigned bytes, ymm11 signed bytes.
// Clobbers: rax rcx ymm0-11. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"
#define VNNI_VEX
#include "kernels/asm/x86_64/vnni.h"

FUNC int8dot_peak__avxvnni
        mov     rcx, [rdi + YARDSTICK_ITERATIONS]
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9
        vpxor   xmm\n, xmm\n, xmm\n
        .endr
        mov     eax, 0x04030201
        vmovd   xmm10, eax
        vpbroadcastd ymm10, xmm10
        vmovdqa ymm11, ymm10
        test    rcx, rcx
        jg      .Literation
.Ldone:
        mov     rax, [rdi + YARDSTICK_SINK]
        vmovdqa [rax], ymm0
        vzeroupper
        ret
        .p2align 6
.Literation:
# LLVM-MCA-BEGIN int8dot_peak__avxvnni
        .rept   24
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9
        DPBUSD   ymm\n, ymm10, ymm11
        .endr
        .endr
        dec     rcx
        jnz     .Literation
# LLVM-MCA-END
        jmp     .Ldone
ENDFUNC int8dot_peak__avxvnni
