// SPDX-License-Identifier: MIT
// y = exp(x - largest) / sum of that for each token, eight columns at once; three passes: the largest, the
// exponentials and their sum, the division.
//
// void softmax__avx2(const struct row_args *a)                      rdi
//   y, x  [tokens][cols] float, y may be x; at least one x of a row finite, others may be -inf
// Live: rsi x, rdx y, r10 exp's constants, r11 tokens left, r8 column bytes, r9 columns left, ymm0-3 largest,
//   ymm5 1 / sum, ymm6 the largest, ymm7 sum, ymm12 the tail's mask, ymm13 -inf.
// Clobbers: rax rdx rsi r8-r11 ymm0-7 ymm12 ymm13. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/exp_avx2.h"
#include "kernels/asm/x86_64/rows_avx2.h"

        EXP_CONSTANTS
        ROWS_CONSTANTS

.macro largest8 acc, at, tail
.ifb \tail
        vmaxps  \acc, \acc, [rsi + r8 + \at]
.else
        vmaskmovps ymm4, ymm12, [rsi + r8 + \at]
        vblendvps ymm4, ymm13, ymm4, ymm12
        vmaxps  \acc, \acc, ymm4
.endif
.endm
.macro exponential8 tail
        vsubps  ymm0, ymm0, ymm6
        exp8    r10, ymm0, ymm1, ymm2, ymm3
.ifnb \tail
        vandps  ymm0, ymm0, ymm12
.endif
        vaddps  ymm7, ymm7, ymm0
.endm
.macro divide8 tail
        vmulps  ymm0, ymm0, ymm5
.endm

FUNC softmax__avx2
        lea     r10, [rip + .Lexp]
        mov     rsi, [rdi + ROW_X]
        mov     rdx, [rdi + ROW_Y]
        mov     r11, [rdi + ROW_TOKENS]
        vpcmpeqd ymm13, ymm13, ymm13
        vpslld  ymm13, ymm13, 23                // -inf
        TAIL_MASK ymm12
        test    r11, r11
        jle     .Ldone
.Ltoken:
        .irp    n, 0, 1, 2, 3
        vmovaps ymm\n, ymm13
        .endr
        FOLD    softmax__avx2_largest, largest8
        FOLDED  vmaxps
        vbroadcastss ymm6, xmm0
        vxorps  xmm7, xmm7, xmm7
        EACH8   rsi, exponential8
        vmovaps ymm0, ymm7
        ACROSS  vaddps
        mov     eax, 0x3f800000                 // 1.0
        vmovd   xmm1, eax
        vdivss  xmm0, xmm1, xmm0
        vbroadcastss ymm5, xmm0
        EACH8   rdx, divide8
        add     rsi, [rdi + ROW_X_STRIDE]
        add     rdx, [rdi + ROW_Y_STRIDE]
        dec     r11
        jnz     .Ltoken
.Ldone:
        vzeroupper
        ret
ENDFUNC softmax__avx2
