// SPDX-License-Identifier: MIT
// y[head][t][d] = x[t][head][d] as q8_0: d = amax/127, q = x * (1/d) rounded half away from zero,
// all float32, d then as f16; amax < 2^-100 gives zeros; missing columns of the last block are 0.
//
// void kv_store_q8_0__avx2(const struct kv_store_args *a)           rdi
//   x  [tokens][heads][dim] float, finite     y  [heads][tokens][dim] blocks of q8_0, written; all any
// Rounding: a float's integer part and its fraction are exact; one more in size where the fraction is
// a half or more.
// Live: r8 x and r9 y of the head, rsi x and rdx y of the token, rcx columns left, r10 heads left, r11
//       tokens left, rax scratch.
// Clobbers: rax rcx rdx rsi r8-r11 ymm0-10 ymm13-15. Stack: two words. Reads past the end: none.
#include "kernels/asm/asm.h"

// x = x * ymm8 rounded half away from zero, as int32. ymm13 sign bits, ymm14 halves, ymm15 ones.
// Clobbers ymm9 ymm10.
.macro quants x
        vmulps  \x, \x, ymm8
        vroundps ymm9, \x, 3           // towards zero
        vsubps  ymm10, \x, ymm9
        vandnps ymm10, ymm13, ymm10     // the fraction's size
        vcmpgeps ymm10, ymm10, ymm14
        vandps  \x, \x, ymm13
        vorps   \x, \x, ymm15         // 1 with the sign of x
        vandps  \x, \x, ymm10
        vaddps  ymm9, ymm9, \x
        vcvtps2dq \x, ymm9
.endm
// \x = eight columns from \at on, of rcx - \first that there are (below 0: none). Clobbers rax ymm9.
.macro columns x, at, first
        lea     rax, [rcx - \first]
        vmovd   xmm9, eax
        vpbroadcastd ymm9, xmm9
        vpcmpgtd ymm9, ymm9, [rip + .Lcount]
        vmaskmovps \x, ymm9, [\at]
.endm

FUNC kv_store_q8_0__avx2
        mov     r8, [rdi + KV_STORE_X]
        mov     r9, [rdi + KV_STORE_Y]
        mov     r10, [rdi + KV_STORE_HEADS]
        test    r10, r10
        jle     .Ldone
        vbroadcastss ymm13, [rip + .Lsign]
        vbroadcastss ymm14, [rip + .Lhalf]
        vbroadcastss ymm15, [rip + .Lone]
.Lhead:
        mov     rsi, r8
        mov     rdx, r9
        mov     r11, [rdi + KV_STORE_TOKENS]
        test    r11, r11
        jle     .Ldone
.Ltoken:
        mov     rcx, [rdi + KV_STORE_DIM]
        test    rcx, rcx
        jle     .Lnext
        push    rsi
        push    rdx
.Lblock:
        columns ymm0, rsi, 0
        columns ymm1, rsi+32, 8
        columns ymm2, rsi+64, 16
        columns ymm3, rsi+96, 24
        vandnps ymm4, ymm13, ymm0
        vandnps ymm5, ymm13, ymm1
        vandnps ymm6, ymm13, ymm2
        vandnps ymm7, ymm13, ymm3
        vmaxps  ymm4, ymm4, ymm5
        vmaxps  ymm6, ymm6, ymm7
        vmaxps  ymm4, ymm4, ymm6
        vextractf128 xmm5, ymm4, 1
        vmaxps  xmm4, xmm4, xmm5
        vmovhlps xmm5, xmm4, xmm4
        vmaxps  xmm4, xmm4, xmm5
        vmovshdup xmm5, xmm4
        vmaxss  xmm4, xmm4, xmm5
        vdivss  xmm6, xmm4, [rip + .L127]
        vdivss  xmm8, xmm15, xmm6
        vmovss  xmm7, [rip + .Lleast]
        vcmpless xmm7, xmm7, xmm4       // 2^-100 <= amax
        vandps  xmm6, xmm6, xmm7
        vandps  xmm8, xmm8, xmm7
        vbroadcastss ymm8, xmm8
        quants  ymm0
        quants  ymm1
        quants  ymm2
        quants  ymm3
        vpackssdw ymm0, ymm0, ymm1
        vpackssdw ymm2, ymm2, ymm3
        vpacksswb ymm0, ymm0, ymm2      // fours of columns: 0 2 4 6, 1 3 5 7
        vmovdqa ymm4, [rip + .Lfours]
        vpermd  ymm0, ymm4, ymm0
        vcvtps2ph xmm6, xmm6, 0
        vpextrw [rdx], xmm6, 0
        vmovdqu [rdx + 2], ymm0
        add     rsi, 128
        add     rdx, 34
        sub     rcx, 32
        jg      .Lblock
        pop     rdx
        pop     rsi
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
ENDFUNC kv_store_q8_0__avx2

        .section .rodata
        .p2align 5
.Lcount:
        .long   0, 1, 2, 3, 4, 5, 6, 7
.Lfours:
        .long   0, 4, 1, 5, 2, 6, 3, 7
.Lleast:
        .long   0x0d800000              // 2^-100
.L127:
        .long   0x42fe0000
.Lone:
        .long   0x3f800000
.Lhalf:
        .long   0x3f000000
.Lsign:
        .long   0x80000000
