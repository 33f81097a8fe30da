// SPDX-License-Identifier: MIT
// Softcap and softmax over a block's scores for attention_avx512_t1.h: [key][4 heads] or [key].
#pragma once
// clang-format off

// All lanes = their largest or their sum: over four lanes of 128 bits, with 1 head over all sixteen
// floats. \op: vmaxps or vaddps; t scratch.
.macro over_lanes op, heads, x, t
        vshuff32x4 zmm\t, zmm\x, zmm\x, 0x4e
        \op     zmm\x, zmm\x, zmm\t
        vshuff32x4 zmm\t, zmm\x, zmm\x, 0xb1
        \op     zmm\x, zmm\x, zmm\t
        .if     \heads == 1
        vpermilps zmm\t, zmm\x, 0x4e
        \op     zmm\x, zmm\x, zmm\t
        vpermilps zmm\t, zmm\x, 0xb1
        \op     zmm\x, zmm\x, zmm\t
        .endif
.endm

// Softmax of SCORES with a running maximum: r8 m and r9 l of the pass (HEADS floats), updated;
// leaves exp(s - m), zeros behind the last key of a group of 256 bytes, and FACTORS. rbx .Lexp16,
// rdx scores, rcx their end. Clobbers rax rcx rdx r10 zmm0-13 k5 k7.
.macro softmax heads
        mov     rdx, SCORES
        mov     rcx, NOW
        vxorpd  xmm0, xmm0, xmm0
        vucomisd xmm0, [rdi + ATTENTION_SOFTCAP]
        jae     .Lcapped\@
        vcvtsd2ss xmm10, xmm10, [rdi + ATTENTION_SOFTCAP]
        vbroadcastss zmm10, xmm10
        mov     rax, rcx
        shl     rax, \heads / 2 + 2 // 16 bytes a key, or 4
        add     rax, rdx
.Lcap\@:
        vmovaps zmm0, [rdx]
        vdivps  zmm0, zmm0, zmm10
        tanh16  rbx, zmm0, zmm1, zmm2, zmm3, zmm4, k7
        vmulps  zmm0, zmm0, zmm10
        vmovaps [rdx], zmm0
        add     rdx, 64
        cmp     rdx, rax
        jb      .Lcap\@
        mov     rdx, SCORES
.Lcapped\@:
        shl     rcx, \heads / 2 + 2
        add     rcx, rdx                // end of the keys
        lea     rax, [rcx + 255]
        sub     rax, rdx
        and     rax, -256
        add     rax, rdx                // end of the groups
.Lhide\@:
        cmp     rcx, rax
        jae     .Lhidden\@
        mov     dword ptr [rcx], 0xff800000
        add     rcx, 4
        jmp     .Lhide\@
.Lhidden\@:
        mov     rcx, rax
        mov     rax, rdx
        vmovaps zmm4, [rax]
.Lmost\@:
        vmovaps zmm0, [rax]
        vmovaps zmm1, [rax + 128]
        vmaxps  zmm0, zmm0, [rax + 64]
        vmaxps  zmm1, zmm1, [rax + 192]
        vmaxps  zmm4, zmm4, zmm0
        vmaxps  zmm4, zmm4, zmm1
        add     rax, 256
        cmp     rax, rcx
        jb      .Lmost\@
        over_lanes vmaxps, \heads, 4, 0
        mov     r10, HEADS
        mov     eax, -1
        bzhi    eax, eax, r10d
        kmovw   k5, eax
        vmovups xmm5{k5}{z}, [r8]
        .if     \heads == 4
        vshuff32x4 zmm5, zmm5, zmm5, 0
        .else
        vbroadcastss zmm5, xmm5
        .endif
        vmaxps  zmm4, zmm4, zmm5
        vmovups [r8]{k5}, xmm4
        vsubps  zmm5, zmm5, zmm4
        exp16   rbx, zmm5, zmm0, zmm1, k7
        vmovups [rsp + FACTORS], xmm5
        vpxord  xmm6, xmm6, xmm6
        vpxord  xmm7, xmm7, xmm7
        mov     rax, rdx
.Lexp\@:
        .irp    n, 0, 1, 2, 3
        vmovaps zmm\n, [rax + 64 * \n]
        vsubps  zmm\n, zmm\n, zmm4
        .endr
        exp16   rbx, zmm0, zmm8, zmm9, k7
        exp16   rbx, zmm1, zmm10, zmm11, k7
        exp16   rbx, zmm2, zmm8, zmm9, k7
        exp16   rbx, zmm3, zmm10, zmm11, k7
        .irp    n, 0, 1, 2, 3
        vmovaps [rax + 64 * \n], zmm\n
        .endr
        vaddps  zmm0, zmm0, zmm1
        vaddps  zmm2, zmm2, zmm3
        vaddps  zmm6, zmm6, zmm0
        vaddps  zmm7, zmm7, zmm2
        add     rax, 256
        cmp     rax, rcx
        jb      .Lexp\@
        vaddps  zmm6, zmm6, zmm7
        over_lanes vaddps, \heads, 6, 0
        vmovups xmm0{k5}{z}, [r9]
        vfmadd213ps xmm0, xmm5, xmm6
        vmovups [r9]{k5}, xmm0
.endm
