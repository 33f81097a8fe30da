// SPDX-License-Identifier: MIT
// y[head][t][d] = x[t][head][d] as q8_0: d = amax/127, q = x * (1/d) rounded half away from zero,
// all float32, d then as f16; amax < 2^-100 gives zeros; missing columns of the last block are 0.
//
// void kv_store_q8_0__avx512(const struct kv_store_args *a)           rdi
//   x  [tokens][heads][dim] float, finite     y  [heads][tokens][dim] blocks of q8_0, written; all any
// Rounding: a float's integer part and its fraction are exact; one more in size where the fraction is
// a half or more.
// Live: r8 x and r9 y of the head, rsi x and rdx y of the token, rcx columns left, r10 heads left, r11
//       tokens left, rax scratch.
// Clobbers: rax rcx rdx rsi r8-r11 zmm0-7 zmm16-18 k1-k3. Stack: two words. Reads past the end: none.
#include "kernels/asm/asm.h"

// x = x * zmm5 rounded half away from zero, as int32. Clobbers zmm6 zmm7 k3.
.macro quants x
        vmulps  \x, \x, zmm5
        vrndscaleps zmm6, \x, 3        // towards zero
        vsubps  zmm7, \x, zmm6
        vpandnd zmm7, zmm16, zmm7       // the fraction's size
        vcmpgeps k3, zmm7, zmm17
        vpandd  \x, \x, zmm16
        vpord   \x, \x, zmm18          // 1 with the sign of x
        vaddps  zmm6{k3}, zmm6, \x
        vcvtps2dq \x, zmm6
.endm

FUNC kv_store_q8_0__avx512
        mov     r8, [rdi + KV_STORE_X]
        mov     r9, [rdi + KV_STORE_Y]
        mov     r10, [rdi + KV_STORE_HEADS]
        test    r10, r10
        jle     .Ldone
        vpbroadcastd zmm16, [rip + .Lsign]
        vpbroadcastd zmm17, [rip + .Lhalf]
        vpbroadcastd zmm18, [rip + .Lone]
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
        mov     rax, -1
        cmp     rcx, 32
        jae     .Lwhole
        bzhi    rax, rax, rcx           // only 8 bits of rcx count
.Lwhole:
        kmovw   k1, eax
        shr     rax, 16
        kmovw   k2, eax
        vmovups zmm0{k1}{z}, [rsi]
        vmovups zmm1{k2}{z}, [rsi + 64]
        vpandnd zmm2, zmm16, zmm0
        vpandnd zmm3, zmm16, zmm1
        vmaxps  zmm2, zmm2, zmm3
        vextractf64x4 ymm3, zmm2, 1
        vmaxps  ymm2, ymm2, ymm3
        vextractf128 xmm3, ymm2, 1
        vmaxps  xmm2, xmm2, xmm3
        vmovhlps xmm3, xmm2, xmm2
        vmaxps  xmm2, xmm2, xmm3
        vmovshdup xmm3, xmm2
        vmaxss  xmm2, xmm2, xmm3
        vdivss  xmm4, xmm2, [rip + .L127]
        vmovss  xmm5, [rip + .Lone]
        vdivss  xmm5, xmm5, xmm4
        vmovss  xmm3, [rip + .Lleast]
        vcmpless xmm3, xmm3, xmm2       // 2^-100 <= amax
        vandps  xmm4, xmm4, xmm3
        vandps  xmm5, xmm5, xmm3
        vbroadcastss zmm5, xmm5
        quants  zmm0
        quants  zmm1
        vcvtps2ph xmm4, xmm4, 0
        vpextrw [rdx], xmm4, 0
        vpmovdb [rdx + 2], zmm0
        vpmovdb [rdx + 18], zmm1
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
ENDFUNC kv_store_q8_0__avx512

        .section .rodata
        .p2align 5
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
