// SPDX-License-Identifier: MIT
// The lowest index of the largest x of each token; a NaN is never the largest, all -inf gives 0.
//
// void argmax__avx2(const struct row_args *a)                       rdi
//   x  [tokens][cols] float; y [tokens] int32, packed; cols below 2^31, tokens any
// Live: rsi x, rdx y, rcx cols, r8 cols in whole 16s, r9 tokens left, rax column, ymm0-1 largest of
//       each lane, ymm2-3 its index, ymm4-5 indices of this step, ymm8 16s, ymm9 0-7, ymm10 8s.
// Clobbers: rax rcx rdx rsi r8-r10 ymm0-10. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

FUNC argmax__avx2
        mov     rsi, [rdi + ROW_X]
        mov     rdx, [rdi + ROW_Y]
        mov     rcx, [rdi + ROW_COLS]
        mov     r9, [rdi + ROW_TOKENS]
        mov     r8, rcx
        and     r8, -16
        mov     eax, 16
        vmovd   xmm8, eax
        vpbroadcastd ymm8, xmm8
        vpsrld  ymm10, ymm8, 1
        vpmovzxbd ymm9, [rip + .Lcount]
        test    r9, r9
        jle     .Ldone
.Ltoken:
        xor     eax, eax
        vpcmpeqd ymm0, ymm0, ymm0
        vpslld  ymm0, ymm0, 23          // -inf
        vmovaps ymm1, ymm0
        vpxor   xmm2, xmm2, xmm2
        vpxor   xmm3, xmm3, xmm3
        vmovdqa ymm4, ymm9
        vpaddd  ymm5, ymm9, ymm10
        test    r8, r8
        jz      .Lreduce
        .p2align 5
.Lcols16:
# LLVM-MCA-BEGIN argmax__avx2
        vmovups ymm6, [rsi + rax * 4]
        vmovups ymm7, [rsi + rax * 4 + 32]
        vcmpgtps ymm10, ymm6, ymm0
        vblendvps ymm2, ymm2, ymm4, ymm10
        vmaxps  ymm0, ymm6, ymm0        // the second where the first is NaN
        vcmpgtps ymm10, ymm7, ymm1
        vblendvps ymm3, ymm3, ymm5, ymm10
        vmaxps  ymm1, ymm7, ymm1
        vpaddd  ymm4, ymm4, ymm8
        vpaddd  ymm5, ymm5, ymm8
        add     rax, 16
        cmp     rax, r8
        jb      .Lcols16
# LLVM-MCA-END
        vpsrld  ymm10, ymm8, 1
.Lreduce:                               // the largest in all lanes, then the lowest index that has it
        vmaxps  ymm4, ymm0, ymm1
        vperm2f128 ymm5, ymm4, ymm4, 1
        vmaxps  ymm4, ymm4, ymm5
        vpermilps ymm5, ymm4, 0x4e
        vmaxps  ymm4, ymm4, ymm5
        vpermilps ymm5, ymm4, 0xb1
        vmaxps  ymm4, ymm4, ymm5
        vpcmpeqd ymm7, ymm7, ymm7
        vpsrld  ymm7, ymm7, 1           // the largest int
        vcmpeqps ymm5, ymm0, ymm4
        vblendvps ymm2, ymm7, ymm2, ymm5
        vcmpeqps ymm5, ymm1, ymm4
        vblendvps ymm3, ymm7, ymm3, ymm5
        vpminsd ymm2, ymm2, ymm3
        vextracti128 xmm3, ymm2, 1
        vpminsd xmm2, xmm2, xmm3
        vpshufd xmm3, xmm2, 0x4e
        vpminsd xmm2, xmm2, xmm3
        vpshufd xmm3, xmm2, 0xb1
        vpminsd xmm2, xmm2, xmm3
        vmovd   r10d, xmm2
.Lcols1:
        cmp     rax, rcx
        jae     .Lnext
        vmovss  xmm0, [rsi + rax * 4]
        vucomiss xmm0, xmm4             // a NaN sets carry: not above
        jbe     1f
        vmovaps xmm4, xmm0
        mov     r10d, eax
1:      inc     rax
        jmp     .Lcols1
.Lnext:
        mov     [rdx], r10d
        add     rdx, 4
        add     rsi, [rdi + ROW_X_STRIDE]
        dec     r9
        jnz     .Ltoken
.Ldone:
        vzeroupper
        ret
ENDFUNC argmax__avx2

        .section .rodata
.Lcount:
        .byte   0, 1, 2, 3, 4, 5, 6, 7
