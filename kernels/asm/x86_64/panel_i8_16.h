// SPDX-License-Identifier: MIT
// clang-format off
// A tile of 16 rows and TOKENS (2 or 3) tokens in registers over a panel i8: what
// matmul_panel_i8_a8_32__{avx2,avxvnni}* share. A file defines TOKENS and then says FUNC NAME,
// matmul_tile NAME, ENDFUNC NAME:
//   macro begin_x     tokens: before the first block, rax = rsp (512 bytes at a multiple of 512)
//   macro block_dots  tokens: adds the block's products to ymm0-2 (rows 0-7) and ymm3-5 (rows 8-15);
//                     ymm12-15 are scratch
// The products take q + 128, so the integer sums start at -128 * sum(x). The groups of 16 rows are
// the inner loop, so that the x of a few tokens stays in L1.
// Live: rsi panel, rdx x_stride, r8 x.q, r10 x.d, rcx x.sum, rbx blocks left, r13 rows left, r9 y
//       of the group, rax begin_x's, then y of a token, r12 y of the token block, r14 y_stride, r15
//       tokens left, rbp x of the token block, r11 the frame; ymm0-2 and 3-5 integer sums of rows
//       0-7 and 8-15, ymm6-8 and 9-11 float sums.
// Clobbers: rax rcx rdx rsi r8-r11 ymm0-15. Stack: rbx rbp r12-r15, 512 bytes. Reads past the end:
//       none.
#pragma once
#include "kernels/asm/asm.h"

        .section .rodata
        .p2align 5
.Liota: .long   0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15

// do: a macro for one token, given its registers, addresses and stack; c: dword of the block
.macro each_token do, tokens, c=0
        \do     \c, 0, 3, 6, 9, r8, r10, rcx, rax
.if \tokens > 1
        \do     \c, 1, 4, 7, 10, r8+rdx, r10+rdx, rcx+rdx, rax+64
.endif
.if \tokens > 2
        \do     \c, 2, 5, 8, 11, r8+rdx*2, r10+rdx*2, rcx+rdx*2, rax+128
.endif
.endm

.macro clear c, i0, i1, f0, f1, q, d, sum, wide
        vxorps  xmm\f0, xmm\f0, xmm\f0
        vxorps  xmm\f1, xmm\f1, xmm\f1
.endm

.macro start c, i0, i1, f0, f1, q, d, sum, wide
        vpbroadcastd ymm14, [\sum]
        vpslld  ymm14, ymm14, 7
        vpxor   xmm15, xmm15, xmm15
        vpsubd  ymm\i0, ymm15, ymm14
        vmovdqa ymm\i1, ymm\i0
.endm

.macro scale c, i0, i1, f0, f1, q, d, sum, wide
        vbroadcastss ymm14, [\d]
        vmulps  ymm12, ymm14, [rsi + 512]
        vmulps  ymm13, ymm14, [rsi + 544]
        vcvtdq2ps ymm\i0, ymm\i0
        vcvtdq2ps ymm\i1, ymm\i1
        vfmadd231ps ymm\f0, ymm12, ymm\i0
        vfmadd231ps ymm\f1, ymm13, ymm\i1
.endm

.macro store c, i0, i1, f0, f1, q, d, sum, wide
        vmovups [rax], ymm\f0
        vmovups [rax + 32], ymm\f1
        add     rax, r14
.endm

// ymm12, ymm13: which rows are there
.macro store_short c, i0, i1, f0, f1, q, d, sum, wide
        vmaskmovps [rax], ymm12, ymm\f0
        vmaskmovps [rax + 32], ymm13, ymm\f1
        add     rax, r14
.endm

.macro tile name, tokens
.Lt\tokens:
.Lt\tokens\()_group:
        mov     rbx, [rdi + MATMUL_COLS]
        mov     r8, rbp
        lea     r10, [rbx + 63]
        and     r10, -64                // offset of the d plane
        add     r10, r8
        shr     rbx, 5
        lea     rcx, [rbx * 4 + 63]
        and     rcx, -64                // bytes of the d plane
        add     rcx, r10
        mov     rax, rsp
        begin_x \tokens
        each_token clear, \tokens
        .p2align 5
.Lt\tokens\()_block:
# LLVM-MCA-BEGIN \name\()@t\tokens
        each_token start, \tokens
        block_dots \tokens
        each_token scale, \tokens
        xor     rax, 256
        add     rsi, 576
        add     r8, 32
        add     r10, 4
        add     rcx, 4
        dec     rbx
        jnz     .Lt\tokens\()_block
# LLVM-MCA-END
        mov     rax, r9
        cmp     r13, 16
        jl      .Lt\tokens\()_short
        each_token store, \tokens
        add     r9, 64
        sub     r13, 16
        jg      .Lt\tokens\()_group
        jmp     .Lnext
.Lt\tokens\()_short:
        vmovd   xmm14, r13d
        vpbroadcastd ymm14, xmm14
        vpcmpgtd ymm12, ymm14, [rip + .Liota]
        vpcmpgtd ymm13, ymm14, [rip + .Liota + 32]
        each_token store_short, \tokens
        jmp     .Lnext
.endm

.macro matmul_tile name
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        mov     r11, rsp
        sub     rsp, 512
        and     rsp, -512
        mov     rbp, [rdi + MATMUL_X]
        mov     rdx, [rdi + MATMUL_X_STRIDE]
        mov     r12, [rdi + MATMUL_Y]
        mov     r14, [rdi + MATMUL_Y_STRIDE]
        mov     r15, [rdi + MATMUL_TOKENS]
.Ltokens:
        test    r15, r15
        jle     .Ldone
        mov     rsi, [rdi + MATMUL_W]
        mov     r13, [rdi + MATMUL_ROWS]
        mov     r9, r12
        cmp     r15, 2
        jl      .Lt1
.if TOKENS > 2
        je      .Lt2
.else
        jmp     .Lt2
.endif
.if TOKENS > 2
        tile    \name, 3
.endif
        tile    \name, 2
        tile    \name, 1
.Lnext:
        lea     rbp, [rbp + rdx * 2]
        lea     r12, [r12 + r14 * 2]
.if TOKENS > 2
        add     rbp, rdx
        add     r12, r14
.endif
        sub     r15, TOKENS
        jmp     .Ltokens
.Ldone:
        mov     rsp, r11
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     rbp
        pop     rbx
        vzeroupper
        ret
.endm
