// SPDX-License-Identifier: MIT
// y = x + b, 64 columns at once.
//
// void add__avx512(const struct row_args *a)                        rdi
//   y, x, b  [tokens][cols] float, any alignment, y may be x; cols, tokens any
// Live: rsi x, rdx b, rcx y of the token, r8 column bytes, r9 columns left, r10 tokens left, k1 the
//   tail's mask.
// Clobbers: rax rcx rdx rsi r8-r10 zmm0-3 k1. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/rows_avx512.h"

.macro sum16 k, kz
        vmovups zmm0\kz, [rsi + r8]
        vaddps  zmm0\kz, zmm0, [rdx + r8]
        vmovups [rcx + r8]\k, zmm0
.endm

FUNC add__avx512
        mov     rsi, [rdi + ROW_X]
        mov     rdx, [rdi + ROW_B]
        mov     rcx, [rdi + ROW_Y]
        mov     r10, [rdi + ROW_TOKENS]
        TAIL_MASK
        test    r10, r10
        jle     .Ldone
.Ltoken:
        xor     r8d, r8d
        mov     r9, [rdi + ROW_COLS]
        sub     r9, 64
        jl      .Lrest
        .p2align 5
.Lcols64:
# LLVM-MCA-BEGIN add__avx512
        .irp    n, 0, 1, 2, 3
        vmovups zmm\n, [rsi + r8 + \n * 64]
        vaddps  zmm\n, zmm\n, [rdx + r8 + \n * 64]
        vmovups [rcx + r8 + \n * 64], zmm\n
        .endr
        add     r8, 256
        sub     r9, 64
        jge     .Lcols64
# LLVM-MCA-END
.Lrest:
        add     r9, 48
        jl      .Ltail
.Lcols16:
        sum16
        add     r8, 64
        sub     r9, 16
        jge     .Lcols16
.Ltail:
        cmp     r9, -16
        je      .Lnext
        sum16   {k1}, {k1}{z}
.Lnext:
        add     rsi, [rdi + ROW_X_STRIDE]
        add     rdx, [rdi + ROW_B_STRIDE]
        add     rcx, [rdi + ROW_Y_STRIDE]
        dec     r10
        jnz     .Ltoken
.Ldone:
        vzeroupper
        ret
ENDFUNC add__avx512
