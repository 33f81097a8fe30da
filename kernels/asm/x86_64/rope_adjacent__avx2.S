// SPDX-License-Identifier: MIT
// Rotates the pairs (2i, 2i+1) of each head by the token's angles, in place, four pairs at once.
//
// void rope_adjacent__avx2(const struct rope_args *a)               rdi
//   x  [tokens][heads][>= 2 * pairs] float, changed; cs [tokens][pairs][2] cos and sin; all any
// Live: r8 x of the token, rdx its cs, rsi x of the head, rcx 2 * pairs, r9 that in whole 8s, r10
//       heads left, r11 tokens left, rax column, ymm7 the tail's mask.
// Clobbers: rax rcx rdx rsi r8-r11 ymm0-3 ymm7. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

.macro rotate                           // ymm0 x, ymm1 cs
        vmovsldup ymm2, ymm1            // cos
        vmovshdup ymm3, ymm1            // sin
        vpermilps ymm1, ymm0, 0xb1
        vmulps  ymm1, ymm1, ymm3
        vfmaddsub213ps ymm0, ymm2, ymm1
.endm

FUNC rope_adjacent__avx2
        mov     r11, [rdi + ROPE_TOKENS]
        mov     rcx, [rdi + ROPE_PAIRS]
        add     rcx, rcx
        mov     r9, rcx
        and     r9, -8
        mov     rax, r9
        sub     rax, rcx
        lea     rdx, [rip + .Lmask]
        vmovups ymm7, [rdx + rax * 4 + 32]
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
        test    r9, r9
        jz      .Ltail
        .p2align 4
.Lpairs4:
# LLVM-MCA-BEGIN rope_adjacent__avx2
        vmovups ymm0, [rsi + rax * 4]
        vmovups ymm1, [rdx + rax * 4]
        rotate
        vmovups [rsi + rax * 4], ymm0
        add     rax, 8
        cmp     rax, r9
        jb      .Lpairs4
# LLVM-MCA-END
.Ltail:
        cmp     rax, rcx
        jae     .Lhead_end
        vmaskmovps ymm0, ymm7, [rsi + rax * 4]
        vmaskmovps ymm1, ymm7, [rdx + rax * 4]
        rotate
        vmaskmovps [rsi + rax * 4], ymm7, ymm0
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
ENDFUNC rope_adjacent__avx2

        .section .rodata
        .p2align 5
        // From 32 - 4 n bytes on: a mask of the first n lanes.
.Lmask: .long   -1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0
