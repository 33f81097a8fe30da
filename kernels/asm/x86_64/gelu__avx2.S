// SPDX-License-Identifier: MIT
// y = x / (1 + exp(-2 u)) (* b), u = sqrt(2 / pi) * (x + 0.044715 x^3), which is 0.5 x (1 + tanh(u));
// eight columns at once.
//
// void gelu__avx2(const struct row_args *a)                         rdi
//   x  [tokens][cols] float, any alignment; b the same, or NULL; y the same, written; may be x
// -2 u is capped at 88: beyond it the quotient is below 1e-36 of x.
// Live: those of ELEMENTWISE (rows_avx2.h), r11 exp's constants, ymm11 88, ymm13 -2 sqrt(2 / pi),
//   ymm14 that times 0.044715, ymm15 ones.
// Clobbers: rax rcx rdx rsi r8-r11 ymm0-5 ymm11-15. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/exp_avx2.h"
#include "kernels/asm/x86_64/rows_avx2.h"

        EXP_CONSTANTS
        ROWS_CONSTANTS

.macro fill reg, bits
        mov     eax, \bits
        vmovd   x\reg, eax
        vbroadcastss y\reg, x\reg
.endm
.macro gelu8
        vmulps  ymm1, ymm0, ymm0
        vfmadd213ps ymm1, ymm14, ymm13
        vmulps  ymm1, ymm1, ymm0                // -2 u
        vminps  ymm1, ymm1, ymm11
        exp8    r11, ymm1, ymm2, ymm3, ymm4
        vaddps  ymm1, ymm1, ymm15
        vdivps  ymm0, ymm0, ymm1
.endm
.macro gelu_mul8
        gelu8
        vmulps  ymm0, ymm0, ymm5
.endm

FUNC gelu__avx2
        lea     r11, [rip + .Lexp]
        fill    mm11, 0x42b00000                // 88
        fill    mm13, 0xbfcc422a                // -2 sqrt(2 / pi)
        fill    mm14, 0xbd922279                // that times 0.044715
        vmovaps ymm15, [r11 + EXP_ONE]
        cmp     qword ptr [rdi + ROW_B], 0
        jne     .Lgated
        ELEMENTWISE gelu__avx2, 0, gelu8
.Lgated:
        ELEMENTWISE gelu__avx2, 1, gelu_mul8
ENDFUNC gelu__avx2
