// SPDX-License-Identifier: MIT
// y[t] = row ids[t] of w, f16 to float, sixteen columns at once.
//
// void embed_f16__avx512(const struct embed_args *a)        rdi
//   y  [tokens][cols] float, written    w  [rows][cols] f16    ids [tokens] rows of w
// Live: those of embed.h, k1 the tail's mask.
// Clobbers: rax rcx rdx rsi r8-r10 zmm0 k1. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/embed.h"

FUNC embed_f16__avx512
        EMBED_BEGIN
        sub     rcx, 16
        jl      .Ltail
        .p2align 4
.Lcols16:
# LLVM-MCA-BEGIN embed_f16__avx512
        vcvtph2ps zmm0, [rsi]
        vmovups [rdx], zmm0
        add     rsi, 32
        add     rdx, 64
        sub     rcx, 16
        jge     .Lcols16
# LLVM-MCA-END
.Ltail:
        add     rcx, 16
        jz      .Lnext
        mov     eax, -1
        bzhi    eax, eax, ecx
        kmovw   k1, eax
        vcvtph2ps zmm0{k1}{z}, [rsi]
        vmovups [rdx]{k1}, zmm0
.Lnext:
        EMBED_END
ENDFUNC embed_f16__avx512
