// SPDX-License-Identifier: MIT
// y[t] = row ids[t] of w, f16 to float, eight columns at once.
//
// void embed_f16__avx2(const struct embed_args *a)          rdi
//   y  [tokens][cols] float, written    w  [rows][cols] f16    ids [tokens] rows of w
// Live: those of embed.h.
// Clobbers: rax rcx rdx rsi r8-r10 ymm0. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/embed.h"

FUNC embed_f16__avx2
        EMBED_BEGIN
        sub     rcx, 8
        jl      .Ltail
        .p2align 4
.Lcols8:
# LLVM-MCA-BEGIN embed_f16__avx2
        vcvtph2ps ymm0, [rsi]
        vmovups [rdx], ymm0
        add     rsi, 16
        add     rdx, 32
        sub     rcx, 8
        jge     .Lcols8
# LLVM-MCA-END
.Ltail:
        add     rcx, 8
        jz      .Lnext
.Lcols1:
        movzx   eax, word ptr [rsi]
        vmovd   xmm0, eax
        vcvtph2ps xmm0, xmm0
        vmovss  [rdx], xmm0
        add     rsi, 2
        add     rdx, 4
        dec     rcx
        jnz     .Lcols1
.Lnext:
        EMBED_END
ENDFUNC embed_f16__avx2
