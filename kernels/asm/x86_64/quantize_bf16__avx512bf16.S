// SPDX-License-Identifier: MIT
// y = x as bf16, rounded to nearest even: 16 at once by vcvtneps2bf16.
//
// void quantize_bf16__avx512bf16(const struct row_args *a)        rdi
//   x  [tokens][cols] float             y  [tokens][cols] uint16, written
//   cols, tokens any
// The instruction takes subnormals for 0; the op keeps them: where there are any, integers round.
// Live: rsi x, rdx y, r8 tokens left, rcx columns left, rax column, zmm5-7 exponent, 1, 0x7fff.
// Clobbers: rax rcx rdx rsi r8 r9 zmm0-2 zmm5-7 k1 k2. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

// ymm1: bf16 of the 16 floats of zmm0
.macro round16
        vcvtneps2bf16 ymm1, zmm0
        vptestnmd k2, zmm0, zmm5        // zeros and subnormals: the instruction makes them 0
        kortestw k2, k2
        jz      1f
        vpsrld  zmm2, zmm0, 16
        vpandd  zmm2, zmm2, zmm6
        vpaddd  zmm2, zmm2, zmm7
        vpaddd  zmm2, zmm2, zmm0
        vpsrld  zmm2, zmm2, 16
        vpmovdw ymm2, zmm2
        vmovdqu16 ymm1{k2}, ymm2
1:
.endm

FUNC quantize_bf16__avx512bf16
        mov     eax, 0x7f800000
        vpbroadcastd zmm5, eax
        mov     eax, 1
        vpbroadcastd zmm6, eax
        mov     eax, 0x7fff
        vpbroadcastd zmm7, eax
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
# LLVM-MCA-BEGIN quantize_bf16__avx512bf16
        vmovups zmm0, [rsi + rax * 4]
        round16
        vmovdqu [rdx + rax * 2], ymm1
        add     rax, 16
        sub     rcx, 16
        jge     .Lcols16
# LLVM-MCA-END
.Ltail:
        add     ecx, 16
        jz      .Lnext
        mov     r9d, -1
        bzhi    r9d, r9d, ecx
        kmovw   k1, r9d
        vmovups zmm0{k1}{z}, [rsi + rax * 4]
        round16
        vmovdqu16 [rdx + rax * 2]{k1}, ymm1
.Lnext:
        add     rsi, [rdi + ROW_X_STRIDE]
        add     rdx, [rdi + ROW_Y_STRIDE]
        dec     r8
        jnz     .Ltoken
.Ldone:
        vzeroupper
        ret
ENDFUNC quantize_bf16__avx512bf16
