// SPDX-License-Identifier: MIT
// y[r] = sum over c of w[r][c] * x[c] for one token, q8_0 by a8_32: one row after the other,
// vpdpbusd on 256 bits.
//
// void matmul_q8_0_a8_32__avx512vnni_r1(const struct matmul_args *a)      rdi
//   y  [rows] float, written            w  [rows][cols/32] block_q8_0 { f16 d; int8 q[32] }
//   x  one token's a8_32 planes         rows any, cols a multiple of 32, tokens = 1
// The matrix comes from memory once and is not used again: one linear stream a thread, prefetched 8
// KiB ahead (a prefetch never faults). Weights may be -128: the sign trick goes on x.
// Live: rsi row of w, rdx x.q, rbx x.d, rcx rows left, rax y, rdi stride; in a row r9 w, r10 x.q,
//       r11 x.d, rbp blocks left, ymm0-3 sums.
// Clobbers: rax rcx rdx rsi rdi r8-r11 ymm0-8. Stack: rbx rbp. Reads past the end: none.
#include "kernels/asm/asm.h"

#define PREFETCH_BYTES 8192

// sum += (w.d * x.d) * dot of one block of 32
.macro block w_at, q_at, d_at, sum
        vmovdqu ymm4, [r9 + \w_at + 2]
        vmovdqa ymm6, [r10 + \q_at]
        vpabsb  ymm5, ymm4
        vpsignb ymm6, ymm6, ymm4
        vpbroadcastw xmm7, [r9 + \w_at]
        vpxor   xmm8, xmm8, xmm8
        vpdpbusd ymm8, ymm5, ymm6
        vcvtph2ps ymm7, xmm7
        vmulps  ymm7, ymm7, [r11 + \d_at]{1to8}
        vcvtdq2ps ymm5, ymm8
        vfmadd231ps \sum, ymm5, ymm7
.endm

FUNC matmul_q8_0_a8_32__avx512vnni_r1
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
        test    rcx, rcx
        jz      .Ldone
.Lrow:
        mov     r9, rsi
        mov     r10, rdx
        mov     r11, rbx
        mov     rbp, r8
        vxorps  xmm0, xmm0, xmm0
        vxorps  xmm1, xmm1, xmm1
        vxorps  xmm2, xmm2, xmm2
        vxorps  xmm3, xmm3, xmm3
        sub     rbp, 4
        jl      .Lrest
        .p2align 5
.Lblocks4:
        prefetcht0 [r9 + PREFETCH_BYTES]
        prefetcht0 [r9 + PREFETCH_BYTES + 64]
        prefetcht0 [r9 + PREFETCH_BYTES + 128]
        block   0, 0, 0, ymm0
        block   34, 32, 4, ymm1
        block   68, 64, 8, ymm2
        block   102, 96, 12, ymm3
        add     r9, 4 * 34
        sub     r10, -4 * 32
        add     r11, 4 * 4
        sub     rbp, 4
        jge     .Lblocks4
.Lrest:
        add     rbp, 4
        jz      .Lrow_end
.Lblock1:
        block   0, 0, 0, ymm0
        add     r9, 34
        add     r10, 32
        add     r11, 4
        dec     rbp
        jnz     .Lblock1
.Lrow_end:
        vaddps  ymm0, ymm0, ymm1
        vaddps  ymm2, ymm2, ymm3
        vaddps  ymm0, ymm0, ymm2
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
ENDFUNC matmul_q8_0_a8_32__avx512vnni_r1
