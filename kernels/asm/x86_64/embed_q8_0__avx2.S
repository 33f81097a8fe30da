// SPDX-License-Identifier: MIT
// y[t] = row ids[t] of w: d * q, a block of 32 columns at once.
//
// void embed_q8_0__avx2(const struct embed_args *a)         rdi
//   y  [tokens][cols] float, written    w  [rows][cols] q8_0    ids [tokens] rows of w
// Live: those of embed.h, rcx blocks left, ymm2 d.
// Clobbers: rax rcx rdx rsi r8-r10 ymm0 ymm2. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/embed.h"

FUNC embed_q8_0__avx2
        EMBED_BEGIN
        shr     rcx, 5
        jz      .Lnext
        .p2align 4
.Lblock:
# LLVM-MCA-BEGIN embed_q8_0__avx2
        vpbroadcastw xmm2, word ptr [rsi]
        vcvtph2ps xmm2, xmm2
        vbroadcastss ymm2, xmm2
        vpmovsxbd ymm0, [rsi + 2]
        vcvtdq2ps ymm0, ymm0
        vmulps  ymm0, ymm0, ymm2
        vmovups [rdx + 0], ymm0
        vpmovsxbd ymm0, [rsi + 10]
        vcvtdq2ps ymm0, ymm0
        vmulps  ymm0, ymm0, ymm2
        vmovups [rdx + 32], ymm0
        vpmovsxbd ymm0, [rsi + 18]
        vcvtdq2ps ymm0, ymm0
        vmulps  ymm0, ymm0, ymm2
        vmovups [rdx + 64], ymm0
        vpmovsxbd ymm0, [rsi + 26]
        vcvtdq2ps ymm0, ymm0
        vmulps  ymm0, ymm0, ymm2
        vmovups [rdx + 96], ymm0
        add     rsi, 34
        sub     rdx, -128
        dec     rcx
        jnz     .Lblock
# LLVM-MCA-END
.Lnext:
        EMBED_END
ENDFUNC embed_q8_0__avx2
