// SPDX-License-Identifier: MIT
// clang-format off
// One token by a packed layout, four streams of row groups at once: the body of
// matmul_{q8_0x16,q4_0x16}_a8_32__avx512vnni_s4. A file defines, then says FUNC NAME, matvec_x16 NAME,
// ENDFUNC NAME:
//   BLOCK           bytes of 16 rows' 32 columns, their 16 f16 scales last
//   SUM_SHIFT       the dots are of weights plus 2^n, and start at -2^n * sum(x)
//   macro dots      adds the block's products to zmm4-7, of the groups at r8-r11 + rbx, with x from
//                   rax on; zmm8-17 are scratch, zmm31 0x0f bytes
//
// The groups of 16 rows are cut into four parts, each read front to back and prefetched
// PREFETCH_BYTES ahead into L2 (it never faults): memory answers several streams faster than one.
// Four groups share a broadcast of x; a lane is a row up to the end. What is left of groups / 4 is
// one more pass, its pointers clamped to the last group.
// Live: rdi args, r8-r11 groups; in a pass rax x.q, rdx x.d, rsi from x.d to x.sum, rbx byte of the
//       block in its group, rcx blocks left, r14 passes left, r15 y of the pass's first group, r13
//       bytes between the y of two parts, r12 those of w, rbp end of y; zmm0-3 sums.
// Clobbers: rax rcx rdx rsi r8-r11 zmm0-17 zmm30 zmm31 k1. Stack: rbx rbp r12-r15, 24 bytes. Reads
//       past the end: none.
#pragma once
#include "kernels/asm/asm.h"

#define PREFETCH_BYTES 4096
#define GROUP0 [rsp]            // the first part's group of this pass
#define COUNT [rsp + 8]         // groups of this pass

.macro prefetch_group w
.irp at, 0, 64, 128, 192, 256, 320, 384, 448, 512
.if \at < BLOCK
        prefetcht2 [\w + rbx + PREFETCH_BYTES + \at]
.endif
.endr
.endm
.macro clamp_group n, w, before
        lea     \w, [\before + r12]
        cmp     ecx, \n
        cmovle  \w, \before
.endm
.macro add_scaled sum, dots, w
        vcvtph2ps zmm8, [\w + rbx + BLOCK - 32]
        vmulps  zmm8, zmm8, zmm16
        vcvtdq2ps zmm\dots, zmm\dots
        vfmadd231ps zmm\sum, zmm\dots, zmm8
.endm

// The 16 sums in zmm n to y at r15 + n parts, of the rows that are there
.macro store_group n
        mov     eax, -1
        mov     rcx, rbp
        sub     rcx, rdx
        shr     rcx, 2                  // rows left; 16 bits of the mask count
        cmp     rcx, 16
        jge     .Lmask\n
        bzhi    eax, eax, ecx
.Lmask\n:
        kmovw   k1, eax
        vmovups [rdx]{k1}, zmm\n
        add     rdx, r13
        cmp     qword ptr COUNT, \n+1
        jle     .Lstored
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
        vpbroadcastd zmm31, eax
        vpxord  zmm30, zmm30, zmm30
        mov     r14, [rdi + MATMUL_ROWS]
        mov     r15, [rdi + MATMUL_Y]
        lea     rbp, [r15 + r14 * 4]
        mov     r8, [rdi + MATMUL_W]
        mov     r12, [rdi + MATMUL_COLS]
        shr     r12, 5
        imul    r12, r12, BLOCK         // bytes of a group
        add     r14, 15
        shr     r14, 4                  // groups
        mov     qword ptr COUNT, 4
        shr     r14, 2
        jz      .Lleft
        mov     r13, r14
        shl     r13, 6
        imul    r12, r14
.Lpass:
        mov     GROUP0, r8
        lea     r9, [r8 + r12]
        lea     r10, [r9 + r12]
        lea     r11, [r10 + r12]
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
        vpxord  zmm\n, zmm\n, zmm\n
.endr
        .p2align 6
.Lblock:
# LLVM-MCA-BEGIN \name
        prefetch_group r8
        prefetch_group r9
        prefetch_group r10
        prefetch_group r11
        vpbroadcastd zmm16, [rdx + rsi]
        vpslld  zmm16, zmm16, SUM_SHIFT
        vpsubd  zmm4, zmm30, zmm16
        vmovdqa64 zmm5, zmm4
        vmovdqa64 zmm6, zmm4
        vmovdqa64 zmm7, zmm4
        dots
        vbroadcastss zmm16, [rdx]
        add_scaled 0, 4, r8
        add_scaled 1, 5, r9
        add_scaled 2, 6, r10
        add_scaled 3, 7, r11
        add     rbx, BLOCK
        add     rax, 32
        add     rdx, 4
        dec     rcx
        jnz     .Lblock
# LLVM-MCA-END
        mov     rdx, r15
.irp n, 0, 1, 2, 3
        store_group \n
.endr
.Lstored:
        add     r15, 64
        mov     r8, GROUP0
        add     r8, rbx                 // behind its last block: the next group
        dec     r14
        jg      .Lpass
        jl      .Ldone
.Lleft:
        mov     rcx, [rdi + MATMUL_ROWS]
        add     rcx, 15
        shr     rcx, 4
        mov     rax, rcx
        and     ecx, 3
        jz      .Ldone
        mov     COUNT, rcx
        sub     rax, rcx                // groups that are done
        mov     r12, [rdi + MATMUL_COLS]
        shr     r12, 5
        imul    r12, r12, BLOCK
        mov     r8, r12
        imul    r8, rax
        add     r8, [rdi + MATMUL_W]
        mov     GROUP0, r8
        shl     rax, 6
        add     rax, [rdi + MATMUL_Y]
        mov     r15, rax
        mov     r13d, 64
        clamp_group 1, r9, r8
        clamp_group 2, r10, r9
        clamp_group 3, r11, r10
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
