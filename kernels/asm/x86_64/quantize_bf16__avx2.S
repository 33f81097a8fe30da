// SPDX-License-Identifier: MIT
// y = x as bf16, rounded to nearest even: 16 at once, in integers.
//
// void quantize_bf16__avx2(const struct row_args *a)        rdi
//   x  [tokens][cols] float             y  [tokens][cols] uint16, written
//   cols, tokens any
// Live: rsi x, rdx y, r8 tokens left, rcx columns left, rax column, ymm5-7 1, 0x7fff, 0x40.
// Clobbers: rax rcx rdx rsi r8 ymm0-7. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

// ymm\a: bf16 of its 8 floats, a dword each
.macro round8 a
        vpsrld  ymm2, ymm\a, 16
        vpand   ymm3, ymm2, ymm5        // the bit that decides a tie
        vpaddd  ymm3, ymm3, ymm6
        vpaddd  ymm3, ymm3, ymm\a
        vpsrld  ymm3, ymm3, 16
        vpor    ymm2, ymm2, ymm7
        vcmpunordps ymm4, ymm\a, ymm\a
        vpblendvb ymm\a, ymm3, ymm2, ymm4
.endm

FUNC quantize_bf16__avx2
        mov     eax, 1
        vmovd   xmm5, eax
        vpbroadcastd ymm5, xmm5
        mov     eax, 0x7fff
        vmovd   xmm6, eax
        vpbroadcastd ymm6, xmm6
        mov     eax, 0x40
        vmovd   xmm7, eax
        vpbroadcastd ymm7, xmm7
        mov     rsi, [rdi + ROW_X]
        mov     rdx, [rdi + ROW_Y]
        mov     r8, [rdi + ROW_TOKENS]
        test    r8, r8
        jle     .Ldone
.Ltoken:
        mov     rcx, [rdi + ROW_COLS]
        xor     eax, eax
        sub     rcx, 16
        jl      .Ltail
        .p2align 5
.Lcols16:
# LLVM-MCA-BEGIN quantize_bf16__avx2
        vmovups ymm0, [rsi + rax * 4]
        vmovups ymm1, [rsi + rax * 4 + 32]
        round8  0
        round8  1
        vpackusdw ymm0, ymm0, ymm1
        vpermq  ymm0, ymm0, 0xd8
        vmovdqu [rdx + rax * 2], ymm0
        add     rax, 16
        sub     rcx, 16
        jge     .Lcols16
# LLVM-MCA-END
.Ltail:
        add     ecx, 16
        jz      .Lnext
.Lcols1:
        vmovss  xmm0, [rsi + rax * 4]
        round8  0
        vpextrw [rdx + rax * 2], xmm0, 0
        inc     rax
        dec     ecx
        jnz     .Lcols1
.Lnext:
        add     rsi, [rdi + ROW_X_STRIDE]
        add     rdx, [rdi + ROW_Y_STRIDE]
        dec     r8
        jnz     .Ltoken
.Ldone:
        vzeroupper
        ret
ENDFUNC quantize_bf16__avx2
