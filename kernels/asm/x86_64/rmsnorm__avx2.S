// SPDX-License-Identifier: MIT
// y = x / sqrt(mean(x^2) + eps) * gain for each token.
//
// void rmsnorm__avx2(const struct row_args *a)                      rdi
//   y, x  [tokens][cols] float, y may be x; gain [cols] float or NULL; cols, tokens any
// Live: rsi x, rdx y, rcx cols, r8 cols in whole 32s, r9 in whole 8s, r10 gain, r11 tokens left,
//       rax column, ymm0-3 sums of squares, ymm5 the factor, ymm7 the tail's mask.
// Clobbers: rax rcx rdx rsi r8-r11 ymm0-7. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

FUNC rmsnorm__avx2
        mov     rsi, [rdi + ROW_X]
        mov     rcx, [rdi + ROW_COLS]
        mov     r10, [rdi + ROW_GAIN]
        mov     r11, [rdi + ROW_TOKENS]
        test    r11, r11
        jle     .Ldone
        mov     r8, rcx
        and     r8, -32
        mov     r9, rcx
        and     r9, -8
        mov     rax, r9
        sub     rax, rcx
        lea     rdx, [rip + .Lmask]
        vmovups ymm7, [rdx + rax * 4 + 32]
        mov     rdx, [rdi + ROW_Y]
.Ltoken:
        xor     eax, eax
        .irp    n, 0, 1, 2, 3
        vxorps  xmm\n, xmm\n, xmm\n
        .endr
        test    r8, r8
        jz      .Lsquares8
        .p2align 5
.Lsquares32:
# LLVM-MCA-BEGIN rmsnorm__avx2
        .irp    n, 0, 1, 2, 3
        vmovups ymm4, [rsi + rax * 4 + \n * 32]
        vfmadd231ps ymm\n, ymm4, ymm4
        .endr
        add     rax, 32
        cmp     rax, r8
        jb      .Lsquares32
# LLVM-MCA-END
.Lsquares8:
        cmp     rax, r9
        jae     .Lsquares_tail
        vmovups ymm4, [rsi + rax * 4]
        vfmadd231ps ymm0, ymm4, ymm4
        add     rax, 8
        jmp     .Lsquares8
.Lsquares_tail:
        cmp     rax, rcx
        jae     .Lfactor
        vmaskmovps ymm4, ymm7, [rsi + rax * 4]
        vfmadd231ps ymm1, ymm4, ymm4
.Lfactor:
        vaddps  ymm0, ymm0, ymm1
        vaddps  ymm2, ymm2, ymm3
        vaddps  ymm0, ymm0, ymm2
        vextractf128 xmm1, ymm0, 1
        vaddps  xmm0, xmm0, xmm1
        vmovhlps xmm1, xmm0, xmm0
        vaddps  xmm0, xmm0, xmm1
        vmovshdup xmm1, xmm0
        vaddss  xmm0, xmm0, xmm1
        vxorps  xmm2, xmm2, xmm2
        vcvtsi2ss xmm1, xmm2, rcx
        vdivss  xmm0, xmm0, xmm1
        vcvtsd2ss xmm1, xmm2, [rdi + ROW_EPS]
        vaddss  xmm0, xmm0, xmm1
        vsqrtss xmm0, xmm0, xmm0
        mov     eax, 0x3f800000         // 1.0
        vmovd   xmm1, eax
        vdivss  xmm0, xmm1, xmm0
        vbroadcastss ymm5, xmm0
        xor     eax, eax
        test    r10, r10
        jz      .Lplain8
.Lscale8:
        cmp     rax, r9
        jae     .Lscale_tail
        vmulps  ymm4, ymm5, [rsi + rax * 4]
        vmulps  ymm4, ymm4, [r10 + rax * 4]
        vmovups [rdx + rax * 4], ymm4
        add     rax, 8
        jmp     .Lscale8
.Lscale_tail:
        cmp     rax, rcx
        jae     .Lnext
        vmaskmovps ymm4, ymm7, [rsi + rax * 4]
        vmaskmovps ymm6, ymm7, [r10 + rax * 4]
        vmulps  ymm4, ymm4, ymm5
        vmulps  ymm4, ymm4, ymm6
        vmaskmovps [rdx + rax * 4], ymm7, ymm4
        jmp     .Lnext
.Lplain8:
        cmp     rax, r9
        jae     .Lplain_tail
        vmulps  ymm4, ymm5, [rsi + rax * 4]
        vmovups [rdx + rax * 4], ymm4
        add     rax, 8
        jmp     .Lplain8
.Lplain_tail:
        cmp     rax, rcx
        jae     .Lnext
        vmaskmovps ymm4, ymm7, [rsi + rax * 4]
        vmulps  ymm4, ymm4, ymm5
        vmaskmovps [rdx + rax * 4], ymm7, ymm4
.Lnext:
        add     rsi, [rdi + ROW_X_STRIDE]
        add     rdx, [rdi + ROW_Y_STRIDE]
        dec     r11
        jnz     .Ltoken
.Ldone:
        vzeroupper
        ret
ENDFUNC rmsnorm__avx2

        .section .rodata
        .p2align 5
        // From 32 - 4 n bytes on: a mask of the first n lanes.
.Lmask: .long   -1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0
