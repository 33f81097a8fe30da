// SPDX-License-Identifier: MIT
// y = the a8_32 planes of x / sqrt(mean(x^2) + eps) * gain for each token, in two passes over x.
//
// void rmsnorm_quantize_a8_32__avx2(const struct row_args *a)       rdi
//   x  [tokens][cols] float, gain [cols] float or NULL    cols a multiple of 32, tokens any
//   y  [tokens] planes: int8 q[cols], float d[cols/32], int32 sum[cols/32], each 64-byte aligned
//   normed  [tokens][cols] float, written too unless it is NULL; may be x
// Live: rsi x, rdx q, r8 d, r9 sum, rcx blocks left, r10 gain, r11 normed, rbx tokens left, rbp x, r12 y
//   and r13 normed of the token, ymm9 the factor, those of quantize_avx2.h.
// Clobbers: rax rcx rdx rsi r8-r11 ymm0-9 ymm12-15. Stack: rbx rbp r12 r13. Reads past the end: none.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/quantize_avx2.h"
#include "kernels/asm/x86_64/rows_avx2.h"

.macro square8 acc, at, tail
        vmovups ymm4, [rsi + r8 + \at]          // cols is a multiple of 32: there is no tail
        vfmadd231ps \acc, ymm4, ymm4
.endm

FUNC rmsnorm_quantize_a8_32__avx2
        push    rbx
        push    rbp
        push    r12
        push    r13
        mov     rbx, [rdi + ROW_TOKENS]
        mov     rbp, [rdi + ROW_X]
        mov     r12, [rdi + ROW_Y]
        mov     r13, [rdi + ROW_NORMED]
        QUANTIZE_CONSTANTS
        test    rbx, rbx
        jle     .Ldone
.Ltoken:
        mov     rsi, rbp
        .irp    n, 0, 1, 2, 3
        vxorps  xmm\n, xmm\n, xmm\n
        .endr
        FOLD    rmsnorm_quantize_a8_32__avx2_squares, square8
        FOLDED  vaddps
        RECIPROCAL_ROOT
        vmovaps ymm9, ymm5
        mov     rdx, r12
        mov     r11, r13
        PLANES
        mov     r10, [rdi + ROW_GAIN]
        test    rcx, rcx
        jz      .Lnext
        .p2align 5
.Lblock:
# LLVM-MCA-BEGIN rmsnorm_quantize_a8_32__avx2
        .irp    n, 0, 1, 2, 3
        vmulps  ymm\n, ymm9, [rsi + \n * 32]
        .endr
        test    r10, r10
        jz      .Lscaled
        .irp    n, 0, 1, 2, 3
        vmulps  ymm\n, ymm\n, [r10 + \n * 32]
        .endr
        sub     r10, -128
.Lscaled:
        test    r11, r11
        jz      .Lkept
        .irp    n, 0, 1, 2, 3
        vmovups [r11 + \n * 32], ymm\n
        .endr
        sub     r11, -128
.Lkept:
        QUANTIZE_BLOCK
        sub     rsi, -128
        dec     rcx
        jnz     .Lblock
# LLVM-MCA-END
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
ENDFUNC rmsnorm_quantize_a8_32__avx2
