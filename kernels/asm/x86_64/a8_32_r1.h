// SPDX-License-Identifier: MIT
// clang-format off
// One token, one row after the other: the body of matmul_q8_0_a8_32__{avx2,avxvnni,
// avx512vnni}_r1*. A file defines, then says FUNC NAME, matvec_r1 NAME, ENDFUNC NAME:
//   BLOCK           bytes of 32 weights, a f16 scale first
//   PREFETCH_BYTES  how far ahead of its reading a row asks for memory; 0: not at all
//   SUM_SHIFT       0: dots are of the weights themselves; n: of weights plus 2^n, and 2^n * sum(x)
//   is
//                   taken back
//   macro constants what ymm15 (and ymm14) hold throughout, with eax as scratch
//   macro dot       dot, n: 8 partial sums of block n from [r9] and [r10] on; ymm8 ymm9 are scratch
//
// The matrix comes from memory once and is not used again: one linear stream a thread (a prefetch
// never faults). The integer dots of four blocks are added up into one lane each, so that four
// scales are converted and multiplied at once.
// Live: rsi row of w, rdx x.q, rbx x.d, rcx rows left, rax y, rdi stride, r8 blocks a row; in a row
//       r9 w, r10 x.q, r11 x.d, rbp blocks left, r12 from x.d to x.sum; ymm0 ymm1 sums.
// Clobbers: rax rcx rdx rsi rdi r8-r11 ymm0-9 ymm14 ymm15. Stack: rbx rbp r12. Reads past the end:
//       none.
#pragma once
#include "kernels/asm/asm.h"

.macro matvec_r1 name
        push    rbx
        push    rbp
        push    r12
        constants
        mov     rsi, [rdi + MATMUL_W]
        mov     rdx, [rdi + MATMUL_X]
        mov     rcx, [rdi + MATMUL_ROWS]
        mov     r8, [rdi + MATMUL_COLS]
        mov     rax, [rdi + MATMUL_Y]
        mov     rdi, [rdi + MATMUL_W_STRIDE]
        lea     rbx, [r8 + 63]
        and     rbx, -64
        add     rbx, rdx                // the d plane
        shr     r8, 5                   // blocks a row
        lea     r12, [r8 * 4 + 63]
        and     r12, -64                // bytes of the d plane
        test    rcx, rcx
        jz      .Ldone
.Lrow:
        mov     r9, rsi
        mov     r10, rdx
        mov     r11, rbx
        mov     rbp, r8
        vxorps  xmm0, xmm0, xmm0
        vxorps  xmm1, xmm1, xmm1
        sub     rbp, 4
        jl      .Lrest
        .p2align 5
.Lblocks4:
# LLVM-MCA-BEGIN \name
.if PREFETCH_BYTES
        prefetcht0 [r9 + PREFETCH_BYTES]
        prefetcht0 [r9 + PREFETCH_BYTES + 64]
        prefetcht0 [r9 + PREFETCH_BYTES + 128]
.endif
        vmovd   xmm7, [r9]              // f16 d, and two bytes of q that are replaced
        vpinsrw xmm7, xmm7, [r9 + BLOCK], 1
        vpinsrw xmm7, xmm7, [r9 + 2 * BLOCK], 2
        vpinsrw xmm7, xmm7, [r9 + 3 * BLOCK], 3
        dot     ymm2, 0
        dot     ymm3, 1
        dot     ymm4, 2
        dot     ymm5, 3
        vcvtph2ps xmm7, xmm7
        vpunpckldq ymm6, ymm2, ymm3     // two lanes of each block, then one
        vpunpckhdq ymm2, ymm2, ymm3
        vpunpckldq ymm3, ymm4, ymm5
        vpunpckhdq ymm4, ymm4, ymm5
        vpaddd  ymm2, ymm2, ymm6
        vpaddd  ymm4, ymm4, ymm3
        vmulps  xmm7, xmm7, [r11]
        vpunpcklqdq ymm3, ymm2, ymm4
        vpunpckhqdq ymm2, ymm2, ymm4
        vpaddd  ymm2, ymm2, ymm3
.if SUM_SHIFT
        vpslld  xmm3, [r11 + r12], SUM_SHIFT
        vpsubd  ymm2, ymm2, ymm3        // from the low half, where ymm3 is not zero
.endif
        vinsertf128 ymm7, ymm7, xmm7, 1
        vcvtdq2ps ymm2, ymm2
        vfmadd231ps ymm0, ymm2, ymm7
        add     r9, 4 * BLOCK
        sub     r10, -4 * 32
        add     r11, 4 * 4
        sub     rbp, 4
        jge     .Lblocks4
# LLVM-MCA-END \name
.Lrest:
        add     rbp, 4
        jz      .Lrow_end
.Lblock1:
        dot     ymm2, 0
        vpbroadcastw xmm7, [r9]
        vcvtph2ps ymm7, xmm7
        vbroadcastss ymm3, [r11]
        vmulps  ymm7, ymm7, ymm3
.if SUM_SHIFT
        vmovd   xmm3, [r11 + r12]
        vpslld  xmm3, xmm3, SUM_SHIFT
        vpsubd  ymm2, ymm2, ymm3
.endif
        vcvtdq2ps ymm2, ymm2
        vfmadd231ps ymm1, ymm2, ymm7
        add     r9, BLOCK
        add     r10, 32
        add     r11, 4
        dec     rbp
        jnz     .Lblock1
.Lrow_end:
        vaddps  ymm0, ymm0, ymm1
        vextractf128 xmm1, ymm0, 1
        vaddps  xmm0, xmm0, xmm1
        vmovhlps xmm1, xmm0, xmm0
        vaddps  xmm0, xmm0, xmm1
        vmovshdup xmm1, xmm0
        vaddss  xmm0, xmm0, xmm1
        vmovss  [rax], xmm0
        add     rax, 4
        add     rsi, rdi
        dec     rcx
        jnz     .Lrow
.Ldone:
        pop     r12
        pop     rbp
        pop     rbx
        vzeroupper
        ret
.endm
