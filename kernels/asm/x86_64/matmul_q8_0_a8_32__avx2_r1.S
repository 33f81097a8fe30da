// SPDX-License-Identifier: MIT
// y[r] = sum over c of w[r][c] * x[c] for one token, q8_0 by a8_32: one row after the other, four
// blocks at once, vpmaddubsw.
//
// void matmul_q8_0_a8_32__avx2_r1(const struct matmul_args *a)      rdi
//   y  [rows] float, written            w  [rows][cols/32] block_q8_0 { f16 d; int8 q[32] }
//   x  one token's a8_32 planes         rows any, cols a multiple of 32, tokens = 1
// The matrix comes from memory once and is not used again: one linear stream a thread, prefetched 8
// KiB ahead (a prefetch never faults). The integer dots of four blocks are added up into one lane
// each, so that four scales are converted and multiplied at once. Weights may be -128: the sign
// trick goes on x. A pair of products is at most 2 * 128 * 127.
// Live: rsi row of w, rdx x.q, rbx x.d, rcx rows left, rax y, rdi stride, r8 blocks a row; in a row
//       r9 w, r10 x.q, r11 x.d, rbp blocks left; ymm0 ymm1 sums, ymm15 16-bit ones.
// Clobbers: rax rcx rdx rsi rdi r8-r11 ymm0-9 ymm15. Stack: rbx rbp. Reads past the end: none.
#include "kernels/asm/asm.h"

#define PREFETCH_BYTES 8192

// dot = 8 partial sums of block n
.macro dot dot, n
        vmovdqu ymm9, [r9 + 34 * \n + 2]
        vmovdqa ymm8, [r10 + 32 * \n]
        vpsignb ymm8, ymm8, ymm9
        vpabsb  ymm9, ymm9
        vpmaddubsw ymm8, ymm9, ymm8
        vpmaddwd \dot, ymm8, ymm15
.endm

FUNC matmul_q8_0_a8_32__avx2_r1
        push    rbx
        push    rbp
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
        vpcmpeqd ymm15, ymm15, ymm15
        vpsrlw  ymm15, ymm15, 15
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
# LLVM-MCA-BEGIN matmul_q8_0_a8_32__avx2_r1
        prefetcht0 [r9 + PREFETCH_BYTES]
        prefetcht0 [r9 + PREFETCH_BYTES + 64]
        prefetcht0 [r9 + PREFETCH_BYTES + 128]
        vmovd   xmm7, [r9]              // f16 d, and two bytes of q that are replaced
        vpinsrw xmm7, xmm7, [r9 + 34], 1
        vpinsrw xmm7, xmm7, [r9 + 2 * 34], 2
        vpinsrw xmm7, xmm7, [r9 + 3 * 34], 3
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
        vinsertf128 ymm7, ymm7, xmm7, 1
        vcvtdq2ps ymm2, ymm2
        vfmadd231ps ymm0, ymm2, ymm7
        add     r9, 4 * 34
        sub     r10, -4 * 32
        add     r11, 4 * 4
        sub     rbp, 4
        jge     .Lblocks4
# LLVM-MCA-END
.Lrest:
        add     rbp, 4
        jz      .Lrow_end
.Lblock1:
        dot     ymm2, 0
        vpbroadcastw xmm7, [r9]
        vcvtph2ps ymm7, xmm7
        vbroadcastss ymm3, [r11]
        vmulps  ymm7, ymm7, ymm3
        vcvtdq2ps ymm2, ymm2
        vfmadd231ps ymm1, ymm2, ymm7
        add     r9, 34
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
        pop     rbp
        pop     rbx
        vzeroupper
        ret
ENDFUNC matmul_q8_0_a8_32__avx2_r1
