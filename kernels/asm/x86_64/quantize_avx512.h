// SPDX-License-Identifier: MIT
// One row to a8_32 planes, four blocks of 32 columns at once: pinned to the last bit
// (kernels/ops.def). Both divisions are done for four blocks together.
#pragma once
// clang-format off

// eax is scratch.
.macro QUANTIZE_CONSTANTS
        mov     eax, 0x42fe0000                 // 127.0
        vmovd   xmm15, eax
        vbroadcastss xmm15, xmm15
        mov     eax, 0x0d800000                 // 2^-100
        vmovd   xmm14, eax
        vbroadcastss xmm14, xmm14
.endm

// zmm0-7 hold the blocks; k0-k3 say with {} which of them are stored, ks which lanes of d and sum.
.macro QUANTIZE4 ks, ka, kb, kc, kd
        vrangeps zmm8, zmm0, zmm1, 0x0b         // the larger of both magnitudes
        vrangeps zmm9, zmm2, zmm3, 0x0b
        vrangeps zmm10, zmm4, zmm5, 0x0b
        vrangeps zmm11, zmm6, zmm7, 0x0b
        .irp    n, 8, 9, 10, 11
        vextractf64x4 ymm12, zmm\n, 1
        vmaxps  ymm\n, ymm\n, ymm12
        vextractf128 xmm12, ymm\n, 1
        vmaxps  xmm\n, xmm\n, xmm12
        .endr
        vunpcklps xmm12, xmm8, xmm9
        vunpckhps xmm13, xmm8, xmm9
        vmaxps  xmm8, xmm12, xmm13
        vunpcklps xmm12, xmm10, xmm11
        vunpckhps xmm13, xmm10, xmm11
        vmaxps  xmm9, xmm12, xmm13
        vmovlhps xmm12, xmm8, xmm9
        vmovhlps xmm13, xmm9, xmm8
        vmaxps  xmm8, xmm12, xmm13              // amax of the four
        vcmpps  k2, xmm8, xmm14, 5              // not below 2^-100
        vdivps  xmm9{k2}{z}, xmm15, xmm8
        vdivps  xmm10{k2}{z}, xmm8, xmm15
        vmovups [r8]\ks, xmm10
        quantize_block 0, 1, 0x00, \ka
        quantize_block 2, 3, 0x55, \kb
        quantize_block 4, 5, 0xaa, \kc
        quantize_block 6, 7, 0xff, \kd
        vphaddd xmm0, xmm0, xmm2
        vphaddd xmm4, xmm4, xmm6
        vphaddd xmm0, xmm0, xmm4
        vmovdqu32 [r9]\ks, xmm0
.endm
// Of lane `low` / 2 of xmm9: leaves the sum in four parts in the register `low`.
.macro quantize_block low, high, lane, k
        vpermilps xmm12, xmm9, \lane
        vbroadcastss zmm12, xmm12
        vmulps  zmm\low, zmm\low, zmm12
        vmulps  zmm\high, zmm\high, zmm12
        vcvtps2dq zmm\low, zmm\low              // to nearest even
        vcvtps2dq zmm\high, zmm\high
        vpmovsdb [rdx + \low * 16]\k, zmm\low
        vpmovsdb [rdx + \high * 16]\k, zmm\high
        vpaddd  zmm\low, zmm\low, zmm\high
        vextracti64x4 ymm12, zmm\low, 1
        vpaddd  ymm\low, ymm\low, ymm12
        vextracti128 xmm12, ymm\low, 1
        vpaddd  xmm\low, xmm\low, xmm12
.endm

// r8 = d and r9 = sum of the planes at rdx, rcx = blocks.
.macro PLANES
        mov     rcx, [rdi + ROW_COLS]
        lea     r8, [rcx + 63]
        and     r8, -64
        add     r8, rdx
        shr     rcx, 5
        lea     r9, [rcx * 4 + 63]
        and     r9, -64
        add     r9, r8
.endm

// rdx q, r8 d, r9 sum, rcx blocks, rsi x: all move on. `load n, kz` fills zmm n with columns 16 n on (kz: nothing,
// or a mask and {z}); `done k0-k3` sees zmm0-7 before they are quantized and moves on what else is read.
.macro QUANTIZE_ROW name, load, done
        sub     rcx, 4
        jl      .Lrest\@
        .p2align 5
.Lblocks\@:
# LLVM-MCA-BEGIN \name
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7
        \load   \n
        .endr
        \done
        QUANTIZE4
        add     rsi, 512
        add     rdx, 128
        add     r8, 16
        add     r9, 16
        sub     rcx, 4
        jge     .Lblocks\@
# LLVM-MCA-END
.Lrest\@:
        add     rcx, 4
        jz      .Lend\@
        mov     rax, -1
        bzhi    eax, eax, ecx
        kmovw   k3, eax
        shl     ecx, 4
        mov     rax, -1
        bzhi    rax, rax, rcx                   // 16 bits for each block that is left
        kmovq   k4, rax
        kshiftrq k5, k4, 16
        kshiftrq k6, k4, 32
        kshiftrq k7, k4, 48
        \load   0, {k4}{z}
        \load   1, {k4}{z}
        \load   2, {k5}{z}
        \load   3, {k5}{z}
        \load   4, {k6}{z}
        \load   5, {k6}{z}
        \load   6, {k7}{z}
        \load   7, {k7}{z}
        \done   {k4}, {k5}, {k6}, {k7}
        QUANTIZE4 {k3}, {k4}, {k5}, {k6}, {k7}
.Lend\@:
.endm
