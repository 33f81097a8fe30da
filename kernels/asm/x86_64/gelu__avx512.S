// SPDX-License-Identifier: MIT
// y = x / (1 + exp(-2 u)) (* b), u = sqrt(2 / pi) * (x + 0.044715 x^3), which is 0.5 x (1 + tanh(u));
// sixteen columns at once.
//
// void gelu__avx512(const struct row_args *a)                       rdi
//   x  [tokens][cols] float, any alignment; b the same, or NULL; y the same, written; may be x
// -2 u is capped at 88: beyond it the quotient is below 1e-36 of x.
// Live: those of ELEMENTWISE (rows_avx512.h), r11 exp's constants, zmm11 88, zmm13 -2 sqrt(2 / pi),
//   zmm14 that times 0.044715, zmm15 ones.
// Clobbers: rax rcx rdx rsi r8-r11 zmm0-5 zmm11 zmm13-15 k1 k2. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/exp_avx512.h"
#include "kernels/asm/x86_64/rows_avx512.h"

        EXP16_CONSTANTS

.macro gelu16
        vmulps  zmm1, zmm0, zmm0
        vfmadd213ps zmm1, zmm14, zmm13
        vmulps  zmm1, zmm1, zmm0                // -2 u
        vminps  zmm1, zmm1, zmm11
        exp16   r11, zmm1, zmm2, zmm3, k2
        vaddps  zmm1, zmm1, zmm15
        vdivps  zmm0, zmm0, zmm1
.endm
.macro gelu_mul16
        gelu16
        vmulps  zmm0, zmm0, zmm5
.endm

FUNC gelu__avx512
        lea     r11, [rip + .Lexp16]
        mov     eax, 0x42b00000                 // 88
        vpbroadcastd zmm11, eax
        mov     eax, 0xbfcc422a                 // -2 sqrt(2 / pi)
        vpbroadcastd zmm13, eax
        mov     eax, 0xbd922279                 // that times 0.044715
        vpbroadcastd zmm14, eax
        vbroadcastss zmm15, [r11 + EXP16_ONE]
        cmp     qword ptr [rdi + ROW_B], 0
        jne     .Lgated
        ELEMENTWISE gelu__avx512, 0, gelu16
.Lgated:
        ELEMENTWISE gelu__avx512, 1, gelu_mul16
ENDFUNC gelu__avx512
