// SPDX-License-Identifier: MIT
// y[head][t][d] = x[t][head][d] as f16, rounded to nearest even; sixteen at once.
//
// void kv_store_f16__avx512(const struct kv_store_args *a)          rdi
//   x  [tokens][heads][dim] float       y  [heads][tokens][dim] f16, written; all any
// Live: r8 x and r9 y of the head, rsi x and rdx y of the token, rcx floats left, r10 heads left, r11
//       tokens left, rax column, k1 the tail's mask.
// Clobbers: rax rcx rdx rsi r8-r11 zmm0 k1. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

FUNC kv_store_f16__avx512
        mov     r8, [rdi + KV_STORE_X]
        mov     r9, [rdi + KV_STORE_Y]
        mov     eax, [rdi + KV_STORE_DIM]
        and     eax, 15
        mov     ecx, -1
        bzhi    eax, ecx, eax
        kmovw   k1, eax
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
        xor     eax, eax
        mov     rcx, [rdi + KV_STORE_DIM]
        sub     rcx, 16
        jl      .Ltail
        .p2align 4
.Lcols16:
# LLVM-MCA-BEGIN kv_store_f16__avx512
        vmovups zmm0, [rsi + rax * 4]
        vcvtps2ph [rdx + rax * 2], zmm0, 0
        add     rax, 16
        sub     rcx, 16
        jge     .Lcols16
# LLVM-MCA-END
.Ltail:
        cmp     rcx, -16
        je      .Lnext
        vmovups zmm0{k1}{z}, [rsi + rax * 4]
        vcvtps2ph [rdx + rax * 2]{k1}, zmm0, 0
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
ENDFUNC kv_store_f16__avx512
