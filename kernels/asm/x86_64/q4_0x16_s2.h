// SPDX-License-Identifier: MIT
// clang-format off
// One token of q4_0x16 on 256 bits, two streams of row groups at once: the body of
// matmul_q4_0x16_a8_32__{avx2,avxvnni}_s2. A file defines, then says FUNC NAME, matvec_x16 NAME,
// ENDFUNC NAME:
//   macro begin     ymm4-7 = the start of the integer products
//   macro products  sum, lo, hi: adds nibbles ymm\lo times ymm10 and ymm\hi times ymm11
//   macro end       ymm4-7 = 8 integer dots each, of nibbles; ymm14 = 16-bit ones may be used
//
// The groups of 16 rows are cut into two parts, each read front to back and prefetched
// PREFETCH_BYTES ahead into L2 (it never faults). A lane is a row up to the end. What is left of
// groups / 2 is one more pass over the last group.
// Live: rdi args, r8 r9 groups; in a pass rax x.q, rdx x.d, rsi from x.d to x.sum, rbx byte of the
//       block in its group, rcx blocks left, r14 passes left, r15 y of the pass's first group, r13
//       bytes between the y of two parts, r12 those of w, rbp end of y; ymm0-1 and 2-3 sums of the
//       two groups, ymm15 0x0f bytes.
// Clobbers: rax rcx rdx rsi r8 r9 ymm0-15. Stack: rbx rbp r12-r15, 24 bytes. Reads past the end:
//       none.
#pragma once
#include "kernels/asm/asm.h"

#define BLOCK 288
#define PREFETCH_BYTES 4096
#define GROUP0 [rsp]            // the first part's group of this pass
#define COUNT [rsp + 8]         // groups of this pass

        .section .rodata
        .p2align 5
.Liota: .long   0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15

.macro prefetch_group w
.irp at, 0, 64, 128, 192, 256
        prefetcht2 [\w + rbx + PREFETCH_BYTES + \at]
.endr
.endm
.macro half_dots sum, w, at
        vmovdqu ymm8, [\w + rbx + \at]
        vpsrlw  ymm9, ymm8, 4
        vpand   ymm8, ymm8, ymm15
        vpand   ymm9, ymm9, ymm15
        products \sum, 8, 9
.endm
.macro add_scaled sum, dots, w, at
        vcvtph2ps ymm8, [\w + rbx + 256 + \at]
        vmulps  ymm8, ymm8, ymm13
        vpsubd  ymm\dots, ymm\dots, ymm12
        vcvtdq2ps ymm\dots, ymm\dots
        vfmadd231ps ymm\sum, ymm\dots, ymm8
.endm
// Two halves of a group to y at rdx, of the rows that are there
.macro store_group low, high
        mov     rcx, rbp
        sub     rcx, rdx
        shr     rcx, 2                  // rows left
        cmp     rcx, 16
        mov     eax, 16
        cmovg   ecx, eax
        vmovd   xmm8, ecx
        vpbroadcastd ymm8, xmm8
        vpcmpgtd ymm9, ymm8, [rip + .Liota]
        vpcmpgtd ymm8, ymm8, [rip + .Liota + 32]
        vmaskmovps [rdx], ymm9, ymm\low
        vmaskmovps [rdx + 32], ymm8, ymm\high
        add     rdx, r13
.endm

.macro matvec_x16 name
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        sub     rsp, 24
        mov     eax, 0x0f0f0f0f
        vmovd   xmm15, eax
        vpbroadcastd ymm15, xmm15
        vpcmpeqd ymm14, ymm14, ymm14
        vpsrlw  ymm14, ymm14, 15
        mov     r14, [rdi + MATMUL_ROWS]
        mov     r15, [rdi + MATMUL_Y]
        lea     rbp, [r15 + r14 * 4]
        mov     r8, [rdi + MATMUL_W]
        mov     r12, [rdi + MATMUL_COLS]
        shr     r12, 5
        imul    r12, r12, BLOCK         // bytes of a group
        add     r14, 15
        shr     r14, 4                  // groups
        mov     qword ptr COUNT, 2
        shr     r14
        jz      .Lleft
        mov     r13, r14
        shl     r13, 6
        imul    r12, r14
.Lpass:
        mov     GROUP0, r8
        lea     r9, [r8 + r12]
.Lgroups:
        mov     rax, [rdi + MATMUL_X]
        mov     rcx, [rdi + MATMUL_COLS]
        lea     rdx, [rcx + 63]
        and     rdx, -64
        add     rdx, rax                // the d plane
        shr     rcx, 5                  // blocks
        lea     rsi, [rcx * 4 + 63]
        and     rsi, -64                // bytes of the d plane
        xor     ebx, ebx
.irp n, 0, 1, 2, 3
        vxorps  xmm\n, xmm\n, xmm\n
.endr
        .p2align 6
.Lblock:
# LLVM-MCA-BEGIN \name
        prefetch_group r8
        prefetch_group r9
        begin
.irp c, 0, 1, 2, 3
        vpbroadcastd ymm10, [rax + 4 * \c]
        vpbroadcastd ymm11, [rax + 4 * \c + 16]
        half_dots 4, r8, 64*\c
        half_dots 5, r8, 64*\c+32
        half_dots 6, r9, 64*\c
        half_dots 7, r9, 64*\c+32
.endr
        end
        vpbroadcastd ymm12, [rdx + rsi]
        vpslld  ymm12, ymm12, 3         // the products took the nibble, q + 8
        vbroadcastss ymm13, [rdx]
        add_scaled 0, 4, r8, 0
        add_scaled 1, 5, r8, 16
        add_scaled 2, 6, r9, 0
        add_scaled 3, 7, r9, 16
        add     rbx, BLOCK
        add     rax, 32
        add     rdx, 4
        dec     rcx
        jnz     .Lblock
# LLVM-MCA-END
        mov     rdx, r15
        store_group 0, 1
        cmp     qword ptr COUNT, 1
        je      .Lstored
        store_group 2, 3
.Lstored:
        add     r15, 64
        mov     r8, GROUP0
        add     r8, rbx                 // behind its last block: the next group
        dec     r14
        jg      .Lpass
        jl      .Ldone
.Lleft:
        mov     rax, [rdi + MATMUL_ROWS]
        add     rax, 15
        shr     rax, 4
        test    eax, 1
        jz      .Ldone
        dec     rax                     // groups that are done
        mov     qword ptr COUNT, 1
        mov     r8, [rdi + MATMUL_COLS]
        shr     r8, 5
        imul    r8, r8, BLOCK
        imul    r8, rax
        add     r8, [rdi + MATMUL_W]
        mov     GROUP0, r8
        mov     r9, r8
        shl     rax, 6
        add     rax, [rdi + MATMUL_Y]
        mov     r15, rax
        xor     r14d, r14d              // behind this pass: done
        jmp     .Lgroups
.Ldone:
        add     rsp, 24
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     rbp
        pop     rbx
        vzeroupper
        ret
.endm
