// SPDX-License-Identifier: MIT
// y = x / (1 + exp(-x)) * b, eight columns at once, the last ones under a mask.
//
// void silu_mul__avx2(const struct row_args *a)        rdi
//   x, b  [tokens][cols] float, any alignment          y  the same, written; may be x
// -x is capped at 88: beyond it the quotient is below 1e-36 of x.
// Live: rsi x, rdx b, rcx y of this token, r8 column bytes, r9 columns left, r10 tokens left, r11
//   exp's constants, ymm12 mask of the last columns, ymm13 88, ymm14 sign bit, ymm15 ones.
// Clobbers: rax rcx rdx rsi r8-r11 ymm0-5 ymm12-15. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/exp_avx2.h"

        EXP_CONSTANTS

// ymm0 = silu(ymm0) * ymm5
.macro silu8
        vxorps  ymm1, ymm0, ymm14
        vminps  ymm1, ymm1, ymm13
        exp8    r11, ymm1, ymm2, ymm3, ymm4
        vaddps  ymm1, ymm1, ymm15
        vdivps  ymm0, ymm0, ymm1
        vmulps  ymm0, ymm0, ymm5
.endm

FUNC silu_mul__avx2
        lea     r11, [rip + .Lexp]
        mov     eax, 0x42b00000                 // 88
        vmovd   xmm13, eax
        vbroadcastss ymm13, xmm13
        vmovaps ymm14, [r11 + TANH_SIGN]
        vmovaps ymm15, [r11 + EXP_ONE]
        mov     rsi, [rdi + ROW_X]
        mov     rdx, [rdi + ROW_B]
        mov     rcx, [rdi + ROW_Y]
        mov     r10, [rdi + ROW_TOKENS]
        mov     rax, [rdi + ROW_COLS]
        and     eax, 7
        neg     rax
        vmovups ymm12, [r11 + LANES + 32 + rax * 4]
.Ltoken:
        xor     r8d, r8d
        mov     r9, [rdi + ROW_COLS]
        sub     r9, 8
        jl      .Ltail
        .p2align 5
.Lcolumns:
# LLVM-MCA-BEGIN silu_mul__avx2
        vmovups ymm0, [rsi + r8]
        vmovups ymm5, [rdx + r8]
        silu8
        vmovups [rcx + r8], ymm0
        add     r8, 32
        sub     r9, 8
        jge     .Lcolumns
# LLVM-MCA-END
.Ltail:
        add     r9, 8
        jz      .Lnext
        vmaskmovps ymm0, ymm12, [rsi + r8]
        vmaskmovps ymm5, ymm12, [rdx + r8]
        silu8
        vmaskmovps [rcx + r8], ymm12, ymm0
.Lnext:
        add     rsi, [rdi + ROW_X_STRIDE]
        add     rdx, [rdi + ROW_B_STRIDE]
        add     rcx, [rdi + ROW_Y_STRIDE]
        dec     r10
        jnz     .Ltoken
        vzeroupper
        ret
ENDFUNC silu_mul__avx2
