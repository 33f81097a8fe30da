// SPDX-License-Identifier: MIT
// Rotates the pairs (2i, 2i+1) of each head by the token's angles, in place, eight pairs at once.
//
// void rope_adjacent__avx512(const struct rope_args *a)             rdi
//   x  [tokens][heads][>= 2 * pairs] float, changed; cs [tokens][pairs][2] cos and sin; all any
// Live: r8 x of the token, rdx its cs, rsi x of the head, rcx 2 * pairs, r9 floats left, r10 heads
//       left, r11 tokens left, rax column, k1 the tail's mask.
// Clobbers: rax rcx rdx rsi r8-r11 zmm0-3 k1. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

.macro rotate k, kz
        vmovups zmm0\kz, [rsi + rax * 4]
        vmovups zmm1\kz, [rdx + rax * 4]
        vmovsldup zmm2, zmm1                    // cos
        vmovshdup zmm3, zmm1                    // sin
        vpermilps zmm1, zmm0, 0xb1
        vmulps  zmm1, zmm1, zmm3
        vfmaddsub213ps zmm0, zmm2, zmm1
        vmovups [rsi + rax * 4]\k, zmm0
.endm

FUNC rope_adjacent__avx512
        mov     r11, [rdi + ROPE_TOKENS]
        mov     rcx, [rdi + ROPE_PAIRS]
        add     rcx, rcx
        mov     eax, ecx
        and     eax, 15
        mov     edx, -1
        bzhi    eax, edx, eax
        kmovw   k1, eax
        mov     r8, [rdi + ROPE_X]
        mov     rdx, [rdi + ROPE_CS]
        test    r11, r11
        jle     .Ldone
.Ltoken:
        mov     rsi, r8
        mov     r10, [rdi + ROPE_HEADS]
        test    r10, r10
        jle     .Lnext
.Lhead:
        xor     eax, eax
        mov     r9, rcx
        sub     r9, 16
        jl      .Ltail
        .p2align 4
.Lpairs8:
# LLVM-MCA-BEGIN rope_adjacent__avx512
        rotate
        add     rax, 16
        sub     r9, 16
        jge     .Lpairs8
# LLVM-MCA-END
.Ltail:
        cmp     r9, -16
        je      .Lhead_end
        rotate  {k1}, {k1}{z}
.Lhead_end:
        add     rsi, [rdi + ROPE_X_HEAD_STRIDE]
        dec     r10
        jnz     .Lhead
.Lnext:
        add     r8, [rdi + ROPE_X_TOKEN_STRIDE]
        add     rdx, [rdi + ROPE_CS_STRIDE]
        dec     r11
        jnz     .Ltoken
.Ldone:
        vzeroupper
        ret
ENDFUNC rope_adjacent__avx512
