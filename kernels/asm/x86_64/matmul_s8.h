// SPDX-License-Identifier: MIT
// The body of matmul_{f32, f16, bf16, q8_0, q4_0}_f32__{avx2, avx512}_s8 and
// matmul_bf16_bf16__avx512bf16_s8: one token, eight streams of rows at once. matmul_s8_avx2.h and
// matmul_s8_avx512.h define
//   macro fold_sums   the sums of rows 0-3, one a lane, to xmm0, of rows 4-7 to xmm4
// A file includes one of them and defines, then says FUNC NAME, matmul_s8 NAME, ENDFUNC NAME:
//   LINE_COLS LINE_BYTES X_BYTES   columns that `line` takes; their bytes in a row and in x
//   macro constants   what stays in zmm16-31, with eax as scratch
//   macro load_x      x of LINE_COLS columns, from rax on
//   macro line n, w   adds LINE_COLS columns of the row at w to the sums of row n: vectors n, n + 8
//   macro tail        the same for the ecx < LINE_COLS columns left of all rows; edx is scratch
//
// The matrix comes from memory once and is not used again. The rows are cut into eight parts, each
// read front to back. x of 8192 columns is as large as the first-level cache, and what its reading
// costs there, memory does not deliver: eight rows share a load of x, lines are loaded whole (one
// column of eight rows may lie in one set of 8 ways), and memory is asked FAR_BYTES ahead to
// fill the second level and that NEAR_BYTES ahead to fill the first (a prefetch never faults). What
// is left of rows / 8 is one more pass, its pointers clamped to the last row.
//
// Live: rdi args, r8-r15 rows of w, rax x, rcx columns left, rsi y, rbp bytes between the y of two
//       parts, rdx scratch, rbx passes left, vectors 0-15 (AVX2: 0-7) sums.
// Clobbers: rax rcx rdx rsi r8-r11, all vectors, k1-k3. Stack: rbx rbp r12-r15, 56 bytes. Reads
// past
//       the end: none.
#pragma once
// clang-format off
#include "kernels/asm/asm.h"

#define FAR_BYTES 4096
#define NEAR_BYTES 256
#define ROW0 [rsp + 32]         // the first part's row of this pass; float sums[8] before it
#define COUNT [rsp + 40]        // rows of this pass
#define PART [rsp + 48]         // bytes between two parts

.macro each_row do
        \do     0, r8
        \do     1, r9
        \do     2, r10
        \do     3, r11
        \do     4, r12
        \do     5, r13
        \do     6, r14
        \do     7, r15
.endm

.macro prefetch_row n, w
        prefetcht2 [\w + FAR_BYTES]
        prefetcht0 [\w + NEAR_BYTES]
.endm

.macro advance_row n, w
        add     \w, LINE_BYTES
.endm

// The next row's pointer: the last row's again where there is no row \n.
.macro clamp_row n, w, before
        lea     \w, [\before + rdx]
        cmp     ecx, \n
        cmovle  \w, \before
.endm

.macro matmul_s8 name
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        sub     rsp, 56
        constants
        mov     rbx, [rdi + MATMUL_ROWS]
        mov     rsi, [rdi + MATMUL_Y]
        mov     rdx, [rdi + MATMUL_W_STRIDE]
        mov     r8, [rdi + MATMUL_W]
        mov     qword ptr COUNT, 8
        shr     rbx, 3
        jz      .Lleft
        lea     rbp, [rbx * 4]
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
        mov     rax, [rdi + MATMUL_X]
        mov     rcx, [rdi + MATMUL_COLS]
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        vpxor   xmm\n, xmm\n, xmm\n
        .endr
        sub     rcx, LINE_COLS
        jl      .Lsome
        .p2align 6
.Lline:
# LLVM-MCA-BEGIN \name
        each_row prefetch_row
        load_x
        each_row line
        each_row advance_row
        add     rax, X_BYTES
        sub     rcx, LINE_COLS
        jge     .Lline
# LLVM-MCA-END
.Lsome:
        add     ecx, LINE_COLS
        jz      .Lsums
        tail
.Lsums:
        fold_sums
        vmovups [rsp], xmm0
        vmovups [rsp + 16], xmm4
        mov     rdx, rsi
        xor     eax, eax
.Lstore:
        mov     ecx, [rsp + rax * 4]
        mov     [rdx], ecx
        add     rdx, rbp
        inc     eax
        cmp     eax, COUNT
        jl      .Lstore
        add     rsi, 4
        mov     r8, ROW0
        add     r8, [rdi + MATMUL_W_STRIDE]
        dec     rbx
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
        mov     ebp, 4
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
        xor     ebx, ebx                // behind this pass: done
        jmp     .Lrows
.Ldone:
        add     rsp, 56
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     rbp
        pop     rbx
        vzeroupper
        ret
.endm
