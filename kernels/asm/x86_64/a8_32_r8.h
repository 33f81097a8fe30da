// SPDX-License-Identifier: MIT
// clang-format off
// 8 rows at once by 1 to 16 tokens, each weight read once and transposed in registers, a lane is a
// row: what matmul_{q8_0,q4_0}_a8_32__{avx2,avxvnni}_r8 share. A file defines, then says FUNC NAME,
// matmul_r8 NAME, ENDFUNC NAME:
//   BLOCK          bytes of a row's 32 columns, a f16 scale first
//   SUM_SHIFT      products take weights plus 2^n as their unsigned operand: they start at
//                  -2^n * sum(x)
//   LOCALS         bytes of the file's own locals, from rsp + 512 on
//   macro quants   ymm4-11 = dword c of the 8 rows, by `transpose AT, a, b, c, d`; ymm12-15 scratch
//   macro products tokens, t: ymm12 = the integer products of token t and their start; ymm13 and, in
//                  turn with SCALES, ymm14 ymm15 are scratch
//   SCALES         where the scales of the 8 rows are meanwhile: ymm15 or [rsp + n]
// The rows after the next 8 are prefetched meanwhile (it never faults). A last group of fewer rows
// goes through a copy on the stack.
// scratch  [cols/32] { int8 q[tokens][32]; float d[tokens]; int32 start[tokens] }: x as it is read
// Live: rsi r8 rows 0 and 4 of the group, rdx stride, rcx 3 * stride, rbx blocks left, rdi x, r11
//       rows left, r12 blocks a row, r13 bytes to the next block, r14 w, r15 w_stride, rbp what is
//       prefetched; ymm0-3 sums of tokens 0-3 (the others at SUMS).
// Clobbers: rax rcx rdx rsi rdi r8-r11 ymm0-15. Stack: rbx rbp r12-r15, FRAME. Reads past the end:
//       none.
#pragma once
#include "kernels/asm/asm.h"

#define SUMS 0                    // sums of the tokens; 0-3 only at the end
#define COPY 512 + LOCALS
#define ARGS COPY + 8 * BLOCK
#define Y ARGS + 8                // then the stack pointer
#define FRAME 512 + LOCALS + 8 * BLOCK + 24

        .section .rodata
        .p2align 5
.Lones:  .fill  16, 2, 1
.Lsixteens: .fill 16, 2, 16
.Lflip: .fill 32, 1, 0x80
.Lnibble: .fill 32, 1, 0x0f
.Liota: .long   0, 1, 2, 3, 4, 5, 6, 7

// ymm(v): 16 bytes at `at` of rows i, i+4
.macro load2 v, row, at
        vmovdqu xmm\v, [rsi + \row + \at]
        vinserti128 ymm\v, ymm\v, [r8 + \row + \at], 1
.endm

// 16 bytes of 8 rows -> ymm(a..d): dwords 0..3 of every row
.macro transpose at, a, b, c, d
        load2   12, 0, \at
        load2   13, rdx, \at
        load2   14, rdx*2, \at
        load2   15, rcx, \at
        vpunpckhdq ymm\d, ymm12, ymm13
        vpunpckldq ymm12, ymm12, ymm13
        vpunpckldq ymm13, ymm14, ymm15
        vpunpckhdq ymm15, ymm14, ymm15
        vpunpcklqdq ymm\a, ymm12, ymm13
        vpunpckhqdq ymm\b, ymm12, ymm13
        vpunpcklqdq ymm\c, ymm\d, ymm15
        vpunpckhqdq ymm\d, ymm\d, ymm15
.endm

// One token: the integer products, the product of scales, the sum
.macro add_to sum
        vcvtdq2ps ymm12, ymm12
        vmulps  ymm13, ymm13, SCALES
        vfmadd231ps \sum, ymm12, ymm13
.endm
.macro token tokens, t
.if \t < \tokens
        products \tokens, \t
        vbroadcastss ymm13, [rdi + \tokens * 32 + 4 * \t]
.if \t < 4
        add_to  ymm\t
.else
        vmovaps ymm14, [rsp + SUMS + 32 * \t]
        add_to  ymm14
        vmovaps [rsp + SUMS + 32 * \t], ymm14
.endif
.endif
.endm

.macro body name, tokens
.Lt\tokens:
        call    .Lgroup
        jz      .Ldone
        .p2align 5
.Lt\tokens\()_block:
# LLVM-MCA-BEGIN \name\()@t\tokens
        cmp     r11, 8
        jge     .Lt\tokens\()_unpack
        call    .Lcopy
.Lt\tokens\()_unpack:
.irp at, 0, 64, 128, 192, 256
.if \at < 8 * BLOCK
        prefetcht2 [rbp + \at]
.endif
.endr
        quants
        movzx   eax, word ptr [rsi]
        vmovd   xmm15, eax
        vpinsrw xmm15, xmm15, [rsi + rdx], 1
        vpinsrw xmm15, xmm15, [rsi + rdx*2], 2
        vpinsrw xmm15, xmm15, [rsi + rcx], 3
        vpinsrw xmm15, xmm15, [r8 + 0], 4
        vpinsrw xmm15, xmm15, [r8 + rdx], 5
        vpinsrw xmm15, xmm15, [r8 + rdx*2], 6
        vpinsrw xmm15, xmm15, [r8 + rcx], 7
        vcvtph2ps ymm15, xmm15
        keep_scales
.irp t, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        token   \tokens, \t
.endr
        add     rdi, \tokens * 40
        add     rsi, r13
        add     r8, r13
        add     rbp, 8 * BLOCK
        dec     rbx
        jnz     .Lt\tokens\()_block
# LLVM-MCA-END
        call    .Lstore
        jmp     .Lt\tokens
.endm

.macro matmul_r8 name
.irp r, rbx, rbp, r12, r13, r14, r15
        push    \r
.endr
        mov     rax, rsp
        sub     rsp, FRAME
        and     rsp, -64
        mov     [rsp + Y + 8], rax
        mov     [rsp + ARGS], rdi
        mov     rax, [rdi + MATMUL_Y]
        mov     [rsp + Y], rax
        mov     r12, [rdi + MATMUL_COLS]
// x into scratch: rsi token, rax and rbp offset and bytes of d, r15 tokens left, r14 bytes of a block;
// r8 q, r9 d, r10 sum, rbx block; rdx and rcx q and d in scratch
        mov     rsi, [rdi + MATMUL_X]
        mov     r13, [rdi + MATMUL_TOKENS]
        lea     rax, [r12 + 63]
        and     rax, -64
        shr     r12, 5
        lea     rbp, [r12 * 4 + 63]
        and     rbp, -64
        imul    r14, r13, 40
        mov     r15, r13
.Lx_token:
        mov     rcx, r13
        sub     rcx, r15                // this token
        mov     r8, rcx
        shl     r8, 5
        mov     rdx, [rdi + MATMUL_SCRATCH]
        lea     rcx, [rdx + rcx * 4]
        add     rdx, r8
        mov     r8, r13
        shl     r8, 5
        add     rcx, r8
        mov     r8, rsi
        lea     r9, [rsi + rax]
        lea     r10, [r9 + rbp]
        xor     ebx, ebx
.Lx_block:
        vmovdqu ymm4, [r8]
        vmovdqu [rdx], ymm4
        mov     r11d, [r9 + rbx * 4]
        mov     [rcx], r11d
        mov     r11d, [r10 + rbx * 4]
        shl     r11d, SUM_SHIFT
        neg     r11d
        mov     [rcx + r13 * 4], r11d
        add     r8, 32
        add     rdx, r14
        add     rcx, r14
        inc     rbx
        cmp     rbx, r12
        jb      .Lx_block
        add     rsi, [rdi + MATMUL_X_STRIDE]
        dec     r15
        jnz     .Lx_token
        mov     r14, [rdi + MATMUL_W]
        mov     r15, [rdi + MATMUL_W_STRIDE]
        mov     r11, [rdi + MATMUL_ROWS]
.irp tokens, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        cmp     r13d, \tokens
        je      .Lt\tokens
.endr
.irp tokens, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1
        body    \name, \tokens
.endr
.Ldone:
        mov     rsp, [rsp + Y + 8]
.irp r, r15, r14, r13, r12, rbp, rbx
        pop     \r
.endr
        vzeroupper
        ret
// The sums to y, of the rows that are there; on to the next group.
.Lstore:
.irp t, 0, 1, 2, 3
        vmovaps [rsp + 8 + SUMS + 32 * \t], ymm\t
.endr
        vmovd   xmm12, r11d
        vpbroadcastd ymm12, xmm12
        vpcmpgtd ymm12, ymm12, [rip + .Liota]
        mov     rdi, [rsp + 8 + ARGS]
        mov     rax, [rsp + 8 + Y]
        add     qword ptr [rsp + 8 + Y], 32
        lea     rsi, [rsp + 8 + SUMS]
        mov     rbx, [rdi + MATMUL_TOKENS]
.Lstore_token:
        vmovaps ymm13, [rsi]
        cmp     r11, 8
        jl      .Lstore_short
        vmovups [rax], ymm13
        jmp     .Lstore_next
.Lstore_short:
        vmaskmovps [rax], ymm12, ymm13
.Lstore_next:
        add     rax, [rdi + MATMUL_Y_STRIDE]
        add     rsi, 32
        dec     rbx
        jnz     .Lstore_token
        lea     r14, [r14 + r15 * 8]
        sub     r11, 8
        ret

// Pointers of the next group, sums cleared; ZF when there is none.
.Lgroup:
.irp t, 0, 1, 2, 3
        vxorps  xmm\t, xmm\t, xmm\t
.endr
.irp t, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        vmovaps [rsp + 8 + SUMS + 32 * \t], ymm0
.endr
        test    r11, r11
        jle     .Lgroup_none
        mov     rdi, [rsp + 8 + ARGS]
        mov     rdi, [rdi + MATMUL_SCRATCH]
        mov     rbx, r12
        cmp     r11, 8
        jl      .Lshort
        mov     rsi, r14
        mov     rdx, r15
        mov     r13d, BLOCK
        lea     rbp, [r14 + r15 * 8]
        lea     rbp, [rbp + r15 * 8]    // the group after the next
.Lpointers:
        lea     rcx, [rdx + rdx * 2]
        lea     r8, [rsi + rdx * 4]
        test    rbx, rbx                // cols > 0
        ret
.Lgroup_none:
        xor     eax, eax
        ret
.Lshort:
        lea     rsi, [rsp + 8 + COPY]
        mov     edx, BLOCK
        jmp     .Lpointers

// The next block of the rows that are there into the copy; lanes of missing rows are never stored.
.Lcopy:
        mov     rax, r12
        sub     rax, rbx                // this block
        imul    rax, rax, BLOCK
        add     rax, r14
        mov     r13, r11
        mov     rbp, rsi
.Lcopy_row:
.if BLOCK > 32
        vmovdqu ymm4, [rax]
        vmovdqu [rbp], ymm4
.else
        vmovdqu xmm4, [rax]
        vmovdqu [rbp], xmm4
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
