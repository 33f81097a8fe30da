// SPDX-License-Identifier: MIT
// y[r] = sum over c of w[r][c] * x[c] for one token, q4_0 by a8_32: one row after the other, four
// blocks at once, vpdpbusd on two blocks in 512 bits.
//
// void matmul_q4_0_a8_32__avx512vnni_r1(const struct matmul_args *a)      rdi
//   y  [rows] float, written            w  [rows][cols/32] block_q4_0 { f16 d; q[16] }
//   x  one token's a8_32 planes         rows any, cols a multiple of 32, tokens = 1
//   scratch  [pairs of blocks] { int8 x[64]; int32 start[16] }: x in the order in which two blocks'
//            nibbles unpack (b0 low, b1 low, b0 high, b1 high); start = -8 * sum of the 4 x of each
//            lane, for the nibble, q + 8, is the dot's unsigned operand
// The matrix comes from memory once and is not used again: one linear stream a thread, prefetched 8
// KiB ahead (a prefetch never faults). Nothing is summed across lanes before a row's end: a lane
// takes the scale of its block.
// Live: rsi row of w, rdx scratch, rbx x.d, rcx rows left, rax y, rdi stride, r8 blocks a row; in a
//       row r9 w, r10 scratch, r11 x.d, rbp blocks left; zmm0 zmm1 sums, zmm13 zmm14 which of four
//       scales a lane takes, zmm15 0x0f bytes.
// Clobbers: rax rcx rdx rsi rdi r8-r11 zmm0-7 zmm13-15. Stack: rbx rbp. Reads past the end: none.
#include "kernels/asm/asm.h"

#define BLOCK 18
#define PREFETCH_BYTES 8192

        .section .rodata
        .p2align 6
.Lfirst: .long  0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1
.Llast:  .long  2, 2, 2, 2, 3, 3, 3, 3, 2, 2, 2, 2, 3, 3, 3, 3

// The dots of the two blocks whose nibbles are in ymm2, times xmm7's scales that `which` picks
.macro multiply sum, which, x
        vpsrlw  ymm3, ymm2, 4
        vinserti64x4 zmm2, zmm2, ymm3, 1
        vpandd  zmm2, zmm2, zmm15
        vmovdqa64 zmm4, [r10 + \x + 64]
        vpdpbusd zmm4, zmm2, [r10 + \x]
        vpermps zmm5, \which, zmm7
        vcvtdq2ps zmm4, zmm4
        vfmadd231ps \sum, zmm4, zmm5
.endm
.macro pair sum, which, w, x
        vmovdqu xmm2, [r9 + \w + 2]
        vinserti128 ymm2, ymm2, [r9 + \w + BLOCK + 2], 1
        multiply \sum, \which, \x
.endm

FUNC matmul_q4_0_a8_32__avx512vnni_r1
        push    rbx
        push    rbp
        mov     rsi, [rdi + MATMUL_W]
        mov     r10, [rdi + MATMUL_X]
        mov     rdx, [rdi + MATMUL_SCRATCH]
        mov     rcx, [rdi + MATMUL_ROWS]
        mov     r8, [rdi + MATMUL_COLS]
        lea     rbx, [r8 + 63]
        and     rbx, -64
        add     rbx, r10                // the d plane
        shr     r8, 5                   // blocks a row
        mov     eax, 0x0f0f0f0f
        vpbroadcastd zmm15, eax
        mov     eax, 0x08080808
        vpbroadcastd zmm5, eax
        vmovdqa64 zmm13, [rip + .Llast]
        vmovdqa64 zmm14, [rip + .Lfirst]

// x into scratch
        mov     r9, rdx
        mov     rbp, r8
.Lx_pair:
        vmovdqu ymm0, [r10]
        dec     rbp
        jz      .Lx_order               // an odd block: the upper half is zero
        vinserti64x4 zmm0, zmm0, [r10 + 32], 1
        dec     rbp
.Lx_order:
        vshufi32x4 zmm0, zmm0, zmm0, 0xd8
        vpxord  zmm1, zmm1, zmm1
        vpxord  zmm2, zmm2, zmm2
        vpdpbusd zmm1, zmm5, zmm0
        vpsubd  zmm1, zmm2, zmm1
        vmovdqa64 [r9], zmm0
        vmovdqa64 [r9 + 64], zmm1
        add     r10, 64
        add     r9, 128
        test    rbp, rbp
        jnz     .Lx_pair

        mov     rax, [rdi + MATMUL_Y]
        mov     rdi, [rdi + MATMUL_W_STRIDE]
        test    rcx, rcx
        jz      .Ldone
.Lrow:
        mov     r9, rsi
        mov     r10, rdx
        mov     r11, rbx
        mov     rbp, r8
        vpxord  zmm0, zmm0, zmm0
        vpxord  zmm1, zmm1, zmm1
        sub     rbp, 4
        jl      .Lrest
        .p2align 5
.Lblocks4:
# LLVM-MCA-BEGIN matmul_q4_0_a8_32__avx512vnni_r1
        prefetcht0 [r9 + PREFETCH_BYTES]
        prefetcht0 [r9 + PREFETCH_BYTES + 64]
        vmovd   xmm7, [r9]              // f16 d, and two bytes of q that are replaced
        vpinsrw xmm7, xmm7, [r9 + BLOCK], 1
        vpinsrw xmm7, xmm7, [r9 + 2 * BLOCK], 2
        vpinsrw xmm7, xmm7, [r9 + 3 * BLOCK], 3
        vcvtph2ps xmm7, xmm7
        vmulps  xmm7, xmm7, [r11]
        pair    zmm0, zmm14, 0, 0
        pair    zmm1, zmm13, 2*BLOCK, 128
        add     r9, 4 * BLOCK
        add     r10, 256
        add     r11, 4 * 4
        sub     rbp, 4
        jge     .Lblocks4
# LLVM-MCA-END matmul_q4_0_a8_32__avx512vnni_r1
.Lrest:
        add     rbp, 4
        jz      .Lrow_end
        cmp     rbp, 2
        jl      .Lrest1
        vmovd   xmm7, [r9]
        vpinsrw xmm7, xmm7, [r9 + BLOCK], 1
        vcvtph2ps xmm7, xmm7
        vmovq   xmm6, [r11]
        vmulps  xmm7, xmm7, xmm6
        pair    zmm0, zmm14, 0, 0
        add     r9, 2 * BLOCK
        add     r10, 128
        add     r11, 2 * 4
        sub     rbp, 2
        jz      .Lrow_end
.Lrest1:                                // the lanes of the block that is missing: 0 * scale 0
        movzx   ebp, word ptr [r9]
        vmovd   xmm7, ebp
        vcvtph2ps xmm7, xmm7
        vmovss  xmm6, [r11]
        vmulss  xmm7, xmm7, xmm6
        vmovdqu xmm2, [r9 + 2]
        multiply zmm1, zmm14, 0
.Lrow_end:
        vaddps  zmm0, zmm0, zmm1
        vextractf64x4 ymm1, zmm0, 1
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
ENDFUNC matmul_q4_0_a8_32__avx512vnni_r1
