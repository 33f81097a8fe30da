// SPDX-License-Identifier: MIT
// y[head][t][d] = x[t][head][d] as f16, rounded to nearest even.
//
// void kv_store_f16__avx2(const struct kv_store_args *a)            rdi
//   x  [tokens][heads][dim] float       y  [heads][tokens][dim] f16, written; all any
// Live: r8 x and r9 y of the head, rsi x and rdx y of the token, rcx dim, r10 heads left, r11
//       tokens left, rax column.
// Clobbers: rax rcx rdx rsi r8-r11 ymm0. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

FUNC kv_store_f16__avx2
        mov     r8, [rdi + KV_STORE_X]
        mov     r9, [rdi + KV_STORE_Y]
        mov     rcx, [rdi + KV_STORE_DIM]
        mov     r10, [rdi + KV_STORE_HEADS]
        test    r10, r10
        jle     .Ldone
.Lhead:
        mov     rsi, r8
        mov     rdx, r9
        mov     r11, [rdi + KV_STORE_TOKENS]
        test    r11, r11
        jle     .Ldone
.Ltoken:
        mov     eax, 8
        cmp     rax, rcx
        ja      .Ltail
        .p2align 4
.Lcols8:
# LLVM-MCA-BEGIN kv_store_f16__avx2
        vmovups ymm0, [rsi + rax * 4 - 32]
        vcvtps2ph [rdx + rax * 2 - 16], ymm0, 0
        add     rax, 8
        cmp     rax, rcx
        jbe     .Lcols8
# LLVM-MCA-END
.Ltail:
        sub     rax, 8
.Lcols1:
        cmp     rax, rcx
        jae     .Lnext
        vmovss  xmm0, [rsi + rax * 4]
        vcvtps2ph xmm0, xmm0, 0
        vpextrw [rdx + rax * 2], xmm0, 0
        inc     rax
        jmp     .Lcols1
.Lnext:
        add     rsi, [rdi + KV_STORE_X_TOKEN_STRIDE]
        add     rdx, [rdi + KV_STORE_Y_ROW_STRIDE]
        dec     r11
        jnz     .Ltoken
        add     r8, [rdi + KV_STORE_X_HEAD_STRIDE]
        add     r9, [rdi + KV_STORE_Y_HEAD_STRIDE]
        dec     r10
        jnz     .Lhead
.Ldone:
        vzeroupper
        ret
ENDFUNC kv_store_f16__avx2
