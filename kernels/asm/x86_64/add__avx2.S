// SPDX-License-Identifier: MIT
// y = x + b.
//
// void add__avx2(const struct row_args *a)                          rdi
//   y, x, b  [tokens][cols] float, y may be x; cols, tokens any
// Live: rsi x, rdx b, r8 y, rcx cols, r9 cols in whole 32s, r10 in whole 8s, r11 tokens left, rax
//       column.
// Clobbers: rax rcx rdx rsi r8-r11 ymm0-3. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

FUNC add__avx2
        mov     rsi, [rdi + ROW_X]
        mov     rdx, [rdi + ROW_B]
        mov     r8, [rdi + ROW_Y]
        mov     rcx, [rdi + ROW_COLS]
        mov     r11, [rdi + ROW_TOKENS]
        mov     r9, rcx
        and     r9, -32
        mov     r10, rcx
        and     r10, -8
        test    r11, r11
        jle     .Ldone
.Ltoken:
        xor     eax, eax
        test    r9, r9
        jz      .Lcols8
        .p2align 5
.Lcols32:
# LLVM-MCA-BEGIN add__avx2
        .irp    n, 0, 1, 2, 3
        vmovups ymm\n, [rsi + rax * 4 + \n * 32]
        vaddps  ymm\n, ymm\n, [rdx + rax * 4 + \n * 32]
        vmovups [r8 + rax * 4 + \n * 32], ymm\n
        .endr
        add     rax, 32
        cmp     rax, r9
        jb      .Lcols32
# LLVM-MCA-END
.Lcols8:
        cmp     rax, r10
        jae     .Lcols1
        vmovups ymm0, [rsi + rax * 4]
        vaddps  ymm0, ymm0, [rdx + rax * 4]
        vmovups [r8 + rax * 4], ymm0
        add     rax, 8
        jmp     .Lcols8
.Lcols1:
        cmp     rax, rcx
        jae     .Lnext
        vmovss  xmm0, [rsi + rax * 4]
        vaddss  xmm0, xmm0, [rdx + rax * 4]
        vmovss  [r8 + rax * 4], xmm0
        inc     rax
        jmp     .Lcols1
.Lnext:
        add     rsi, [rdi + ROW_X_STRIDE]
        add     rdx, [rdi + ROW_B_STRIDE]
        add     r8, [rdi + ROW_Y_STRIDE]
        dec     r11
        jnz     .Ltoken
.Ldone:
        vzeroupper
        ret
ENDFUNC add__avx2
