// SPDX-License-Identifier: MIT
// Rotates the pairs (i, i + pairs) of each head by the token's angles, in place, sixteen pairs at once.
//
// void rope_halves__avx512(const struct rope_args *a)               rdi
//   x  [tokens][heads][>= 2 * pairs] float, changed; cs [tokens][pairs][2] cos and sin; all any
// Live: rbx a, r8 x of the token, rdx its cs, rsi and rdi x of the head, rcx pairs, r9 pairs left, r10 heads left,
//       r11 tokens left, rax pair, zmm6 and zmm7 where cosines and sines lie in two vectors of cs,
//       k1 the tail's mask, k2 and k3 that of its cs.
// Clobbers: rax rcx rdx rsi rdi r8-r11 zmm0-7 k1-k3. Stack: rbx. Reads past the end: none.
#include "kernels/asm/asm.h"

.macro rotate k, kz, ka, kb
        vmovups zmm0\kz, [rsi + rax * 4]
        vmovups zmm1\kz, [rdi + rax * 4]
        vmovups zmm2\ka, [rdx + rax * 8]
        vmovups zmm4\kb, [rdx + rax * 8 + 64]
        vmovaps zmm3, zmm2
        vpermt2ps zmm2, zmm6, zmm4              // cos
        vpermt2ps zmm3, zmm7, zmm4              // sin
        vmulps  zmm4, zmm1, zmm3
        vmulps  zmm5, zmm1, zmm2
        vfmsub231ps zmm4, zmm0, zmm2
        vfmadd231ps zmm5, zmm0, zmm3
        vmovups [rsi + rax * 4]\k, zmm4
        vmovups [rdi + rax * 4]\k, zmm5
.endm

FUNC rope_halves__avx512
        push    rbx
        mov     rbx, rdi
        mov     r11, [rbx + ROPE_TOKENS]
        mov     rcx, [rbx + ROPE_PAIRS]
        mov     eax, ecx
        and     eax, 15
        mov     edx, -1
        bzhi    edi, edx, eax
        kmovw   k1, edi
        add     eax, eax
        bzhi    eax, edx, eax
        kmovw   k2, eax
        shr     eax, 16
        kmovw   k3, eax
        vpmovzxbd zmm6, [rip + .Lcosines]
        vpmovzxbd zmm7, [rip + .Lsines]
        mov     r8, [rbx + ROPE_X]
        mov     rdx, [rbx + ROPE_CS]
        test    r11, r11
        jle     .Ldone
.Ltoken:
        mov     rsi, r8
        mov     r10, [rbx + ROPE_HEADS]
        test    r10, r10
        jle     .Lnext
.Lhead:
        lea     rdi, [rsi + rcx * 4]
        xor     eax, eax
        mov     r9, rcx
        sub     r9, 16
        jl      .Ltail
        .p2align 4
.Lpairs16:
# LLVM-MCA-BEGIN rope_halves__avx512
        rotate
        add     rax, 16
        sub     r9, 16
        jge     .Lpairs16
# LLVM-MCA-END
.Ltail:
        cmp     r9, -16
        je      .Lhead_end
        rotate  {k1}, {k1}{z}, {k2}{z}, {k3}{z}
.Lhead_end:
        add     rsi, [rbx + ROPE_X_HEAD_STRIDE]
        dec     r10
        jnz     .Lhead
.Lnext:
        add     r8, [rbx + ROPE_X_TOKEN_STRIDE]
        add     rdx, [rbx + ROPE_CS_STRIDE]
        dec     r11
        jnz     .Ltoken
.Ldone:
        pop     rbx
        vzeroupper
        ret
ENDFUNC rope_halves__avx512

        .section .rodata
.Lcosines:
        .byte   0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
.Lsines:
        .byte   1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
