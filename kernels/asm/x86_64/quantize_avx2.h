// SPDX-License-Identifier: MIT
// One block of 32 columns to a8_32 planes: pinned to the last bit (kernels/ops.def).
#pragma once
// clang-format off

.macro QUANTIZE_CONSTANTS
        vpcmpeqd ymm15, ymm15, ymm15
        vpsrld  ymm15, ymm15, 1
        mov     ecx, 0x42fe0000                 // 127.0
        vmovd   xmm13, ecx
        mov     ecx, 0x0d800000                 // 2^-100
        vmovd   xmm12, ecx
        vmovdqa ymm14, [rip + .Lorder]
        .pushsection .rodata
        .p2align 5
.Lorder:
        .long   0, 4, 1, 5, 2, 6, 3, 7
        .popsection
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

// ymm0-3 the block, rdx q, r8 d, r9 sum, which move on; ymm4-8 are scratch, ymm12-15 QUANTIZE_CONSTANTS:
// 2^-100, 127, lanes in order, |.| mask.
.macro QUANTIZE_BLOCK
        vandps  ymm4, ymm0, ymm15
        vandps  ymm5, ymm1, ymm15
        vandps  ymm6, ymm2, ymm15
        vandps  ymm7, ymm3, ymm15
        vmaxps  ymm4, ymm4, ymm5
        vmaxps  ymm6, ymm6, ymm7
        vmaxps  ymm4, ymm4, ymm6
        vextractf128 xmm5, ymm4, 1
        vmaxps  xmm4, xmm4, xmm5
        vmovhlps xmm5, xmm4, xmm4
        vmaxps  xmm4, xmm4, xmm5
        vmovshdup xmm5, xmm4
        vmaxss  xmm4, xmm4, xmm5                // amax
        vcmpss  xmm8, xmm4, xmm12, 1            // below 2^-100: all ones
        vdivss  xmm6, xmm13, xmm4
        vdivss  xmm7, xmm4, xmm13
        vandnps xmm6, xmm8, xmm6
        vandnps xmm7, xmm8, xmm7
        vmovss  [r8], xmm7
        vbroadcastss ymm6, xmm6
        .irp    n, 0, 1, 2, 3
        vmulps  ymm\n, ymm\n, ymm6
        vcvtps2dq ymm\n, ymm\n                  // to nearest even
        .endr
        vpaddd  ymm4, ymm0, ymm1
        vpaddd  ymm5, ymm2, ymm3
        vpaddd  ymm4, ymm4, ymm5
        vextracti128 xmm5, ymm4, 1
        vpaddd  xmm4, xmm4, xmm5
        vpshufd xmm5, xmm4, 0x4e
        vpaddd  xmm4, xmm4, xmm5
        vpshufd xmm5, xmm4, 0xb1
        vpaddd  xmm4, xmm4, xmm5
        vmovd   [r9], xmm4
        vpackssdw ymm0, ymm0, ymm1
        vpackssdw ymm2, ymm2, ymm3
        vpacksswb ymm0, ymm0, ymm2              // 0-3 8-11 16-19 24-27 | 4-7 12-15 20-23 28-31
        vpermd  ymm0, ymm14, ymm0
        vmovdqu [rdx], ymm0
        add     rdx, 32
        add     r8, 4
        add     r9, 4
.endm
