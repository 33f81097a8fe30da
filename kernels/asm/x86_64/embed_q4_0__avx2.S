// SPDX-License-Identifier: MIT
// y[t] = row ids[t] of w: d * (nibble - 8), a block of 32 columns at once.
//
// void embed_q4_0__avx2(const struct embed_args *a)         rdi
//   y  [tokens][cols] float, written    w  [rows][cols] q4_0    ids [tokens] rows of w
// Live: those of embed.h, rcx blocks left, ymm2 d, ymm3 15, ymm4 8.
// Clobbers: rax rcx rdx rsi r8-r10 ymm0-4. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/embed.h"

FUNC embed_q4_0__avx2
        mov     eax, 15
        vmovd   xmm3, eax
        vpbroadcastd ymm3, xmm3
        mov     eax, 8
        vmovd   xmm4, eax
        vpbroadcastd ymm4, xmm4
        EMBED_BEGIN
        shr     rcx, 5
        jz      .Lnext
        .p2align 4
.Lblock:
# LLVM-MCA-BEGIN embed_q4_0__avx2
        vpbroadcastw xmm2, word ptr [rsi]
        vcvtph2ps xmm2, xmm2
        vbroadcastss ymm2, xmm2
        vpmovzxbd ymm1, [rsi + 2]
        vpand   ymm0, ymm1, ymm3
        vpsrld  ymm1, ymm1, 4
        .irp    n, 0, 1
        vpsubd  ymm\n, ymm\n, ymm4
        vcvtdq2ps ymm\n, ymm\n
        vmulps  ymm\n, ymm\n, ymm2
        vmovups [rdx + 0 + \n * 64], ymm\n
        .endr
        vpmovzxbd ymm1, [rsi + 10]
        vpand   ymm0, ymm1, ymm3
        vpsrld  ymm1, ymm1, 4
        .irp    n, 0, 1
        vpsubd  ymm\n, ymm\n, ymm4
        vcvtdq2ps ymm\n, ymm\n
        vmulps  ymm\n, ymm\n, ymm2
        vmovups [rdx + 32 + \n * 64], ymm\n
        .endr
        add     rsi, 18
        sub     rdx, -128
        dec     rcx
        jnz     .Lblock
# LLVM-MCA-END
.Lnext:
        EMBED_END
ENDFUNC embed_q4_0__avx2
