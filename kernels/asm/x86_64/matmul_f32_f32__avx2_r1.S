// SPDX-License-Identifier: MIT
// y[r] = sum over c of w[r][c] * x[c] for one token, f32 by f32: one row after the other.
//
// void matmul_f32_f32__avx2_r1(const struct matmul_args *a)        rdi
//   y  [rows] float, written            w  [rows][cols] float
//   x  [cols] float                     rows, cols any, tokens = 1
// The matrix comes from memory once and is not used again: one linear stream a thread, prefetched
// ahead (a prefetch never faults).
// Live: rsi y, rdx x, rcx rows left, r8 cols, r9 row of w, r10 its stride, r11 cols in whole 32s,
//       rdi cols in whole 8s, rax column, ymm0-3 sums, ymm4-7 weights.
// Clobbers: rax rcx rdx rsi rdi r8-r11 ymm0-7. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

#define PREFETCH_BYTES 8192

FUNC matmul_f32_f32__avx2_r1
        mov     rsi, [rdi + MATMUL_Y]
        mov     rdx, [rdi + MATMUL_X]
        mov     rcx, [rdi + MATMUL_ROWS]
        mov     r8, [rdi + MATMUL_COLS]
        mov     r9, [rdi + MATMUL_W]
        mov     r10, [rdi + MATMUL_W_STRIDE]
        mov     r11, r8
        and     r11, -32
        mov     rdi, r8
        and     rdi, -8
        test    rcx, rcx
        jle     .Ldone
.Lrow:
        xor     eax, eax
        vxorps  xmm0, xmm0, xmm0
        vxorps  xmm1, xmm1, xmm1
        vxorps  xmm2, xmm2, xmm2
        vxorps  xmm3, xmm3, xmm3
        cmp     rax, r11
        jae     .Leights
        .p2align 5
.Lcols32:
        vmovups ymm4, [r9 + rax * 4]
        vmovups ymm5, [r9 + rax * 4 + 32]
        vmovups ymm6, [r9 + rax * 4 + 64]
        vmovups ymm7, [r9 + rax * 4 + 96]
        prefetcht0 [r9 + rax * 4 + PREFETCH_BYTES]
        prefetcht0 [r9 + rax * 4 + PREFETCH_BYTES + 64]
        vfmadd231ps ymm0, ymm4, [rdx + rax * 4]
        vfmadd231ps ymm1, ymm5, [rdx + rax * 4 + 32]
        vfmadd231ps ymm2, ymm6, [rdx + rax * 4 + 64]
        vfmadd231ps ymm3, ymm7, [rdx + rax * 4 + 96]
        add     rax, 32
        cmp     rax, r11
        jb      .Lcols32
.Leights:
        cmp     rax, rdi
        jae     .Lsingles
.Lcols8:
        vmovups ymm4, [r9 + rax * 4]
        vfmadd231ps ymm0, ymm4, [rdx + rax * 4]
        add     rax, 8
        cmp     rax, rdi
        jb      .Lcols8
.Lsingles:
        cmp     rax, r8
        jae     .Lrow_end
.Lcols1:
        vmovss  xmm4, [r9 + rax * 4]    // lanes above the first are zero
        vmovss  xmm5, [rdx + rax * 4]
        vfmadd231ps ymm1, ymm4, ymm5
        inc     rax
        cmp     rax, r8
        jb      .Lcols1
.Lrow_end:
        vaddps  ymm0, ymm0, ymm1
        vaddps  ymm2, ymm2, ymm3
        vaddps  ymm0, ymm0, ymm2
        vextractf128 xmm1, ymm0, 1
        vaddps  xmm0, xmm0, xmm1
        vmovhlps xmm1, xmm0, xmm0
        vaddps  xmm0, xmm0, xmm1
        vmovshdup xmm1, xmm0
        vaddss  xmm0, xmm0, xmm1
        vmovss  [rsi], xmm0
        add     rsi, 4
        add     r9, r10
        dec     rcx
        jnz     .Lrow
.Ldone:
        vzeroupper
        ret
ENDFUNC matmul_f32_f32__avx2_r1
