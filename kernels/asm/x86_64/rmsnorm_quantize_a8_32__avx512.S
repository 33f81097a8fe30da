// SPDX-License-Identifier: MIT
// y = the a8_32 planes of x / sqrt(mean(x^2) + eps) * gain for each token, in two passes over x.
//
// void rmsnorm_quantize_a8_32__avx512(const struct row_args *a)     rdi
//   x  [tokens][cols] float, gain [cols] float or NULL    cols a multiple of 32, tokens any
//   y  [tokens] planes: int8 q[cols], float d[cols/32], int32 sum[cols/32], each 64-byte aligned
//   normed  [tokens][cols] float, written too unless it is NULL; may be x
// Live: rsi x, rdx q, r8 d, r9 sum, rcx blocks left, r10 gain, r11 normed, rbx tokens left, rbp x, r12 y
//   and r13 normed of the token, zmm16 the factor, those of quantize_avx512.h.
// Clobbers: rax rcx rdx rsi r8-r11 zmm0-20 k1-k7. Stack: rbx rbp r12 r13 and 16
//   bytes below. Reads past the end: none.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/quantize_avx512.h"
#include "kernels/asm/x86_64/rows_avx512.h"

.macro load_scaled n, kz
        vmulps  zmm\n\kz, zmm16, [rsi + \n * 64]
.endm
.macro load_normed n, kz
        vmulps  zmm\n\kz, zmm16, [rsi + \n * 64]
        vmulps  zmm\n\kz, zmm\n, [r10 + \n * 64]
.endm
.macro keep ka, kb, kc, kd
        add     r10, 512
        test    r11, r11
        jz      .Lkept\@
        vmovups [r11]\ka, zmm0
        vmovups [r11 + 64]\ka, zmm1
        vmovups [r11 + 128]\kb, zmm2
        vmovups [r11 + 192]\kb, zmm3
        vmovups [r11 + 256]\kc, zmm4
        vmovups [r11 + 320]\kc, zmm5
        vmovups [r11 + 384]\kd, zmm6
        vmovups [r11 + 448]\kd, zmm7
        add     r11, 512
.Lkept\@:
.endm

FUNC rmsnorm_quantize_a8_32__avx512
        push    rbx
        push    rbp
        push    r12
        push    r13
        mov     rbx, [rdi + ROW_TOKENS]
        mov     rbp, [rdi + ROW_X]
        mov     r12, [rdi + ROW_Y]
        mov     r13, [rdi + ROW_NORMED]
        QUANTIZE_CONSTANTS
        TAIL_MASK
        test    rbx, rbx
        jle     .Ldone
.Ltoken:
        mov     rsi, rbp
        .irp    n, 0, 1, 2, 3
        vpxor   xmm\n, xmm\n, xmm\n
        .endr
        FOLD    rmsnorm_quantize_a8_32__avx512_squares, square16
        FOLDED  vaddps
        RECIPROCAL_ROOT
        vmovaps zmm16, zmm5
        mov     rdx, r12
        mov     r11, r13
        PLANES
        mov     r10, [rdi + ROW_GAIN]
        test    r10, r10
        jz      .Lplain
        QUANTIZE_ROW rmsnorm_quantize_a8_32__avx512, load_normed, keep
        jmp     .Lnext
.Lplain:
        QUANTIZE_ROW rmsnorm_quantize_a8_32__avx512_plain, load_scaled, keep
.Lnext:
        add     rbp, [rdi + ROW_X_STRIDE]
        add     r12, [rdi + ROW_Y_STRIDE]
        mov     rax, r13
        add     rax, [rdi + ROW_NORMED_STRIDE]
        test    r13, r13
        cmovnz  r13, rax
        dec     rbx
        jnz     .Ltoken
.Ldone:
        pop     r13
        pop     r12
        pop     rbp
        pop     rbx
        vzeroupper
        ret
ENDFUNC rmsnorm_quantize_a8_32__avx512
