// SPDX-License-Identifier: MIT
// y = exp(x - largest) / sum of that for each token, sixteen columns at once; three passes: the largest,
// the exponentials and their sum, the division.
//
// void softmax__avx512(const struct row_args *a)                    rdi
//   y, x  [tokens][cols] float, y may be x; at least one x of a row finite, others may be -inf
// Live: rsi x, rdx y, r10 exp's constants, r11 tokens left, r8 column bytes, r9 columns left, zmm0-3 largest,
//   zmm5 1 / sum, zmm6 the largest, zmm7 sum, k1 the tail's mask.
// Clobbers: rax rdx rsi r8-r11 zmm0-7 k1 k2. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/exp_avx512.h"
#include "kernels/asm/x86_64/rows_avx512.h"

        EXP16_CONSTANTS

.macro largest16 acc, at, k
        vmaxps  \acc\k, \acc, [rsi + r8 + \at]
.endm
.macro exponential16 k, kz
        vsubps  zmm0\kz, zmm6, [rsi + r8]
        vpxord  zmm0, zmm0, zmm4
        exp16   r10, zmm0, zmm1, zmm2, k2
        vmovups [rdx + r8]\k, zmm0
        vaddps  zmm7\k, zmm7, zmm0
.endm
.macro divide16 k, kz
        vmulps  zmm0\kz, zmm5, [rdx + r8]
        vmovups [rdx + r8]\k, zmm0
.endm

FUNC softmax__avx512
        lea     r10, [rip + .Lexp16]
        mov     rsi, [rdi + ROW_X]
        mov     rdx, [rdi + ROW_Y]
        mov     r11, [rdi + ROW_TOKENS]
        vpbroadcastd zmm4, [r10 + TANH16_SIGN]
        TAIL_MASK
        test    r11, r11
        jle     .Ldone
.Ltoken:
        mov     eax, 0xff800000                 // -inf
        vpbroadcastd zmm0, eax
        .irp    n, 1, 2, 3
        vmovaps zmm\n, zmm0
        .endr
        FOLD    softmax__avx512_largest, largest16
        FOLDED  vmaxps
        vbroadcastss zmm6, xmm0
        vpxor   xmm7, xmm7, xmm7
        EACH16  exponential16
        vmovaps zmm0, zmm7
        ACROSS  vaddps
        mov     eax, 0x3f800000                 // 1.0
        vmovd   xmm1, eax
        vdivss  xmm0, xmm1, xmm0
        vbroadcastss zmm5, xmm0
        EACH16  divide16
        add     rsi, [rdi + ROW_X_STRIDE]
        add     rdx, [rdi + ROW_Y_STRIDE]
        dec     r11
        jnz     .Ltoken
.Ldone:
        vzeroupper
        ret
ENDFUNC softmax__avx512
