// SPDX-License-Identifier: MIT
// y = (x - mean) / sqrt(variance + eps) * gain + bias for each token, sixteen columns at once; three passes:
// the sum, the squares about the mean, y.
//
// void layernorm__avx512(const struct row_args *a)                  rdi
//   y, x  [tokens][cols] float, y may be x; gain, bias [cols] float or NULL; cols, tokens any
// Live: rsi x, rdx y, r10 gain, rcx bias, r11 tokens left, r8 column bytes, r9 columns left, zmm0-3 sums,
//   zmm5 1 / deviation, zmm6 mean, k1 the tail's mask.
// Clobbers: rax rcx rdx rsi r8-r11 zmm0-6 k1. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/rows_avx512.h"

.macro sum16 acc, at, k
        vaddps  \acc\k, \acc, [rsi + r8 + \at]
.endm
.macro centred_square16 acc, at, k
        vmovaps zmm4, zmm6
        vsubps  zmm4\k, zmm4, [rsi + r8 + \at]
        vfmadd231ps \acc\k, zmm4, zmm4
.endm
.macro norm16 k, kz
        vmovups zmm4\kz, [rsi + r8]
        vsubps  zmm4, zmm4, zmm6
        vmulps  zmm4, zmm4, zmm5
        test    r10, r10
        jz      1f
        vmulps  zmm4\kz, zmm4, [r10 + r8]
1:      test    rcx, rcx
        jz      2f
        vaddps  zmm4\kz, zmm4, [rcx + r8]
2:      vmovups [rdx + r8]\k, zmm4
.endm

FUNC layernorm__avx512
        mov     rsi, [rdi + ROW_X]
        mov     rdx, [rdi + ROW_Y]
        mov     rcx, [rdi + ROW_BIAS]
        mov     r10, [rdi + ROW_GAIN]
        mov     r11, [rdi + ROW_TOKENS]
        TAIL_MASK
        test    r11, r11
        jle     .Ldone
.Ltoken:
        .irp    n, 0, 1, 2, 3
        vpxor   xmm\n, xmm\n, xmm\n
        .endr
        FOLD    layernorm__avx512_sum, sum16
        FOLDED  vaddps
        vpxor   xmm2, xmm2, xmm2
        vcvtsi2ss xmm1, xmm2, qword ptr [rdi + ROW_COLS]
        vdivss  xmm0, xmm0, xmm1
        vbroadcastss zmm6, xmm0
        .irp    n, 0, 1, 2, 3
        vpxor   xmm\n, xmm\n, xmm\n
        .endr
        FOLD    layernorm__avx512, centred_square16
        FOLDED  vaddps
        RECIPROCAL_ROOT
        EACH16  norm16
        add     rsi, [rdi + ROW_X_STRIDE]
        add     rdx, [rdi + ROW_Y_STRIDE]
        dec     r11
        jnz     .Ltoken
.Ldone:
        vzeroupper
        ret
ENDFUNC layernorm__avx512
