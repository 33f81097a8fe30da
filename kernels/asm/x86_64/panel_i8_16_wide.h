// SPDX-License-Identifier: MIT
// clang-format off
// The products of panel_i8_16.h without dot instructions: vpmaddubsw saturates at 16 bits and psign
// costs a multiplier's slot, so even and odd bytes of q + 128 are widened in place (and, shift) and
// multiplied by x, widened the same way on the stack a block ahead (behind the last block that reads
// the d plane, within x); rax = where the block's x lies, in turn one half and the other.
#pragma once

        .section .rodata
        .p2align 5
.Leven: .fill   16, 2, 0x00ff

// x of the block at q + c as 16 bits: bytes 0 and 2 of each dword from `wide` on, 1 and 3 from
// wide + 32 on
.macro widen c, i0, i1, f0, f1, q, d, sum, wide
        vmovdqu ymm14, [\q + \c]
        vpsllw  ymm15, ymm14, 8
        vpsraw  ymm15, ymm15, 8
        vpsraw  ymm14, ymm14, 8
        vmovdqa [\wide], ymm15
        vmovdqa [\wide + 32], ymm14
.endm
.macro multiply i0, i1, x
        vpbroadcastd ymm14, [\x]
        vpmaddwd ymm15, ymm14, ymm12
        vpmaddwd ymm14, ymm14, ymm13
        vpaddd  ymm\i0, ymm\i0, ymm15
        vpaddd  ymm\i1, ymm\i1, ymm14
.endm
.macro dot_even c, i0, i1, f0, f1, q, d, sum, wide
        multiply \i0, \i1, \wide+4*\c
.endm
.macro dot_odd c, i0, i1, f0, f1, q, d, sum, wide
        multiply \i0, \i1, \wide+4*\c+32
.endm

.macro begin_x tokens
        each_token widen, \tokens
.endm
.macro block_dots tokens
.irp c, 0, 1, 2, 3, 4, 5, 6, 7
        vmovdqa ymm13, [rip + .Leven]
        vpand   ymm12, ymm13, [rsi + 64 * \c]
        vpand   ymm13, ymm13, [rsi + 64 * \c + 32]
        each_token dot_even, \tokens, \c
        vmovdqa ymm12, [rsi + 64 * \c]
        vmovdqa ymm13, [rsi + 64 * \c + 32]
        vpsrlw  ymm12, ymm12, 8
        vpsrlw  ymm13, ymm13, 8
        each_token dot_odd, \tokens, \c
.if \c == 4
        xor     rax, 256
        each_token widen, \tokens, 32
        xor     rax, 256
.endif
.endr
.endm
