// SPDX-License-Identifier: MIT
// The bf16 dot-product peak: ten independent sums of vdpbf16ps.
//
// void bf16dot_peak__avx512bf16(const struct yardstick_args *a)     rdi
//   buffer, bytes unused; an iteration is 120 times 32 products of bf16 = 3840 multiply-adds
//   sink  64 bytes, written: one of the sums
// Live: rcx iterations left, zmm0-9 sums of floats, zmm10 and zmm11 ones; a sum
//   stops growing at 2^25.
// Clobbers: rax rcx zmm0-11. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

FUNC bf16dot_peak__avx512bf16
        mov     rcx, [rdi + YARDSTICK_ITERATIONS]
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9
        vpxor   xmm\n, xmm\n, xmm\n
        .endr
        mov     eax, 0x3f803f80         // 1.0, 1.0
        vpbroadcastd zmm10, eax
        vmovdqa64 zmm11, zmm10
        test    rcx, rcx
        jg      .Literation
.Ldone:
        mov     rax, [rdi + YARDSTICK_SINK]
        vmovdqa64 [rax], zmm0
        vzeroupper
        ret
        .p2align 6
.Literation:
# LLVM-MCA-BEGIN bf16dot_peak__avx512bf16
        .rept   12
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9
        vdpbf16ps zmm\n, zmm10, zmm11
        .endr
        .endr
        dec     rcx
        jnz     .Literation
# LLVM-MCA-END
        jmp     .Ldone
ENDFUNC bf16dot_peak__avx512bf16
