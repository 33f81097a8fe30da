// SPDX-License-Identifier: MIT
// y[t][r] = sum over c of w[r][c] * x[t][c] for 1 to 16 tokens, q8_0 by a8_32: 16 rows at once,
// each weight read once and transposed in registers, so that a lane is a row and sums need no
// reduction.
//
// void matmul_q8_0_a8_32__avx512vnni_r16(const struct matmul_args *a)      rdi
//   y  [tokens][rows] float, written    w  [rows][cols/32] block_q8_0, 2-byte aligned
//   x  [tokens] a8_32 planes            rows any, cols a multiple of 32, tokens 1-16
//   scratch  [cols/32] { int8 q[tokens][32]; float d[tokens]; int32 start[tokens] }: x in reading
//            order; start = -128 * sum(x), for the dot takes q + 128 as its unsigned operand
// The next 16 rows are prefetched while these are multiplied (a prefetch never faults). A
// last group of fewer rows goes through a copy on the stack.
// Live: rsi r8 r9 r10 rows 0 4 8 12 of the group, rdx stride, rcx 3 * stride, rbx blocks left, rdi
//       x, r11 rows left, r12 blocks a row, r13 bytes to the next block, r14 w, r15 w_stride, rbp
//       what is prefetched; zmm0-7 dword c of the 16 rows, zmm8 their scales, zmm9-15 scratch,
//       zmm16-31 sums of the tokens, k1 rows of the group.
// Clobbers: rax rcx rdx rsi rdi r8-r11 zmm0-31 k1. Reads past the end: none.
// Stack: rbx rbp r12-r15, a frame of locals and one copied block.
#include "kernels/asm/asm.h"

#define BLOCK 34
#define ARGS 16 * BLOCK           // locals above the copied block
#define Y 16 * BLOCK + 8
#define FRAME 16 * BLOCK + 24

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

// One token: start, 8 dots, the product of scales, the sum
.macro token tokens, t, sum
.if \t < \tokens
        vpbroadcastd zmm9, [rdi + \tokens * 36 + 4 * \t]
.irp c, 0, 1, 2, 3, 4, 5, 6, 7
        vpdpbusd zmm9, zmm\c, [rdi + 32 * \t + 4 * \c]{1to16}
.endr
        vmulps  zmm10, zmm8, [rdi + \tokens * 32 + 4 * \t]{1to16}
        vcvtdq2ps zmm9, zmm9
        vfmadd231ps \sum, zmm9, zmm10
.endif
.endm
.macro clear tokens, t, sum
.if \t < \tokens
        vpxord  \sum, \sum, \sum
.endif
.endm
.macro store tokens, t, sum
.if \t < \tokens
        vmovups [rax]{k1}, \sum
        add     rax, rcx
.endif
.endm
.macro each_token do, tokens
        \do     \tokens, 0, zmm16
        \do     \tokens, 1, zmm17
        \do     \tokens, 2, zmm18
        \do     \tokens, 3, zmm19
        \do     \tokens, 4, zmm20
        \do     \tokens, 5, zmm21
        \do     \tokens, 6, zmm22
        \do     \tokens, 7, zmm23
        \do     \tokens, 8, zmm24
        \do     \tokens, 9, zmm25
        \do     \tokens, 10, zmm26
        \do     \tokens, 11, zmm27
        \do     \tokens, 12, zmm28
        \do     \tokens, 13, zmm29
        \do     \tokens, 14, zmm30
        \do     \tokens, 15, zmm31
.endm

.macro body tokens
.Lt\tokens:
        call    .Lgroup
        jz      .Ldone
        each_token clear, \tokens
        .p2align 5
.Lt\tokens\()_block:
# LLVM-MCA-BEGIN matmul_q8_0_a8_32__avx512vnni_r16@t\tokens
        cmp     r11, 16
        jge     .Lt\tokens\()_unpack
        call    .Lcopy
.Lt\tokens\()_unpack:
.irp at, 0, 64, 128, 192, 256, 320, 384, 448, 512
        prefetcht2 [rbp + \at]
.endr
        transpose 2, 0, 1, 2, 3
        transpose 18, 4, 5, 6, 7
        mov     eax, 0x80808080
        vpbroadcastd zmm15, eax
.irp c, 0, 1, 2, 3, 4, 5, 6, 7
        vpxord  zmm\c, zmm\c, zmm15
.endr
        scales  8, rsi, r8
        scales  9, r9, r10
        vinserti128 ymm8, ymm8, xmm9, 1
        vcvtph2ps zmm8, ymm8
        each_token token, \tokens
        add     rdi, \tokens * 40
        add     rsi, r13
        add     r8, r13
        add     r9, r13
        add     r10, r13
        add     rbp, 16 * BLOCK
        dec     rbx
        jnz     .Lt\tokens\()_block
# LLVM-MCA-END
        mov     rdi, [rsp + ARGS]
        mov     rax, [rsp + Y]
        mov     rcx, [rdi + MATMUL_Y_STRIDE]
        add     qword ptr [rsp + Y], 64
        each_token store, \tokens
        lea     rax, [r15 + r15]
        lea     r14, [r14 + rax * 8]
        sub     r11, 16
        jmp     .Lt\tokens
.endm

FUNC matmul_q8_0_a8_32__avx512vnni_r16
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        sub     rsp, FRAME
        mov     [rsp + ARGS], rdi
        mov     rax, [rdi + MATMUL_Y]
        mov     [rsp + Y], rax
        mov     r12, [rdi + MATMUL_COLS]

// x into scratch: rsi token, rax and rbp offset and bytes of its d plane, r15 tokens left, r14
// bytes of
// a block; r8 q, r9 d, r10 sum, rbx block; rdx and rcx q and d in scratch
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
        vmovdqu ymm0, [r8]
        vmovdqu [rdx], ymm0
        mov     r11d, [r9 + rbx * 4]
        mov     [rcx], r11d
        mov     r11d, [r10 + rbx * 4]
        shl     r11d, 7
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
        body    \tokens
.endr

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

// Pointers and mask of the next group; ZF when there is none.
.Lgroup:
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

// The next block of the rows that are there into the copy; lanes of missing rows are never stored.
.Lcopy:
        mov     rax, r12
        sub     rax, rbx                // this block
        imul    rax, rax, BLOCK
        add     rax, r14
        mov     r13, r11
        mov     rbp, rsi
.Lcopy_row:
        vmovdqu ymm0, [rax]
        vmovdqu [rbp], ymm0
        movzx   ecx, word ptr [rax + 32]
        mov     [rbp + 32], cx
        add     rbp, BLOCK
        add     rax, r15
        dec     r13
        jnz     .Lcopy_row
        lea     ecx, [rdx + rdx * 2]
        ret
ENDFUNC matmul_q8_0_a8_32__avx512vnni_r16
