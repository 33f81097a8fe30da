// SPDX-License-Identifier: MIT
// y[r] = sum over c of w[r][c] * x[c] for one token, f16 by f32: four streams of rows at once.
//
// void matmul_f16_f32__avx2_s4(const struct matmul_args *a)        rdi
//   y  [rows] float, written            w  [rows][cols] IEEE binary16
//   x  [cols] float                     rows, cols any, tokens = 1
// The matrix comes from memory once and is not used again. The rows are cut into four quarters,
// each read front to back: four streams keep more lines in flight than one does. No software
// prefetch: every distance from 1 to 4 KiB cost 2-7 % on Zen 4. What is left of rows / 4 is
// computed with all four streams on the same row.
// Live: rsi y, rdx x, rcx rows of a quarter left, rbx cols, r8-r11 rows of w, rbp bytes of a
//       quarter's y, rax column, r12 cols in whole 16s, r13 in whole 8s, ymm0-7 sums (two a row),
//       ymm8-9 w, ymm14-15 x.
// Clobbers: rax rcx rdx rsi r8-r11 ymm0-15. Stack: rbx rbp r12 r13. Reads past the end: none.
#include "kernels/asm/asm.h"

FUNC matmul_f16_f32__avx2_s4
        push    rbx
        push    rbp
        push    r12
        push    r13
        mov     rsi, [rdi + MATMUL_Y]
        mov     rdx, [rdi + MATMUL_X]
        mov     rcx, [rdi + MATMUL_ROWS]
        mov     rbx, [rdi + MATMUL_COLS]
        mov     r8, [rdi + MATMUL_W]
        mov     r12, rbx
        and     r12, -16
        mov     r13, rbx
        and     r13, -8
        shr     rcx, 2
        jz      .Lleft
        lea     rbp, [rcx * 4]
        mov     rax, rcx
        imul    rax, [rdi + MATMUL_W_STRIDE]
        lea     r9, [r8 + rax]
        lea     r10, [r9 + rax]
        lea     r11, [r10 + rax]
.Lrow:
        xor     eax, eax
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7
        vxorps  xmm\n, xmm\n, xmm\n
        .endr
        cmp     rax, r12
        jae     .Leights
        .p2align 5
.Lcols16:
# LLVM-MCA-BEGIN matmul_f16_f32__avx2_s4
        vmovups ymm14, [rdx + rax * 4]
        vmovups ymm15, [rdx + rax * 4 + 32]
        vcvtph2ps ymm8, [r8 + rax * 2]
        vcvtph2ps ymm9, [r8 + rax * 2 + 16]
        vfmadd231ps ymm0, ymm8, ymm14
        vfmadd231ps ymm4, ymm9, ymm15
        vcvtph2ps ymm8, [r9 + rax * 2]
        vcvtph2ps ymm9, [r9 + rax * 2 + 16]
        vfmadd231ps ymm1, ymm8, ymm14
        vfmadd231ps ymm5, ymm9, ymm15
        vcvtph2ps ymm8, [r10 + rax * 2]
        vcvtph2ps ymm9, [r10 + rax * 2 + 16]
        vfmadd231ps ymm2, ymm8, ymm14
        vfmadd231ps ymm6, ymm9, ymm15
        vcvtph2ps ymm8, [r11 + rax * 2]
        vcvtph2ps ymm9, [r11 + rax * 2 + 16]
        vfmadd231ps ymm3, ymm8, ymm14
        vfmadd231ps ymm7, ymm9, ymm15
        add     rax, 16
        cmp     rax, r12
        jb      .Lcols16
# LLVM-MCA-END
.Leights:
        cmp     rax, r13
        jae     .Lsingles
        vmovups ymm14, [rdx + rax * 4]
        vcvtph2ps ymm8, [r8 + rax * 2]
        vfmadd231ps ymm0, ymm8, ymm14
        vcvtph2ps ymm8, [r9 + rax * 2]
        vfmadd231ps ymm1, ymm8, ymm14
        vcvtph2ps ymm8, [r10 + rax * 2]
        vfmadd231ps ymm2, ymm8, ymm14
        vcvtph2ps ymm8, [r11 + rax * 2]
        vfmadd231ps ymm3, ymm8, ymm14
        add     rax, 8
.Lsingles:
        cmp     rax, rbx
        jae     .Lsums
.Lcols1:
        vmovss  xmm14, [rdx + rax * 4]  // lanes above the first are zero
        vpbroadcastw xmm8, [r8 + rax * 2]
        vcvtph2ps xmm8, xmm8
        vfmadd231ps ymm0, ymm8, ymm14
        vpbroadcastw xmm8, [r9 + rax * 2]
        vcvtph2ps xmm8, xmm8
        vfmadd231ps ymm1, ymm8, ymm14
        vpbroadcastw xmm8, [r10 + rax * 2]
        vcvtph2ps xmm8, xmm8
        vfmadd231ps ymm2, ymm8, ymm14
        vpbroadcastw xmm8, [r11 + rax * 2]
        vcvtph2ps xmm8, xmm8
        vfmadd231ps ymm3, ymm8, ymm14
        inc     rax
        cmp     rax, rbx
        jb      .Lcols1
.Lsums:
        vaddps  ymm0, ymm0, ymm4
        vaddps  ymm1, ymm1, ymm5
        vaddps  ymm2, ymm2, ymm6
        vaddps  ymm3, ymm3, ymm7
        vhaddps ymm0, ymm0, ymm1
        vhaddps ymm2, ymm2, ymm3
        vhaddps ymm0, ymm0, ymm2
        vextractf128 xmm1, ymm0, 1
        vaddps  xmm0, xmm0, xmm1        // one sum a row
        lea     rax, [rsi + rbp]
        vmovss  [rsi], xmm0
        vextractps [rax], xmm0, 1
        vextractps [rax + rbp], xmm0, 2
        add     rax, rbp
        vextractps [rax + rbp], xmm0, 3
        add     rsi, 4
        mov     rax, [rdi + MATMUL_W_STRIDE]
        add     r8, rax
        test    rbp, rbp
        jz      .Lleft_row
        add     r9, rax
        add     r10, rax
        add     r11, rax
        dec     rcx
        jnz     .Lrow
        // The rows left over start behind the fourth stream.
        lea     rsi, [rsi + rbp * 2]
        add     rsi, rbp
        mov     r8, r11
.Lleft:
        mov     rcx, [rdi + MATMUL_ROWS]
        and     ecx, 3
        jz      .Ldone
        xor     ebp, ebp
.Lleft_next:
        mov     r9, r8
        mov     r10, r8
        mov     r11, r8
        jmp     .Lrow
.Lleft_row:
        dec     rcx
        jnz     .Lleft_next
.Ldone:
        pop     r13
        pop     r12
        pop     rbp
        pop     rbx
        vzeroupper
        ret
ENDFUNC matmul_f16_f32__avx2_s4
