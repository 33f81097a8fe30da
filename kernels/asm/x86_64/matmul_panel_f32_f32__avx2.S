// SPDX-License-Identifier: MIT
// y[t][r] = sum over c of panel[r][c] * x[t][c]: tiles of 16 rows and 6 tokens in registers.
//
// void matmul_panel_f32_f32__avx2(const struct matmul_args *a)      rdi
//   y  [tokens][rows] float, written    w  panel f32 (kernels/args.h)
//   x  [tokens][cols] float             rows 1-64, cols any, tokens any
// Loops, outermost first: chunks of columns, whose 64 rows stay in the second-level cache; six
// tokens, whose columns stay in the first; groups of 16 rows; columns. Sums of later chunks are
// added to y. Group g fetches columns of the next six tokens 2 g and 2 g + 1 (behind x: no fault).
// Live: rsi panel, rcx bytes of a group, rdx x_stride, r8 r9 x of tokens 0 and 3, r10 rows left, r11
//       group, r12 x of the first token, r13 y_stride, r14 column of the chunk, r15 tokens left,
//       rbx columns left, rax y, rbp what is fetched. ymm0-11 sums (token t: 2 t and 2 t + 1),
//       ymm12-13 a column of the group, ymm14 x; in the end ymm12-13 rows of the group.
// Clobbers: rax rcx rdx rsi r8-r11 ymm0-15. Stack: rbx rbp r12-r15, 40 bytes. Reads past the end:
//       none.
#include "kernels/asm/asm.h"

#define CHUNK_COLS 512
#define CHUNK [rsp]             // columns of this chunk
#define X [rsp + 8]             // x of the token, column 0
#define Y [rsp + 16]            // y of the token
#define FETCH [rsp + 24]        // the group's tokens to fetch
#define Y_GROUP [rsp + 32]      // y of the token and group

// do: a macro for one token, given its two sums and its x; at: column of the unrolled loop
.macro each_token do, tokens, at=0
        \do     0, 1, r8, \at
.if \tokens > 1
        \do     2, 3, r8+rdx, \at
.endif
.if \tokens > 2
        \do     4, 5, r8+rdx*2, \at
.endif
.if \tokens > 3
        \do     6, 7, r9, \at
.endif
.if \tokens > 4
        \do     8, 9, r9+rdx, \at
.endif
.if \tokens > 5
        \do     10, 11, r9+rdx*2, \at
.endif
.endm

.macro clear a, b, x, at
        prefetcht0 [rax]
        prefetcht0 [rax + 60]
        add     rax, r13
        vxorps  xmm\a, xmm\a, xmm\a
        vxorps  xmm\b, xmm\b, xmm\b
.endm

.macro multiply a, b, x, at
        vbroadcastss ymm14, [\x + 4 * \at]
        vfmadd231ps ymm\a, ymm12, ymm14
        vfmadd231ps ymm\b, ymm13, ymm14
.endm

.macro store a, b, x, at
        vmovups [rax], ymm\a
        vmovups [rax + 32], ymm\b
        add     rax, r13
.endm

.macro join a, b, x, at
        vaddps  ymm\a, ymm\a, [rax]
        vaddps  ymm\b, ymm\b, [rax + 32]
        store   \a, \b
.endm

.macro store_some a, b, x, at
        vmaskmovps [rax], ymm12, ymm\a
        vmaskmovps [rax + 32], ymm13, ymm\b
        add     rax, r13
.endm

.macro join_some a, b, x, at
        vmaskmovps ymm14, ymm12, [rax]
        vmaskmovps ymm15, ymm13, [rax + 32]
        vaddps  ymm\a, ymm\a, ymm14
        vaddps  ymm\b, ymm\b, ymm15
        store_some \a, \b
.endm

.macro column tokens, at
        vmovaps ymm12, [rsi + 64 * \at]
        vmovaps ymm13, [rsi + 64 * \at + 32]
        each_token multiply, \tokens, \at
.endm

.macro advance columns
        add     rsi, 64 * \columns
        add     r8, 4 * \columns
        add     r9, 4 * \columns
.endm

.macro tile tokens
.Lt\tokens:
        mov     rax, Y_GROUP
        each_token clear, \tokens
        mov     rax, Y_GROUP
        sub     rbx, 4
        jl      .Lt\tokens\()_singles
        .p2align 6
.Lt\tokens\()_columns:
# LLVM-MCA-BEGIN matmul_panel_f32_f32__avx2@t\tokens
        column  \tokens, 0
        column  \tokens, 1
.if \tokens == 6
        prefetcht1 [rbp]
        prefetcht1 [rbp + rdx]
        add     rbp, 16
.endif
        column  \tokens, 2
        column  \tokens, 3
        advance 4
        sub     rbx, 4
        jge     .Lt\tokens\()_columns
# LLVM-MCA-END
.Lt\tokens\()_singles:
        add     rbx, 4
        jz      .Lt\tokens\()_sums
.Lt\tokens\()_single:
        column  \tokens, 0
        advance 1
        dec     rbx
        jnz     .Lt\tokens\()_single
.Lt\tokens\()_sums:
        cmp     r10, 16
        jl      .Lt\tokens\()_some
        test    r14, r14
        jz      .Lt\tokens\()_store
        each_token join, \tokens
        jmp     .Lgroup_next
.Lt\tokens\()_store:
        each_token store, \tokens
        jmp     .Lgroup_next
.Lt\tokens\()_some:
        lea     rbx, [rip + .Lmask + 64]
        shl     r10, 2
        sub     rbx, r10
        shr     r10, 2
        vmovups ymm12, [rbx]
        vmovups ymm13, [rbx + 32]
        test    r14, r14
        jz      .Lt\tokens\()_store_some
        each_token join_some, \tokens
        jmp     .Lgroup_next
.Lt\tokens\()_store_some:
        each_token store_some, \tokens
        jmp     .Lgroup_next
.endm

FUNC matmul_panel_f32_f32__avx2
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        sub     rsp, 40
        mov     rcx, [rdi + MATMUL_COLS]
        shl     rcx, 6
        mov     rdx, [rdi + MATMUL_X_STRIDE]
        mov     r13, [rdi + MATMUL_Y_STRIDE]
        xor     r14d, r14d
.Lchunk:
        mov     rax, [rdi + MATMUL_COLS]
        sub     rax, r14
        jle     .Ldone
        mov     ebx, CHUNK_COLS
        cmp     rax, rbx
        cmovg   rax, rbx
        mov     CHUNK, rax
        mov     rax, [rdi + MATMUL_X]
        mov     X, rax
        mov     rax, [rdi + MATMUL_Y]
        mov     Y, rax
        mov     r15, [rdi + MATMUL_TOKENS]
.Ltokens:
        test    r15, r15
        jle     .Lchunk_done
        mov     r12, X
        lea     r12, [r12 + r14 * 4]
        lea     rax, [rdx + rdx * 2]
        lea     rax, [r12 + rax * 2]
        mov     FETCH, rax
        mov     rax, Y
        mov     Y_GROUP, rax
        mov     r10, [rdi + MATMUL_ROWS]
        mov     r11, r14
        shl     r11, 6
        add     r11, [rdi + MATMUL_W]
.Lgroup:
        mov     rsi, r11
        mov     r8, r12
        lea     r9, [rdx + rdx * 2]
        add     r9, r8
        mov     rbx, CHUNK
        mov     rbp, FETCH
        cmp     r15, 6
        jge     .Lt6
        cmp     r15, 2
        jl      .Lt1
        je      .Lt2
        cmp     r15, 4
        jl      .Lt3
        je      .Lt4
        jmp     .Lt5
        tile    6
        tile    5
        tile    4
        tile    3
        tile    2
        tile    1
.Lgroup_next:
        add     qword ptr Y_GROUP, 64
        lea     rbp, [rdx + rdx]
        add     FETCH, rbp
        add     r11, rcx
        sub     r10, 16
        jg      .Lgroup
        imul    rax, r13, 6
        add     Y, rax
        imul    rax, rdx, 6
        add     X, rax
        sub     r15, 6
        jmp     .Ltokens
.Lchunk_done:
        add     r14, CHUNK
        jmp     .Lchunk
.Ldone:
        add     rsp, 40
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     rbp
        pop     rbx
        vzeroupper
        ret
ENDFUNC matmul_panel_f32_f32__avx2

        .section .rodata
        .p2align 6
        // From 64 - 4 n bytes on: a mask of the first n lanes of 16.
.Lmask: .fill   16, 4, -1
        .fill   16, 4, 0
