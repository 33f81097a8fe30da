// SPDX-License-Identifier: MIT
// clang-format off
// Tiles over a panel i8 in 512 bits: what matmul_panel_i8_a8_32__avx512vnni* share. A file defines
//   GROUPS, TOKENS    groups of 16 rows (2 or 3) and tokens (4 or 6) in registers at once
//   macro each_token  do, groups, tokens, c=0: `do` for each token with groups, c (dword of the
//                     block), its integer sums of groups 0-2, its float sums of groups 0-2, and the
//                     addresses of its x.q, x.d, x.sum; both sums lie in zmm0-23
// and then says FUNC NAME, matmul_tile NAME, ENDFUNC NAME.
//
// The dot takes q + 128 as its unsigned operand, so the integer sums start at -128 * sum(x). Per 16
// rows, 32 columns and token: 8 dots, a product of scales and an fma, which Zen 4 runs on the same
// two pipes (so 80 % of the dots' peak is its limit); shifts, subtractions and conversions run on
// the others. All columns of a token block are summed in registers.
// Live: rsi panel, rcx bytes of a group, rdx x_stride, r8 r9 x.q of tokens 0 and 3, r10 r11 x.d,
//       r12 r13 x.sum, rbx blocks left, rax y, r14 y_stride, r15 tokens left, rbp x of the token
//       block. zmm24-26 q of the groups, then products of scales, zmm27 x, zmm28-30 scales, zmm31
//       zero, k1-k3 rows of the groups.
// Clobbers: rax rcx rdx rsi r8-r11 zmm0-31 k1-k3. Stack: rbx rbp r12-r15. Reads past the end: none.
#pragma once
#include "kernels/asm/asm.h"

.macro clear groups, c, i0, i1, i2, f0, f1, f2, q, d, sum
        vpxord  zmm\f0, zmm\f0, zmm\f0
.if \groups > 1
        vpxord  zmm\f1, zmm\f1, zmm\f1
.endif
.if \groups > 2
        vpxord  zmm\f2, zmm\f2, zmm\f2
.endif
.endm

.macro start groups, c, i0, i1, i2, f0, f1, f2, q, d, sum
        vpslld  zmm27, [\sum]{1to16}, 7
        vpsubd  zmm\i0, zmm31, zmm27
.if \groups > 1
        vmovdqa64 zmm\i1, zmm\i0
.endif
.if \groups > 2
        vmovdqa64 zmm\i2, zmm\i0
.endif
.endm

.macro dot groups, c, i0, i1, i2, f0, f1, f2, q, d, sum
        vpbroadcastd zmm27, [\q + 4 * \c]
        vpdpbusd zmm\i0, zmm24, zmm27
.if \groups > 1
        vpdpbusd zmm\i1, zmm25, zmm27
.endif
.if \groups > 2
        vpdpbusd zmm\i2, zmm26, zmm27
.endif
.endm

.macro scale groups, c, i0, i1, i2, f0, f1, f2, q, d, sum
        vmulps  zmm24, zmm28, [\d]{1to16}
        vcvtdq2ps zmm\i0, zmm\i0
        vfmadd231ps zmm\f0, zmm24, zmm\i0
.if \groups > 1
        vmulps  zmm25, zmm29, [\d]{1to16}
        vcvtdq2ps zmm\i1, zmm\i1
        vfmadd231ps zmm\f1, zmm25, zmm\i1
.endif
.if \groups > 2
        vmulps  zmm26, zmm30, [\d]{1to16}
        vcvtdq2ps zmm\i2, zmm\i2
        vfmadd231ps zmm\f2, zmm26, zmm\i2
.endif
.endm

.macro store groups, c, i0, i1, i2, f0, f1, f2, q, d, sum
        vmovups [rax]{k1}, zmm\f0
.if \groups > 1
        vmovups [rax + 64]{k2}, zmm\f1
.endif
.if \groups > 2
        vmovups [rax + 128]{k3}, zmm\f2
.endif
        add     rax, r14
.endm

.macro tile name, groups, tokens
.Lg\groups\()t\tokens:
        each_token clear, \groups, \tokens
        .p2align 5
.Lg\groups\()t\tokens\()_block:
# LLVM-MCA-BEGIN \name\()@g\groups\()t\tokens
        each_token start, \groups, \tokens
.irp c, 0, 1, 2, 3, 4, 5, 6, 7
        vmovdqa64 zmm24, [rsi + 64 * \c]
.if \groups > 1
        vmovdqa64 zmm25, [rsi + rcx + 64 * \c]
.endif
.if \groups > 2
        vmovdqa64 zmm26, [rsi + rcx*2 + 64 * \c]
.endif
        each_token dot, \groups, \tokens, \c
.endr
        vmovaps zmm28, [rsi + 512]
.if \groups > 1
        vmovaps zmm29, [rsi + rcx + 512]
.endif
.if \groups > 2
        vmovaps zmm30, [rsi + rcx*2 + 512]
.endif
        each_token scale, \groups, \tokens
.if \tokens == TOKENS                  // x of the next tokens: 40 bytes a token and block
        prefetcht2 [rbp]
        prefetcht2 [rbp + 64]
        prefetcht2 [rbp + 128]
.if TOKENS > 4
        prefetcht2 [rbp + 192]
.endif
        add     rbp, TOKENS * 40
.endif
        add     rsi, 576
        add     r8, 32
        add     r9, 32
        add     r10, 4
        add     r11, 4
        add     r12, 4
        add     r13, 4
        dec     rbx
        jnz     .Lg\groups\()t\tokens\()_block
# LLVM-MCA-END
        each_token store, \groups, \tokens
        jmp     .Lnext
.endm

// The tile of these tokens for as many groups as there are rows
.macro tiles name, tokens
        cmp     qword ptr [rdi + MATMUL_ROWS], 16
        jle     .Lg1t\tokens
.if GROUPS > 2
        cmp     qword ptr [rdi + MATMUL_ROWS], 32
        jle     .Lg2t\tokens
        tile    \name, 3, \tokens
.endif
        tile    \name, 2, \tokens
        tile    \name, 1, \tokens
.endm

.macro matmul_tile name
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        mov     rcx, [rdi + MATMUL_ROWS]
        mov     rax, -1
        bzhi    rax, rax, rcx           // rows <= 48
        kmovw   k1, eax
        shr     rax, 16
        kmovw   k2, eax
        shr     rax, 16
        kmovw   k3, eax
        mov     rbp, [rdi + MATMUL_X]
        mov     rdx, [rdi + MATMUL_X_STRIDE]
        mov     rax, [rdi + MATMUL_Y]
        mov     r14, [rdi + MATMUL_Y_STRIDE]
        mov     r15, [rdi + MATMUL_TOKENS]
        vpxord  zmm31, zmm31, zmm31
        mov     rcx, [rdi + MATMUL_COLS]
        shr     rcx, 5
        imul    rcx, rcx, 576

.Ltokens:
        test    r15, r15
        jle     .Ldone
        mov     rsi, [rdi + MATMUL_W]
        mov     rbx, [rdi + MATMUL_COLS]
        mov     r8, rbp
        lea     r9, [rdx + rdx * 2]
        lea     r10, [rbx + 63]
        and     r10, -64                // offset of the d plane
        shr     rbx, 5
        lea     r12, [rbx * 4 + 63]
        and     r12, -64                // bytes of the d plane
        add     r10, r8
        add     r12, r10
        lea     r11, [r10 + r9]
        lea     r13, [r12 + r9]
        add     r9, r8
        cmp     r15, TOKENS
        jl      .Ltail
        lea     rbp, [r9 + rdx]
.if TOKENS > 4
        lea     rbp, [rbp + rdx * 2]
.endif
        tiles   \name, TOKENS
.Lnext:
        mov     rbp, r9                 // behind the columns of token 3
        sub     rbp, [rdi + MATMUL_COLS]
        add     rbp, rdx
.if TOKENS > 4
        lea     rbp, [rbp + rdx * 2]
.endif
        sub     r15, TOKENS
        jmp     .Ltokens

// Fewer tokens are left: one pass
.Ltail:
        cmp     r15, 2
        jl      .Ltail1
        je      .Ltail2
.if TOKENS > 4
        cmp     r15, 4
        jl      .Ltail3
        je      .Ltail4
        tiles   \name, 5
.Ltail4:
        tiles   \name, 4
.endif
.Ltail3:
        tiles   \name, 3
.Ltail2:
        tiles   \name, 2
.Ltail1:
        tiles   \name, 1
.Ldone:
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     rbp
        pop     rbx
        vzeroupper
        ret
.endm
