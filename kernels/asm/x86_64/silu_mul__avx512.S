// SPDX-License-Identifier: MIT
// y = x / (1 + exp(-x)) * b, sixteen columns at once.
//
// void silu_mul__avx512(const struct row_args *a)                   rdi
//   x, b  [tokens][cols] float, any alignment          y  the same, written; may be x
// -x is capped at 88: beyond it the quotient is below 1e-36 of x.
// Live: those of ELEMENTWISE (rows_avx512.h), r11 exp's constants, zmm13 88, zmm14 sign bit, zmm15 ones.
// Clobbers: rax rcx rdx rsi r8-r11 zmm0-5 zmm13-15 k1 k2. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/exp_avx512.h"
#include "kernels/asm/x86_64/rows_avx512.h"

        EXP16_CONSTANTS

// zmm0 = silu(zmm0) * zmm5
.macro silu16
        vpxord  zmm1, zmm0, zmm14
        vminps  zmm1, zmm1, zmm13
        exp16   r11, zmm1, zmm2, zmm3, k2
        vaddps  zmm1, zmm1, zmm15
        vdivps  zmm0, zmm0, zmm1
        vmulps  zmm0, zmm0, zmm5
.endm

FUNC silu_mul__avx512
        lea     r11, [rip + .Lexp16]
        mov     eax, 0x42b00000                 // 88
        vpbroadcastd zmm13, eax
        vpbroadcastd zmm14, [r11 + TANH16_SIGN]
        vbroadcastss zmm15, [r11 + EXP16_ONE]
        ELEMENTWISE silu_mul__avx512, 1, silu16
ENDFUNC silu_mul__avx512
