// SPDX-License-Identifier: MIT
// y[t] = row ids[t] of w: d * q, a block of 32 columns at once.
//
// void embed_q8_0__avx512(const struct embed_args *a)       rdi
//   y  [tokens][cols] float, written    w  [rows][cols] q8_0    ids [tokens] rows of w
// Live: those of embed.h, rcx blocks left, zmm2 d.
// Clobbers: rax rcx rdx rsi r8-r10 zmm0 zmm2. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/embed.h"

FUNC embed_q8_0__avx512
        EMBED_BEGIN
        shr     rcx, 5
        jz      .Lnext
        .p2align 4
.Lblock:
# LLVM-MCA-BEGIN embed_q8_0__avx512
        vpbroadcastw xmm2, word ptr [rsi]
        vcvtph2ps xmm2, xmm2
        vbroadcastss zmm2, xmm2
        vpmovsxbd zmm0, [rsi + 2]
        vcvtdq2ps zmm0, zmm0
        vmulps  zmm0, zmm0, zmm2
        vmovups [rdx + 0], zmm0
        vpmovsxbd zmm0, [rsi + 18]
        vcvtdq2ps zmm0, zmm0
        vmulps  zmm0, zmm0, zmm2
        vmovups [rdx + 64], zmm0
        add     rsi, 34
        sub     rdx, -128
        dec     rcx
        jnz     .Lblock
# LLVM-MCA-END
.Lnext:
        EMBED_END
ENDFUNC embed_q8_0__avx512
