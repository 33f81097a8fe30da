// SPDX-License-Identifier: MIT
// The softmax of attention_direct.h for AVX-512.
#pragma once
// clang-format off
#include "kernels/asm/x86_64/attention_avx512_many.h"
#include "kernels/asm/x86_64/attention_direct.h"

// Softmax of the row of KEYS_SEEN bytes at rsi, -inf where it does not see: leaves exp(s - m) there,
// m [rdx], l [r8] and acc [r9] follow; a row that sees nothing leaves them. rbx exp's constants.
// Clobbers rax rcx r10 r11 zmm0-13 k1 k5-k7.
.macro direct_row
        mov     r10, KEYS_SEEN
        add     r10, rsi
        vmovaps zmm4, [rsi]
        lea     rax, [rsi + 64]
        cmp     rax, r10
        jae     2f
1:      vmaxps  zmm4, zmm4, [rax]
        add     rax, 64
        cmp     rax, r10
        jb      1b
2:      over16  vmaxps, 4, 6
        mov     eax, 0xff800000
        vmovd   xmm6, eax
        vucomiss xmm4, xmm6
        je      9f
        vbroadcastss zmm5, [rdx]
        vmaxps  zmm4, zmm4, zmm5
        vmovss  [rdx], xmm4
        vsubps  zmm5, zmm5, zmm4
        exp16   rbx, zmm5, zmm10, zmm11, k7
        vpxord  xmm12, xmm12, xmm12
        mov     rax, rsi
3:      vmovaps zmm0, [rax]
        vsubps  zmm0, zmm0, zmm4
        exp16   rbx, zmm0, zmm6, zmm7, k5
        vmovaps [rax], zmm0
        vaddps  zmm12, zmm12, zmm0
        add     rax, 64
        cmp     rax, r10
        jb      3b
        over16  vaddps, 12, 1
        vfmadd231ss xmm12, xmm5, [r8]
        vmovss  [r8], xmm12
        mov     rcx, [rdi + ATTENTION_DIM_V]
        mov     r11, r9
4:      lanes_mask k1, rcx
        vmulps  zmm0{k1}{z}, zmm5, [r11]
        vmovups [r11]{k1}, zmm0
        add     r11, 64
        sub     rcx, 16
        jg      4b
9:
.endm
.macro direct_constants
        lea     rbx, [rip + .Lexp16]
.endm
