// SPDX-License-Identifier: MIT
// Rotates the pairs (i, i + pairs) of each head by the token's angles, in place, eight pairs at once.
//
// void rope_halves__avx2(const struct rope_args *a)                 rdi
//   x  [tokens][heads][>= 2 * pairs] float, changed; cs [tokens][pairs][2] cos and sin; all any
// Live: rbx a, r8 x of the token, rdx its cs, rsi and rdi x of the head, rcx pairs, r9 pairs left, r10
//       heads left, r11 tokens left, rax pair.
// Clobbers: rax rcx rdx rsi rdi r8-r11 ymm0-5. Stack: rbx. Reads past the end: none.
#include "kernels/asm/asm.h"

FUNC rope_halves__avx2
        push    rbx
        mov     rbx, rdi
        mov     r11, [rbx + ROPE_TOKENS]
        mov     rcx, [rbx + ROPE_PAIRS]
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
        sub     r9, 8
        jl      .Lrest
        .p2align 4
.Lpairs8:
# LLVM-MCA-BEGIN rope_halves__avx2
        vmovups ymm2, [rdx + rax * 8]
        vmovups ymm4, [rdx + rax * 8 + 32]
        vshufps ymm3, ymm2, ymm4, 0xdd          // sines 0 1 4 5 | 2 3 6 7
        vshufps ymm2, ymm2, ymm4, 0x88          // cosines
        vpermpd ymm3, ymm3, 0xd8
        vpermpd ymm2, ymm2, 0xd8
        vmovups ymm0, [rsi + rax * 4]
        vmovups ymm1, [rdi + rax * 4]
        vmulps  ymm4, ymm1, ymm3
        vmulps  ymm5, ymm1, ymm2
        vfmsub231ps ymm4, ymm0, ymm2
        vfmadd231ps ymm5, ymm0, ymm3
        vmovups [rsi + rax * 4], ymm4
        vmovups [rdi + rax * 4], ymm5
        add     rax, 8
        sub     r9, 8
        jge     .Lpairs8
# LLVM-MCA-END
.Lrest:
        add     r9, 8
        jz      .Lhead_end
.Lpair:
        vmovss  xmm2, [rdx + rax * 8]
        vmovss  xmm3, [rdx + rax * 8 + 4]
        vmovss  xmm0, [rsi + rax * 4]
        vmovss  xmm1, [rdi + rax * 4]
        vmulss  xmm4, xmm1, xmm3
        vmulss  xmm5, xmm1, xmm2
        vfmsub231ss xmm4, xmm0, xmm2
        vfmadd231ss xmm5, xmm0, xmm3
        vmovss  [rsi + rax * 4], xmm4
        vmovss  [rdi + rax * 4], xmm5
        inc     rax
        dec     r9
        jnz     .Lpair
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
ENDFUNC rope_halves__avx2
