// SPDX-License-Identifier: MIT
// What the AVX2 attention kernels share. Expects rdi = args, rbx = address of .Lexp.
#pragma once
// clang-format off
#include "kernels/asm/x86_64/exp_avx2.h"

#define KEYS 32 // keys of a block: one row of scores is 128 bytes

// One step of the dots of two keys (ymm8, ymm9) with 1, 2 or 4 heads (r10-r13, column rax).
.macro dot heads
        vmovups ymm10, [r10 + rax * 4]
        vfmadd231ps ymm0, ymm10, ymm8
        vfmadd231ps ymm1, ymm10, ymm9
        .if     \heads > 1
        vmovups ymm11, [r11 + rax * 4]
        vfmadd231ps ymm2, ymm11, ymm8
        vfmadd231ps ymm3, ymm11, ymm9
        .endif
        .if     \heads > 2
        vmovups ymm12, [r12 + rax * 4]
        vfmadd231ps ymm4, ymm12, ymm8
        vfmadd231ps ymm5, ymm12, ymm9
        vmovups ymm13, [r13 + rax * 4]
        vfmadd231ps ymm6, ymm13, ymm8
        vfmadd231ps ymm7, ymm13, ymm9
        .endif
.endm

// Softmax of one row of KEYS scores at [row]: updates m and l at [m], [l], leaves exp(s - m) in the
// row and the factor of what was there before in lane 0 of ymm5. Invisible scores are -inf; a row
// without any gives zeros, and a factor of 1 (0 where m is still -inf). Clobbers ymm0-8.
.macro softmax row, m, l
        vmovaps ymm0, [\row]
        vmovaps ymm1, [\row + 32]
        vmovaps ymm2, [\row + 64]
        vmovaps ymm3, [\row + 96]
        vmaxps  ymm4, ymm0, ymm1
        vmaxps  ymm6, ymm2, ymm3
        vmaxps  ymm4, ymm4, ymm6
        vbroadcastss ymm5, [\m]
        vperm2f128 ymm6, ymm4, ymm4, 1
        vmaxps  ymm4, ymm4, ymm6
        vpermilps ymm6, ymm4, 0x4e
        vmaxps  ymm4, ymm4, ymm6
        vpermilps ymm6, ymm4, 0xb1
        vmaxps  ymm4, ymm4, ymm6
        vmaxps  ymm4, ymm4, ymm5
        vmovss  [\m], xmm4
        vsubps  ymm5, ymm5, ymm4
        .irp    n, 0, 1, 2, 3
        vsubps  ymm\n, ymm\n, ymm4
        .endr
        .irp    n, 0, 1, 2, 3, 5
        exp8    rbx, ymm\n, ymm6, ymm7, ymm8
        .endr
        vmovaps [\row], ymm0
        vmovaps [\row + 32], ymm1
        vmovaps [\row + 64], ymm2
        vmovaps [\row + 96], ymm3
        vaddps  ymm0, ymm0, ymm1
        vaddps  ymm2, ymm2, ymm3
        vaddps  ymm0, ymm0, ymm2
        vextractf128 xmm1, ymm0, 1
        vaddps  xmm0, xmm0, xmm1
        vmovhlps xmm1, xmm0, xmm0
        vaddps  xmm0, xmm0, xmm1
        vmovshdup xmm1, xmm0
        vaddss  xmm0, xmm0, xmm1
        vfmadd231ss xmm0, xmm5, [\l]
        vmovss  [\l], xmm0
.endm

// softcap * tanh(s / softcap) of \count vectors (a register, counted down) from [at] on.
.macro softcap_scores at, count
        vcvtsd2ss xmm15, xmm15, [rdi + ATTENTION_SOFTCAP]
        vbroadcastss ymm15, xmm15
.Lcap\@:
        vmovaps ymm0, [\at]
        vdivps  ymm0, ymm0, ymm15
        tanh8   rbx, ymm0, ymm1, ymm2, ymm3, ymm4, ymm5
        vmulps  ymm0, ymm0, ymm15
        vmovaps [\at], ymm0
        add     \at, 32
        dec     \count
        jnz     .Lcap\@
.endm

// acc[0 .. dim_v) = acc * factor (ymm15) + sums. rax column, ymm0-2 scratch; dim in columns, \part
// = dim rounded down to 8.
.macro accumulate acc, sums, dim, part
        xor     eax, eax
        mov     \part, \dim
        and     \part, -8
        jz      .Lacc_tail\@
.Lacc\@:
        vmovups ymm0, [\acc + rax * 4]
        vfmadd213ps ymm0, ymm15, [\sums + rax * 4]
        vmovups [\acc + rax * 4], ymm0
        add     rax, 8
        cmp     rax, \part
        jb      .Lacc\@
.Lacc_tail\@:
        sub     \part, \dim           // minus the columns left
        jz      .Lacc_end\@
        lea     \dim, [rbx + LANES]
        vmovups ymm2, [\dim + \part * 4 + 32]
        vmaskmovps ymm0, ymm2, [\acc + rax * 4]
        vmaskmovps ymm1, ymm2, [\sums + rax * 4]
        vfmadd213ps ymm0, ymm15, ymm1
        vmaskmovps [\acc + rax * 4], ymm2, ymm0
.Lacc_end\@:
.endm
