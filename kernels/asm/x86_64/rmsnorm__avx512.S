// SPDX-License-Identifier: MIT
// y = x / sqrt(mean(x^2) + eps) * gain for each token, sixteen columns at once.
//
// void rmsnorm__avx512(const struct row_args *a)                    rdi
//   y, x  [tokens][cols] float, y may be x; gain [cols] float or NULL; cols, tokens any
// Live: rsi x, rdx y, r10 gain, r11 tokens left, r8 column bytes, r9 columns left, zmm0-3 sums of squares,
//   zmm5 the factor, k1 the tail's mask.
// Clobbers: rax rdx rsi r8-r11 zmm0-5 k1. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/rows_avx512.h"

.macro scale16 k, kz
        vmulps  zmm4\kz, zmm5, [rsi + r8]
        vmovups [rdx + r8]\k, zmm4
.endm
.macro scale_gain16 k, kz
        vmulps  zmm4\kz, zmm5, [rsi + r8]
        vmulps  zmm4\kz, zmm4, [r10 + r8]
        vmovups [rdx + r8]\k, zmm4
.endm

FUNC rmsnorm__avx512
        mov     rsi, [rdi + ROW_X]
        mov     rdx, [rdi + ROW_Y]
        mov     r10, [rdi + ROW_GAIN]
        mov     r11, [rdi + ROW_TOKENS]
        TAIL_MASK
        test    r11, r11
        jle     .Ldone
.Ltoken:
        .irp    n, 0, 1, 2, 3
        vpxor   xmm\n, xmm\n, xmm\n
        .endr
        FOLD    rmsnorm__avx512, square16
        FOLDED  vaddps
        RECIPROCAL_ROOT
        test    r10, r10
        jz      .Lplain
        EACH16  scale_gain16
        jmp     .Lnext
.Lplain:
        EACH16  scale16
.Lnext:
        add     rsi, [rdi + ROW_X_STRIDE]
        add     rdx, [rdi + ROW_Y_STRIDE]
        dec     r11
        jnz     .Ltoken
.Ldone:
        vzeroupper
        ret
ENDFUNC rmsnorm__avx512
