// SPDX-License-Identifier: MIT
// clang-format off
// One token, eight streams of rows at once: the body of matmul_{q8_0,q4_0}_a8_32__{avx2,avxvnni,
// avx512vnni}_s8. A file defines, then says FUNC NAME, matvec_s8 NAME, ENDFUNC NAME:
//   BLOCK           bytes of 32 weights, a f16 scale first
//   SUM_SHIFT       0: dots are of the weights themselves; n: of weights plus 2^n, and 2^n * sum(x)
//                   is taken back
//   macro constants what ymm15 (and ymm14) hold throughout, with eax as scratch
//   macro dot       dot, w: 8 partial sums of the block at [w + rbx] with x in ymm10; ymm8 ymm9 are
//                   scratch
//
// The matrix comes from memory once and is not used again. The rows are cut into eight parts, each
// read front to back and prefetched PREFETCH_BYTES ahead (it never faults): memory answers eight
// streams faster than one. Eight rows share x, and the integer dots of their blocks are added up
// into one lane each, so that a lane is a row up to the end. What is left of rows / 8 is one more
// pass, its pointers clamped to the last row. With w2 a pass reads the same rows of w2 before it
// writes.
// Live: rdi args, r8-r15 rows of w; in a pass rax x.q, rdx x.d, rsi from x.d to x.sum, rbx byte of
//       the block in its row, rcx blocks left; ymm0 sums.
// Clobbers: rax rcx rdx rsi r8-r11 ymm0-10 ymm14 ymm15. Stack: rbx rbp r12-r15, FRAME. Reads past
//       the end: none.
#pragma once
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/exp_avx2.h"

#define PREFETCH_BYTES 4096
#define SUMS rsp                // float[8]: what is stored
#define GATE rsp + 32           // float[8]
#define ROW0 [rsp + 64]         // the first part's row of this pass
#define COUNT [rsp + 72]        // rows of this pass
#define PART [rsp + 80]         // bytes between two parts
#define PASSES [rsp + 88]       // left
#define Y_AT [rsp + 96]         // of the pass's first row
#define Y_PART [rsp + 104]      // bytes between the y of two parts
#define FRAME 120

        EXP_CONSTANTS
        .section .rodata
        .p2align 2
.Lcubic: .long  0x3d372713      // 0.044715
.Ltwice: .long  0xbfcc422a      // -2 * sqrt(2 / pi)
.Lmost: .long   0x42b00000      // 88: exp stays finite
        .text

.macro each_row do
        \do     r8
        \do     r9
        \do     r10
        \do     r11
        \do     r12
        \do     r13
        \do     r14
        \do     r15
.endm
.macro prefetch_row w
        prefetcht2 [\w + rbx + PREFETCH_BYTES]
.endm
.macro second_matrix w
        add     \w, rax
.endm

// The next row's pointer: the last row's again where there is no row \n.
.macro clamp_row n, w, before
        lea     \w, [\before + rdx]
        cmp     ecx, \n
        cmovle  \w, \before
.endm

// a: two lanes of a and of b in turn; then one lane of each of four
.macro fold2 a, b, free
        vpunpckldq \free, \a, \b
        vpunpckhdq \a, \a, \b
        vpaddd  \a, \a, \free
.endm
.macro fold4 a, b, free
        vpunpcklqdq \free, \a, \b
        vpunpckhqdq \a, \a, \b
        vpaddd  \a, \a, \free
.endm

.macro matvec_s8 name
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        sub     rsp, FRAME
        constants
        mov     rbx, [rdi + MATMUL_ROWS]
        mov     rsi, [rdi + MATMUL_Y]
        mov     rdx, [rdi + MATMUL_W_STRIDE]
        mov     r8, [rdi + MATMUL_W]
        mov     qword ptr COUNT, 8
        mov     Y_AT, rsi
        shr     rbx, 3
        mov     PASSES, rbx
        jz      .Lleft
        lea     rcx, [rbx * 4]
        mov     Y_PART, rcx
        imul    rdx, rbx
        mov     PART, rdx
.Lpass:
        mov     ROW0, r8
        mov     rdx, PART
        lea     r9, [r8 + rdx]
        lea     r10, [r9 + rdx]
        lea     r11, [r10 + rdx]
        lea     r12, [r11 + rdx]
        lea     r13, [r12 + rdx]
        lea     r14, [r13 + rdx]
        lea     r15, [r14 + rdx]
.Lrows:
        call    .Lrow_sums
        mov     rax, [rdi + MATMUL_BIAS]
        or      rax, [rdi + MATMUL_ACTIVATION]
        or      rax, [rdi + MATMUL_W2]
        jnz     .Lepilogue
.Lstore_all:
        vmovups [SUMS], ymm0
        mov     rdx, Y_AT
        mov     rbp, Y_PART
        xor     eax, eax
.Lstore:
        mov     ecx, [SUMS + rax * 4]
        mov     [rdx], ecx
        add     rdx, rbp
        inc     eax
        cmp     eax, COUNT
        jl      .Lstore
        add     qword ptr Y_AT, 4
        mov     r8, ROW0
        add     r8, [rdi + MATMUL_W_STRIDE]
        dec     qword ptr PASSES
        jg      .Lpass
        jl      .Ldone
.Lleft:
        mov     rcx, [rdi + MATMUL_ROWS]
        mov     rax, rcx
        and     ecx, 7
        jz      .Ldone
        mov     COUNT, rcx
        mov     rdx, [rdi + MATMUL_W_STRIDE]
        sub     rax, rcx
        mov     rsi, [rdi + MATMUL_Y]
        lea     rsi, [rsi + rax * 4]
        mov     Y_AT, rsi
        mov     qword ptr Y_PART, 4
        imul    rax, rdx
        mov     r8, [rdi + MATMUL_W]
        add     r8, rax
        mov     ROW0, r8
        clamp_row 1, r9, r8
        clamp_row 2, r10, r9
        clamp_row 3, r11, r10
        clamp_row 4, r12, r11
        clamp_row 5, r13, r12
        clamp_row 6, r14, r13
        clamp_row 7, r15, r14
        mov     qword ptr PASSES, 0     // behind this pass: done
        jmp     .Lrows
.Ldone:
        add     rsp, FRAME
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     rbp
        pop     rbx
        vzeroupper
        ret

// ymm0 = activation(ymm0 + bias), times the sums with w2
.Lepilogue:
        mov     rax, [rdi + MATMUL_BIAS]
        test    rax, rax
        jz      .Lactivate
        add     rax, Y_AT
        sub     rax, [rdi + MATMUL_Y]
        mov     rbp, Y_PART
        xor     ecx, ecx
.Lbias:
        mov     edx, [rax]
        mov     [SUMS + rcx * 4], edx
        add     rax, rbp
        inc     ecx
        cmp     ecx, COUNT
        jl      .Lbias
        vaddps  ymm0, ymm0, [SUMS]
.Lactivate:
        mov     rcx, [rdi + MATMUL_ACTIVATION]
        test    rcx, rcx
        jz      .Lactivated
        lea     rax, [rip + .Lexp]
        vxorps  ymm1, ymm0, [rax + TANH_SIGN]
        cmp     ecx, 2                  // gelu
        jne     .Lsigmoid
        vmulps  ymm1, ymm0, ymm0        // -2 * sqrt(2 / pi) * (y + 0.044715 * y^3)
        vmulps  ymm1, ymm1, ymm0
        vbroadcastss ymm2, [rip + .Lcubic]
        vfmadd213ps ymm1, ymm2, ymm0
        vbroadcastss ymm2, [rip + .Ltwice]
        vmulps  ymm1, ymm1, ymm2
.Lsigmoid:
        vbroadcastss ymm2, [rip + .Lmost]
        vminps  ymm1, ymm1, ymm2
        exp8    rax, ymm1, ymm2, ymm3, ymm4
        vaddps  ymm1, ymm1, [rax + EXP_ONE]
        vdivps  ymm0, ymm0, ymm1
.Lactivated:
        mov     rax, [rdi + MATMUL_W2]
        test    rax, rax
        jz      .Lstore_all
        vmovups [GATE], ymm0
        sub     rax, [rdi + MATMUL_W]
        each_row second_matrix
        call    .Lrow_sums
        vmulps  ymm0, ymm0, [GATE]
        jmp     .Lstore_all

// ymm0 = the sums of the rows r8-r15
.Lrow_sums:
        mov     rax, [rdi + MATMUL_X]
        mov     rcx, [rdi + MATMUL_COLS]
        lea     rdx, [rcx + 63]
        and     rdx, -64
        add     rdx, rax                // the d plane
        shr     rcx, 5                  // blocks
        lea     rsi, [rcx * 4 + 63]
        and     rsi, -64                // bytes of the d plane
        xor     ebx, ebx
        vxorps  xmm0, xmm0, xmm0
        .p2align 6
.Lblock:
# LLVM-MCA-BEGIN \name
        each_row prefetch_row
        vmovdqa ymm10, [rax]
        dot     ymm1, r8
        dot     ymm2, r9
        fold2   ymm1, ymm2, ymm3
        dot     ymm2, r10
        dot     ymm3, r11
        fold2   ymm2, ymm3, ymm4
        fold4   ymm1, ymm2, ymm3
        dot     ymm2, r12
        dot     ymm3, r13
        fold2   ymm2, ymm3, ymm4
        dot     ymm3, r14
        dot     ymm4, r15
        fold2   ymm3, ymm4, ymm5
        fold4   ymm2, ymm3, ymm4
        vperm2i128 ymm3, ymm1, ymm2, 0x20
        vperm2i128 ymm1, ymm1, ymm2, 0x31
        vpaddd  ymm1, ymm1, ymm3
.if SUM_SHIFT
        vpbroadcastd ymm4, [rdx + rsi]
        vpslld  ymm4, ymm4, SUM_SHIFT
        vpsubd  ymm1, ymm1, ymm4
.endif
        vmovd   xmm5, [r8 + rbx]        // f16 d, and two bytes of q that are replaced
        vpinsrw xmm5, xmm5, [r9 + rbx], 1
        vpinsrw xmm5, xmm5, [r10 + rbx], 2
        vpinsrw xmm5, xmm5, [r11 + rbx], 3
        vpinsrw xmm5, xmm5, [r12 + rbx], 4
        vpinsrw xmm5, xmm5, [r13 + rbx], 5
        vpinsrw xmm5, xmm5, [r14 + rbx], 6
        vpinsrw xmm5, xmm5, [r15 + rbx], 7
        vcvtph2ps ymm5, xmm5
        vbroadcastss ymm6, [rdx]
        vmulps  ymm5, ymm5, ymm6
        vcvtdq2ps ymm1, ymm1
        vfmadd231ps ymm0, ymm1, ymm5
        add     rbx, BLOCK
        add     rax, 32
        add     rdx, 4
        dec     rcx
        jnz     .Lblock
# LLVM-MCA-END
        ret
.endm
