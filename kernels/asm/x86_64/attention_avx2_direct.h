// SPDX-License-Identifier: MIT
// The softmax of attention_direct.h for AVX2.
#pragma once
// clang-format off
#include "kernels/asm/x86_64/attention_avx2_many.h"
#include "kernels/asm/x86_64/attention_direct.h"

// All lanes = their largest or their sum; \op: vmaxps or vaddps, t scratch.
.macro over8 op, x, t
        vperm2f128 ymm\t, ymm\x, ymm\x, 1
        \op     ymm\x, ymm\x, ymm\t
        vpermilps ymm\t, ymm\x, 0x4e
        \op     ymm\x, ymm\x, ymm\t
        vpermilps ymm\t, ymm\x, 0xb1
        \op     ymm\x, ymm\x, ymm\t
.endm

// Softmax of the row of KEYS_SEEN bytes at rsi, -inf where it does not see: leaves exp(s - m) there,
// m [rdx], l [r8] and acc [r9] follow; a row that sees nothing leaves them. rbx exp's constants.
// Clobbers rax rcx r10 r11 ymm0-9.
.macro direct_row
        mov     r10, KEYS_SEEN
        add     r10, rsi
        vmovaps ymm4, [rsi]
        lea     rax, [rsi + 32]
1:      vmaxps  ymm4, ymm4, [rax]
        add     rax, 32
        cmp     rax, r10
        jb      1b
        over8   vmaxps, 4, 6
        mov     eax, 0xff800000
        vmovd   xmm6, eax
        vucomiss xmm4, xmm6
        je      9f
        vbroadcastss ymm5, [rdx]
        vmaxps  ymm4, ymm4, ymm5
        vmovss  [rdx], xmm4
        vsubps  ymm5, ymm5, ymm4
        exp8    rbx, ymm5, ymm6, ymm7, ymm8
        vxorps  xmm9, xmm9, xmm9
        mov     rax, rsi
3:      vmovaps ymm0, [rax]
        vsubps  ymm0, ymm0, ymm4
        exp8    rbx, ymm0, ymm6, ymm7, ymm8
        vmovaps [rax], ymm0
        vaddps  ymm9, ymm9, ymm0
        add     rax, 32
        cmp     rax, r10
        jb      3b
        over8   vaddps, 9, 1
        vfmadd231ss xmm9, xmm5, [r8]
        vmovss  [r8], xmm9
        mov     rcx, [rdi + ATTENTION_DIM_V]
        mov     r11, r9
        sub     rcx, 8
        jl      5f
4:      vmulps  ymm0, ymm5, [r11]
        vmovups [r11], ymm0
        add     r11, 32
        sub     rcx, 8
        jge     4b
5:      add     rcx, 8
        jle     9f
6:      vmulss  xmm0, xmm5, [r11]
        vmovss  [r11], xmm0
        add     r11, 4
        dec     rcx
        jg      6b
9:
.endm
.macro direct_constants
        lea     rbx, [rip + .Lexp]
.endm
