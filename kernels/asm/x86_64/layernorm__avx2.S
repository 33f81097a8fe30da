// SPDX-License-Identifier: MIT
// y = (x - mean) / sqrt(variance + eps) * gain + bias for each token, eight columns at once; three passes:
// the sum, the squares about the mean, y.
//
// void layernorm__avx2(const struct row_args *a)                    rdi
//   y, x  [tokens][cols] float, y may be x; gain, bias [cols] float or NULL; cols, tokens any
// Live: rsi x, rdx y, r10 gain, rcx bias, r11 tokens left, r8 column bytes, r9 columns left, ymm0-3 sums,
//   ymm5 1 / deviation, ymm6 mean, ymm12 the tail's mask.
// Clobbers: rax rcx rdx rsi r8-r11 ymm0-6 ymm12. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/rows_avx2.h"

        ROWS_CONSTANTS

.macro sum8 acc, at, tail
.ifb \tail
        vaddps  \acc, \acc, [rsi + r8 + \at]
.else
        vmaskmovps ymm4, ymm12, [rsi + r8 + \at]
        vaddps  \acc, \acc, ymm4
.endif
.endm
.macro centred_square8 acc, at, tail
.ifb \tail
        vsubps  ymm4, ymm6, [rsi + r8 + \at]
.else
        vmaskmovps ymm4, ymm12, [rsi + r8 + \at]
        vsubps  ymm4, ymm6, ymm4
        vandps  ymm4, ymm4, ymm12
.endif
        vfmadd231ps \acc, ymm4, ymm4
.endm
// [base + r8] for `operation` with ymm0, unless base is NULL.
.macro optional base, operation, tail
        test    \base, \base
        jz      1f
.ifb \tail
        \operation ymm0, ymm0, [\base + r8]
.else
        vmaskmovps ymm4, ymm12, [\base + r8]
        \operation ymm0, ymm0, ymm4
.endif
1:
.endm
.macro norm8 tail
        vsubps  ymm0, ymm0, ymm6
        vmulps  ymm0, ymm0, ymm5
        optional r10, vmulps, \tail
        optional rcx, vaddps, \tail
.endm

FUNC layernorm__avx2
        mov     rsi, [rdi + ROW_X]
        mov     rdx, [rdi + ROW_Y]
        mov     rcx, [rdi + ROW_BIAS]
        mov     r10, [rdi + ROW_GAIN]
        mov     r11, [rdi + ROW_TOKENS]
        TAIL_MASK ymm12
        test    r11, r11
        jle     .Ldone
.Ltoken:
        .irp    n, 0, 1, 2, 3
        vxorps  xmm\n, xmm\n, xmm\n
        .endr
        FOLD    layernorm__avx2_sum, sum8
        FOLDED  vaddps
        vxorps  xmm2, xmm2, xmm2
        vcvtsi2ss xmm1, xmm2, qword ptr [rdi + ROW_COLS]
        vdivss  xmm0, xmm0, xmm1
        vbroadcastss ymm6, xmm0
        .irp    n, 0, 1, 2, 3
        vxorps  xmm\n, xmm\n, xmm\n
        .endr
        FOLD    layernorm__avx2, centred_square8
        FOLDED  vaddps
        RECIPROCAL_ROOT
        EACH8   rsi, norm8
        add     rsi, [rdi + ROW_X_STRIDE]
        add     rdx, [rdi + ROW_Y_STRIDE]
        dec     r11
        jnz     .Ltoken
.Ldone:
        vzeroupper
        ret
ENDFUNC layernorm__avx2
