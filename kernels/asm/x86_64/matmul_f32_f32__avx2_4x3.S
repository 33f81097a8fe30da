// SPDX-License-Identifier: MIT
// y[t][r] = sum over c of w[r][c] * x[t][c], f32 by f32: tiles of four rows by three tokens.
//
// void matmul_f32_f32__avx2_4x3(const struct matmul_args *a)       rdi
//   y  [tokens][rows] float, written    w  [rows][cols] float
//   x  [tokens][cols] float             rows, cols, tokens any
// Loops, outermost first: blocks of tokens, chunks of columns, four rows, three tokens. The x of a
// block and chunk (X_BLOCK_BYTES) stays in the second-level cache while all rows pass, the chunk of
// four rows near; sums of later chunks are added to y. (Zen 4: shorter and longer chunks, larger
// blocks are slower.) At the edges row and token pointers are clamped to the last one: those sums
// are computed twice and not stored.
// Live in a tile: r8-r11 rows of w, rsi rdx rcx tokens of x, rax column, rbx end of the chunk, rdi
//       args, r15 its end in whole 8s, ymm0-11 sums (row 0 of tokens 0-2, row 1, ...), ymm12-14 x,
//       ymm15 w.
// Outside: rbp row, r12 token, r13 end of the token block, r14 tokens a block.
// Clobbers: rax rcx rdx rsi r8-r11 ymm0-15. Stack: rbx rbp r12-r15, 16 bytes. Reads past the end:
//       none.
#include "kernels/asm/asm.h"

#define X_BLOCK_BYTES 262144
#define CHUNK_COLS 1024
#define BLOCK_TOKEN [rsp]       // the block's first token
#define CHUNK_COL [rsp + 8]     // the chunk's first column

.macro row w, at, a, b, c
        vmovups ymm15, [\w + rax * 4 + \at * 4]
        vfmadd231ps ymm\a, ymm15, ymm12
        vfmadd231ps ymm\b, ymm15, ymm13
        vfmadd231ps ymm\c, ymm15, ymm14
.endm
.macro row1 w, a, b, c
        vmovss  xmm15, [\w + rax * 4]
        vfmadd231ps ymm\a, ymm15, ymm12
        vfmadd231ps ymm\b, ymm15, ymm13
        vfmadd231ps ymm\c, ymm15, ymm14
.endm
.macro cols8 at
        vmovups ymm12, [rsi + rax * 4 + \at * 4]
        vmovups ymm13, [rdx + rax * 4 + \at * 4]
        vmovups ymm14, [rcx + rax * 4 + \at * 4]
        row     r8, \at, 0, 1, 2
        row     r9, \at, 3, 4, 5
        row     r10, \at, 6, 7, 8
        row     r11, \at, 9, 10, 11
.endm
// The sums of four rows of one token, into y[token][row ..].
.macro store token, a, b, c, d
        lea     rax, [r12 + \token]
        cmp     rax, r13
        jae     .Lstored
        vhaddps ymm\a, ymm\a, ymm\b
        vhaddps ymm\c, ymm\c, ymm\d
        vhaddps ymm\a, ymm\a, ymm\c
        vextractf128 xmm\b, ymm\a, 1
        vaddps  xmm\a, xmm\a, xmm\b
        imul    rax, [rdi + MATMUL_Y_STRIDE]
        add     rax, [rdi + MATMUL_Y]
        lea     rax, [rax + rbp * 4]
        cmp     rdx, 4
        jl      2f
        cmp     qword ptr CHUNK_COL, 0
        je      1f
        vaddps  xmm\a, xmm\a, [rax]
1:      vmovups [rax], xmm\a
        jmp     4f
2:      cmp     qword ptr CHUNK_COL, 0
        je      3f
        vmaskmovps xmm\b, xmm12, [rax]
        vaddps  xmm\a, xmm\a, xmm\b
3:      vmaskmovps [rax], xmm12, xmm\a
4:
.endm

FUNC matmul_f32_f32__avx2_4x3
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        sub     rsp, 16
        mov     rbx, [rdi + MATMUL_COLS]
        cmp     qword ptr [rdi + MATMUL_ROWS], 0
        jle     .Ldone
        cmp     qword ptr [rdi + MATMUL_TOKENS], 0
        jle     .Ldone
        // Tokens a block: X_BLOCK_BYTES / (12 * columns of a chunk) triples.
        mov     ecx, CHUNK_COLS
        cmp     rcx, rbx
        cmovg   rcx, rbx
        inc     rcx
        mov     eax, X_BLOCK_BYTES / 12
        xor     edx, edx
        div     rcx
        lea     r14, [rax + rax * 2]
        xor     r12d, r12d
.Lblock:
        lea     r13, [r12 + r14]
        cmp     r13, [rdi + MATMUL_TOKENS]
        cmovg   r13, [rdi + MATMUL_TOKENS]
        mov     BLOCK_TOKEN, r12
        xor     eax, eax
.Lchunk:
        mov     CHUNK_COL, rax
        lea     rbx, [rax + CHUNK_COLS]
        cmp     rbx, [rdi + MATMUL_COLS]
        cmovg   rbx, [rdi + MATMUL_COLS]
        mov     r15, rbx
        and     r15, -8
        xor     ebp, ebp
.Lrows:
        mov     rax, [rdi + MATMUL_ROWS]
        sub     rax, rbp                // rows left
        mov     rcx, [rdi + MATMUL_W_STRIDE]
        mov     r8, rbp
        imul    r8, rcx
        add     r8, [rdi + MATMUL_W]
        xor     edx, edx
        cmp     rax, 2
        cmovge  rdx, rcx
        lea     r9, [r8 + rdx]
        mov     edx, 0
        cmp     rax, 3
        cmovge  rdx, rcx
        lea     r10, [r9 + rdx]
        mov     edx, 0
        cmp     rax, 4
        cmovge  rdx, rcx
        lea     r11, [r10 + rdx]
        mov     r12, BLOCK_TOKEN
.Ltile:
        mov     rax, r13
        sub     rax, r12                // tokens left in the block
        mov     rdx, [rdi + MATMUL_X_STRIDE]
        mov     rsi, r12
        imul    rsi, rdx
        add     rsi, [rdi + MATMUL_X]
        xor     ecx, ecx
        cmp     rax, 3
        cmovge  rcx, rdx
        cmp     rax, 2
        mov     eax, 0
        cmovl   rdx, rax
        add     rdx, rsi
        add     rcx, rdx
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
        vxorps  xmm\n, xmm\n, xmm\n
        .endr
        mov     rax, CHUNK_COL
        cmp     rax, r15
        jae     .Lsingles
        test    r15, 8
        jz      .Lcols16
        cols8   0
        add     rax, 8
        cmp     rax, r15
        jae     .Lsingles
        .p2align 5
.Lcols16:
# LLVM-MCA-BEGIN matmul_f32_f32__avx2_4x3
        cols8   0
        cols8   8
        add     rax, 16
        cmp     rax, r15
        jb      .Lcols16
# LLVM-MCA-END
.Lsingles:
        cmp     rax, rbx
        jae     .Lsums
.Lcols1:
        vmovss  xmm12, [rsi + rax * 4]  // lanes above the first are zero
        vmovss  xmm13, [rdx + rax * 4]
        vmovss  xmm14, [rcx + rax * 4]
        row1    r8, 0, 1, 2
        row1    r9, 3, 4, 5
        row1    r10, 6, 7, 8
        row1    r11, 9, 10, 11
        inc     rax
        cmp     rax, rbx
        jb      .Lcols1
.Lsums:
        mov     rdx, [rdi + MATMUL_ROWS]
        sub     rdx, rbp                // rows left
        cmp     rdx, 4
        jge     .Lstore
        lea     rcx, [rip + .Lmask]
        neg     rdx
        vmovups xmm12, [rcx + rdx * 4 + 16]
        neg     rdx
.Lstore:
        store   0, 0, 3, 6, 9
        store   1, 1, 4, 7, 10
        store   2, 2, 5, 8, 11
.Lstored:
        add     r12, 3
        cmp     r12, r13
        jl      .Ltile
        add     rbp, 4
        cmp     rbp, [rdi + MATMUL_ROWS]
        jl      .Lrows
        mov     rax, rbx
        cmp     rax, [rdi + MATMUL_COLS]
        jl      .Lchunk
        mov     r12, r13
        cmp     r12, [rdi + MATMUL_TOKENS]
        jl      .Lblock
.Ldone:
        add     rsp, 16
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     rbp
        pop     rbx
        vzeroupper
        ret
ENDFUNC matmul_f32_f32__avx2_4x3

        .section .rodata
        .p2align 4
        // From 16 - 4 n bytes on: a mask of the first n lanes.
.Lmask: .long   -1, -1, -1, -1, 0, 0, 0, 0
