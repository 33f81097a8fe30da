// SPDX-License-Identifier: MIT
// One row to a8_32 planes, four blocks of 32 columns at once: pinned to the last bit
// (kernels/ops.def). Both divisions are done for four blocks together.
#pragma once
// clang-format off

// eax is scratch. xmm14 2^-100, xmm15 127, zmm17 sign bits of bytes, zmm18 zeros, zmm19 where a byte
// group lies after two packs, xmm20 32 * 128.
.macro QUANTIZE_CONSTANTS
        mov     eax, 0x42fe0000                 // 127.0
        vmovd   xmm15, eax
        vbroadcastss xmm15, xmm15
        mov     eax, 0x0d800000                 // 2^-100
        vmovd   xmm14, eax
        vbroadcastss xmm14, xmm14
        mov     eax, 0x80808080
        vpbroadcastd zmm17, eax
        vpxord  zmm18, zmm18, zmm18
        vpmovzxbd zmm19, [rip + .Lorder]
        mov     eax, 4096
        vpbroadcastd xmm20, eax
        .pushsection .rodata
.Lorder:
        .byte   0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15
        .popsection
.endm

// zmm0-7 hold the blocks. What is stored, each nothing or a mask: ks lanes of d and sum, qa and qb bytes
// of the first two and the last two blocks. Uses zmm0-13, k2 and 16 bytes below the stack.
.macro QUANTIZE4 ks, qa, qb
        vrangeps zmm8, zmm0, zmm1, 0x0b         // the larger of both magnitudes
        vrangeps zmm9, zmm2, zmm3, 0x0b
        vrangeps zmm10, zmm4, zmm5, 0x0b
        vrangeps zmm11, zmm6, zmm7, 0x0b
        vshuff64x2 zmm12, zmm8, zmm9, 0x44
        vshuff64x2 zmm13, zmm8, zmm9, 0xee
        vmaxps  zmm8, zmm12, zmm13
        vshuff64x2 zmm12, zmm10, zmm11, 0x44
        vshuff64x2 zmm13, zmm10, zmm11, 0xee
        vmaxps  zmm10, zmm12, zmm13
        vshuff64x2 zmm12, zmm8, zmm10, 0x88
        vshuff64x2 zmm13, zmm8, zmm10, 0xdd
        vmaxps  zmm8, zmm12, zmm13              // 128 bits a block
        vpermilps zmm12, zmm8, 0x4e
        vmaxps  zmm8, zmm8, zmm12
        vpermilps zmm12, zmm8, 0xb1
        vmaxps  zmm8, zmm8, zmm12
        vpermps zmm8, zmm19, zmm8               // amax of the four
        vcmpps  k2, xmm8, xmm14, 5              // not below 2^-100
        vdivps  xmm9{k2}{z}, xmm15, xmm8
        vdivps  xmm10{k2}{z}, xmm8, xmm15
        vmovups [rsp - 16], xmm9
        vmovups [r8]\ks, xmm10
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7
        vmulps  zmm\n, zmm\n, dword ptr [rsp - 16 + \n / 2 * 4]{1to16}
        vcvtps2dq zmm\n, zmm\n                  // to nearest even
        .endr
        vpackssdw zmm0, zmm0, zmm1
        vpackssdw zmm2, zmm2, zmm3
        vpackssdw zmm4, zmm4, zmm5
        vpackssdw zmm6, zmm6, zmm7
        vpacksswb zmm0, zmm0, zmm2
        vpacksswb zmm4, zmm4, zmm6
        vpermd  zmm0, zmm19, zmm0
        vpermd  zmm4, zmm19, zmm4
        vmovdqu8 [rdx]\qa, zmm0
        vmovdqu8 [rdx + 64]\qb, zmm4
        vpxord  zmm0, zmm0, zmm17               // q + 128, unsigned
        vpxord  zmm4, zmm4, zmm17
        vpsadbw zmm0, zmm0, zmm18               // sums of eight
        vpsadbw zmm4, zmm4, zmm18
        vshufps zmm0, zmm0, zmm4, 0x88          // of blocks 0 0 2 2 | 0 0 2 2 | 1 1 3 3 | 1 1 3 3
        vextracti64x4 ymm1, zmm0, 1
        vextracti128 xmm2, ymm0, 1
        vextracti128 xmm3, ymm1, 1
        vpaddd  xmm0, xmm0, xmm2
        vpaddd  xmm1, xmm1, xmm3
        vphaddd xmm0, xmm0, xmm1                // of blocks 0 2 1 3
        vpshufd xmm0, xmm0, 0xd8
        vpsubd  xmm0, xmm0, xmm20
        vmovdqu32 [r9]\ks, xmm0
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
        add     ecx, ecx                        // bytes that are left
        mov     rax, -1
        bzhi    rax, rax, rcx
        kmovq   k4, rax
        sub     ecx, 64
        mov     eax, 0
        jle     .Lmasked\@
        mov     rax, -1
        bzhi    rax, rax, rcx
.Lmasked\@:
        kmovq   k5, rax
        QUANTIZE4 {k3}, {k4}, {k5}
.Lend\@:
.endm
