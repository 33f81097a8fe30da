// SPDX-License-Identifier: MIT
// clang-format off
// Rows as GGUF stores them for a8_32_r16.h: 16 at once, each weight read once and transposed in
// registers. The file defines before BLOCK, the bytes of a row's 32 columns, and
//   macro quants   zmm0-7 = dword c of the 16 rows, by `transpose AT, a, b, c, d`; scratch zmm9-15, eax
//   PREFETCH_STREAMS  what is prefetched meanwhile (it never faults): 1: the next 16 rows; 4: a
//                  quarter of each of the next four groups of 16 rows
// A last group of fewer rows
// goes through a copy on the stack.
// Live: rsi r8 r9 r10 rows 0 4 8 12 of the group, rdx stride, rcx 3 * stride, r13 bytes to the next
//       block, r14 w, r15 w_stride (with four streams,
//       in a whole group, bytes between them), rbp what is prefetched.
#pragma once
#define LOCALS 16 * BLOCK         // one copied block
#include "kernels/asm/x86_64/a8_32_r16.h"

// zmm(v): 16 bytes at `at` of rows i, i+4, i+8, i+12
.macro load4 v, row, at
        vmovdqu xmm\v, [rsi + \row + \at]
        vinserti128 ymm\v, ymm\v, [r8 + \row + \at], 1
        vinserti32x4 zmm\v, zmm\v, [r9 + \row + \at], 2
        vinserti32x4 zmm\v, zmm\v, [r10 + \row + \at], 3
.endm

// 16 bytes of 16 rows -> zmm(a..d): dwords 0..3 of every row
.macro transpose at, a, b, c, d
        load4   9, 0, \at
        load4   10, rdx, \at
        load4   11, rdx*2, \at
        load4   12, rcx, \at
        vpunpckldq zmm13, zmm9, zmm10
        vpunpckhdq zmm9, zmm9, zmm10
        vpunpckldq zmm14, zmm11, zmm12
        vpunpckhdq zmm11, zmm11, zmm12
        vpunpcklqdq zmm\a, zmm13, zmm14
        vpunpckhqdq zmm\b, zmm13, zmm14
        vpunpcklqdq zmm\c, zmm9, zmm11
        vpunpckhqdq zmm\d, zmm9, zmm11
.endm

// xmm(v) = the f16 scales of 8 rows from the row pointers a and b
.macro scales v, a, b
        movzx   eax, word ptr [\a]
        vmovd   xmm\v, eax
        vpinsrw xmm\v, xmm\v, [\a + rdx], 1
        vpinsrw xmm\v, xmm\v, [\a + rdx*2], 2
        vpinsrw xmm\v, xmm\v, [\a + rcx], 3
        vpinsrw xmm\v, xmm\v, [\b + 0], 4
        vpinsrw xmm\v, xmm\v, [\b + rdx], 5
        vpinsrw xmm\v, xmm\v, [\b + rdx*2], 6
        vpinsrw xmm\v, xmm\v, [\b + rcx], 7
.endm

.macro unpack tokens
        cmp     r11, 16
        jge     .Lt\tokens\()_unpack
        call    .Lcopy
.Lt\tokens\()_unpack:
#if PREFETCH_STREAMS == 4
        lea     rax, [rbp + r15*2]
.irp at, 0, 64, 128
.if \at < 4 * BLOCK
        prefetcht2 [rbp + \at]
        prefetcht2 [rbp + r15 + \at]
        prefetcht2 [rax + \at]
        prefetcht2 [rax + r15 + \at]
.endif
.endr
        add     rbp, 4 * BLOCK
#else
.if BLOCK > 32
.irp at, 0, 64, 128, 192, 256, 320, 384, 448, 512
        prefetcht2 [rbp + \at]
.endr
.else
.irp at, 0, 64, 128, 192, 256
        prefetcht2 [rbp + \at]
.endr
.endif
        add     rbp, 16 * BLOCK
#endif
        quants
        scales  8, rsi, r8
        scales  9, r9, r10
        vinserti128 ymm8, ymm8, xmm9, 1
        vcvtph2ps zmm8, ymm8
        add     rsi, r13
        add     r8, r13
        add     r9, r13
        add     r10, r13
.endm

.macro go_on
        mov     r15, [rsp + ARGS]
        mov     r15, [r15 + MATMUL_W_STRIDE]
        lea     rax, [r15 + r15]
        lea     r14, [r14 + rax * 8]
.endm

.macro group
        test    r11, r11
        jle     .Lgroup_none
        mov     rdi, [rsp + 8 + ARGS]
        mov     rdi, [rdi + MATMUL_SCRATCH]
        mov     rbx, r12
        mov     eax, 0xffff
        cmp     r11, 16
        jl      .Lshort
        kmovd   k1, eax
        mov     rsi, r14
        mov     rdx, r15
        mov     r13d, BLOCK
        mov     rbp, r15
        shl     rbp, 4
        add     rbp, r14                // the next group
#if PREFETCH_STREAMS == 4
        shl     r15, 2                  // a quarter of a group
        lea     rbp, [rbp + r15 * 2]
        add     rbp, r15                // the last quarter of the next group
        lea     r15, [r15 + r15 * 2]    // from there to the third quarter of the one behind it
#endif
.Lpointers:
        lea     rcx, [rdx + rdx * 2]
        lea     r8, [rsi + rdx * 4]
        lea     r9, [rsi + rdx * 8]
        lea     r10, [r8 + rdx * 8]
        test    rbx, rbx                // cols > 0
        ret
.Lgroup_none:
        xor     eax, eax
        ret
.Lshort:
        bzhi    eax, eax, r11d
        kmovd   k1, eax
        lea     rsi, [rsp + 8]          // the copy, above our return address
        mov     edx, BLOCK
        xor     r13d, r13d
        jmp     .Lpointers
.endm

// The next block of the rows that are there into the copy; lanes of missing rows are never stored.
.macro copy_rows
.Lcopy:
        mov     rax, r12
        sub     rax, rbx                // this block
        imul    rax, rax, BLOCK
        add     rax, r14
        mov     r13, r11
        mov     rbp, rsi
.Lcopy_row:
.if BLOCK > 32
        vmovdqu ymm0, [rax]
        vmovdqu [rbp], ymm0
.else
        vmovdqu xmm0, [rax]
        vmovdqu [rbp], xmm0
.endif
        movzx   ecx, word ptr [rax + BLOCK - 2]
        mov     [rbp + BLOCK - 2], cx
        add     rbp, BLOCK
        add     rax, r15
        dec     r13
        jnz     .Lcopy_row
        lea     ecx, [rdx + rdx * 2]
        ret
.endm

.macro matmul_r16_rows name
        matmul_r16 \name
        copy_rows
.endm
