// SPDX-License-Identifier: MIT
// y[t][r] = sum over c of panel[r][c] * x[t][c]: a tile of 32 rows and 6 tokens in registers.
//
// void matmul_panel_i8_a8_32__avx512vnni(const struct matmul_args *a)      rdi
//   y  [tokens][rows] float, written    w  panel i8 (kernels/args.h)
//   x  [tokens] a8_32 planes            rows 1-32, cols a multiple of 32, tokens any
// The dot takes q + 128 as its unsigned operand, so the integer sums start at -128 * sum(x). Per 16
// rows, 32 columns and token: 8 dots, a product of scales and an fma, which Zen 4 runs on the same
// two pipes (so 80 % of the dots' peak is its limit); shifts, subtractions and conversions run on
// the others. All columns of a token block are summed in registers.
// Live: rsi panel, rcx bytes of a group, rdx x_stride, r8 r9 x.q of tokens 0 and 3, r10 r11 x.d,
//       r12 r13 x.sum, rbx blocks left, rax y, r14 y_stride, r15 tokens left, rbp x of the token
//       block. zmm0-5 and 6-11 integer sums of group 0 and 1, zmm12-17 and 18-23 float sums,
//       zmm24-25 q of the groups, zmm26 x, zmm27-28 scales, zmm31 zero, k1 k2 rows of the groups.
// Clobbers: rax rcx rdx rsi r8-r11 zmm0-31 k1 k2. Stack: rbx rbp r12-r15. Reads past the end: none.
#include "kernels/asm/asm.h"

// do: a macro for one token, given its registers and addresses; c: dword of the block
.macro each_token do, groups, tokens, c=0
        \do \groups, \c, 0, 6, 12, 18, r8, r10, r12
.if \tokens > 1
        \do \groups, \c, 1, 7, 13, 19, r8+rdx, r10+rdx, r12+rdx
.endif
.if \tokens > 2
        \do \groups, \c, 2, 8, 14, 20, r8+rdx*2, r10+rdx*2, r12+rdx*2
.endif
.if \tokens > 3
        \do \groups, \c, 3, 9, 15, 21, r9, r11, r13
.endif
.if \tokens > 4
        \do \groups, \c, 4, 10, 16, 22, r9+rdx, r11+rdx, r13+rdx
.endif
.if \tokens > 5
        \do \groups, \c, 5, 11, 17, 23, r9+rdx*2, r11+rdx*2, r13+rdx*2
.endif
.endm

.macro clear groups, c, i0, i1, f0, f1, q, d, sum
        vpxord  zmm\f0, zmm\f0, zmm\f0
.if \groups > 1
        vpxord  zmm\f1, zmm\f1, zmm\f1
.endif
.endm

.macro start groups, c, i0, i1, f0, f1, q, d, sum
        vpslld  zmm26, [\sum]{1to16}, 7
        vpsubd  zmm\i0, zmm31, zmm26
.if \groups > 1
        vmovdqa64 zmm\i1, zmm\i0
.endif
.endm

.macro dot groups, c, i0, i1, f0, f1, q, d, sum
        vpbroadcastd zmm26, [\q + 4 * \c]
        vpdpbusd zmm\i0, zmm24, zmm26
.if \groups > 1
        vpdpbusd zmm\i1, zmm25, zmm26
.endif
.endm

.macro scale groups, c, i0, i1, f0, f1, q, d, sum
        vmulps  zmm24, zmm27, [\d]{1to16}
        vcvtdq2ps zmm\i0, zmm\i0
        vfmadd231ps zmm\f0, zmm24, zmm\i0
.if \groups > 1
        vmulps  zmm25, zmm28, [\d]{1to16}
        vcvtdq2ps zmm\i1, zmm\i1
        vfmadd231ps zmm\f1, zmm25, zmm\i1
.endif
.endm

.macro store groups, c, i0, i1, f0, f1, q, d, sum
        vmovups [rax]{k1}, zmm\f0
.if \groups > 1
        vmovups [rax + 64]{k2}, zmm\f1
.endif
        add     rax, r14
.endm

.macro tile groups, tokens
.Lg\groups\()t\tokens:
        each_token clear, \groups, \tokens
        .p2align 5
.Lg\groups\()t\tokens\()_block:
# LLVM-MCA-BEGIN matmul_panel_i8_a8_32__avx512vnni@g\groups\()t\tokens
        each_token start, \groups, \tokens
.irp c, 0, 1, 2, 3, 4, 5, 6, 7
        vmovdqa64 zmm24, [rsi + 64 * \c]
.if \groups > 1
        vmovdqa64 zmm25, [rsi + rcx + 64 * \c]
.endif
        each_token dot, \groups, \tokens, \c
.endr
        vmovaps zmm27, [rsi + 512]
.if \groups > 1
        vmovaps zmm28, [rsi + rcx + 512]
.endif
        each_token scale, \groups, \tokens
.if \tokens == 6
        prefetcht2 [rbp]                // x of the next six tokens: 40 bytes a token and block
        prefetcht2 [rbp + 64]
        prefetcht2 [rbp + 128]
        prefetcht2 [rbp + 192]
        add     rbp, 6 * 40
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

FUNC matmul_panel_i8_a8_32__avx512vnni
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        mov     rcx, [rdi + MATMUL_ROWS]
        mov     eax, -1
        bzhi    eax, eax, ecx           // rows <= 32
        kmovd   k1, eax
        shr     eax, 16
        kmovd   k2, eax
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
        cmp     r15, 6
        jl      .Ltail
        lea     rbp, [r9 + rdx * 2]
        add     rbp, rdx
        cmp     qword ptr [rdi + MATMUL_ROWS], 16
        jle     .Lg1t6
        tile    2, 6
        tile    1, 6
.Lnext:
        mov     rbp, r9                 // behind the columns of token 3
        sub     rbp, [rdi + MATMUL_COLS]
        lea     rbp, [rbp + rdx * 2]
        add     rbp, rdx
        sub     r15, 6
        jmp     .Ltokens

// 1 to 5 tokens are left: one pass
.Ltail:
        cmp     qword ptr [rdi + MATMUL_ROWS], 16
        jle     .Ltail1
        cmp     r15, 2
        jl      .Lg2t1
        je      .Lg2t2
        cmp     r15, 4
        jl      .Lg2t3
        je      .Lg2t4
        tile    2, 5
        tile    2, 4
        tile    2, 3
        tile    2, 2
        tile    2, 1
.Ltail1:
        cmp     r15, 2
        jl      .Lg1t1
        je      .Lg1t2
        cmp     r15, 4
        jl      .Lg1t3
        je      .Lg1t4
        tile    1, 5
        tile    1, 4
        tile    1, 3
        tile    1, 2
        tile    1, 1
.Ldone:
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     rbp
        pop     rbx
        vzeroupper
        ret
ENDFUNC matmul_panel_i8_a8_32__avx512vnni
