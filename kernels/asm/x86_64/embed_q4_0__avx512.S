// SPDX-License-Identifier: MIT
// y[t] = row ids[t] of w: d * (nibble - 8), a block of 32 columns at once.
//
// void embed_q4_0__avx512(const struct embed_args *a)       rdi
//   y  [tokens][cols] float, written    w  [rows][cols] q4_0    ids [tokens] rows of w
// Live: those of embed.h, rcx blocks left, zmm2 d, zmm3 15, zmm4 8.
// Clobbers: rax rcx rdx rsi r8-r10 zmm0-4. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/embed.h"

FUNC embed_q4_0__avx512
        mov     eax, 15
        vpbroadcastd zmm3, eax
        mov     eax, 8
        vpbroadcastd zmm4, eax
        EMBED_BEGIN
        shr     rcx, 5
        jz      .Lnext
        .p2align 4
.Lblock:
# LLVM-MCA-BEGIN embed_q4_0__avx512
        vpbroadcastw xmm2, word ptr [rsi]
        vcvtph2ps xmm2, xmm2
        vbroadcastss zmm2, xmm2
        vpmovzxbd zmm1, [rsi + 2]
        vpandd  zmm0, zmm1, zmm3
        vpsrld  zmm1, zmm1, 4
        .irp    n, 0, 1
        vpsubd  zmm\n, zmm\n, zmm4
        vcvtdq2ps zmm\n, zmm\n
        vmulps  zmm\n, zmm\n, zmm2
        vmovups [rdx + \n * 64], zmm\n
        .endr
        add     rsi, 18
        sub     rdx, -128
        dec     rcx
        jnz     .Lblock
# LLVM-MCA-END
.Lnext:
        EMBED_END
ENDFUNC embed_q4_0__avx512
