// SPDX-License-Identifier: MIT
// y[t][r] = sum over c of panel[r][c] * x[t][c]: a tile of 64 rows and 6 tokens in registers.
//
// void matmul_panel_f32_f32__avx512(const struct matmul_args *a)      rdi
//   y  [tokens][rows] float, written    w  panel f32 (kernels/args.h)
//   x  [tokens][cols] float             rows 1-64, cols any, tokens any
// Loops, outermost first: chunks of columns, whose 64 rows stay in the second-level cache; six
// tokens; columns. Sums of later chunks are added to y. Six rows of x, however far apart, lie in
// one set of the first-level cache (8 ways) where their stride is a multiple of 4096 bytes; more
// tokens would evict each other. Groups behind the last of the panel are clamped to it: those sums
// are computed and not stored.
// Live: rsi panel, rcx r10 r11 bytes to groups 1-3, rdx x_stride, r8 r9 x of tokens 0 and 3, rbp
//       r12 the same of the next six tokens, rbx columns left, rax y, r13 y_stride, r14 column of
//       the chunk, r15 tokens left. zmm0-23 sums (token t, group g: 4 t + g), zmm24-27 columns of
//       the groups, zmm28-29 x, k1-k4 rows of the groups.
// Clobbers: rax rcx rdx rsi r8-r11 zmm0-29 k1-k4. Stack: rbx rbp r12-r15, 24 bytes. Reads past the
//       end: none.
#include "kernels/asm/asm.h"

#define CHUNK_COLS 512
#define CHUNK [rsp]             // columns of this chunk
#define X [rsp + 8]             // x of the token, column 0
#define Y [rsp + 16]            // y of the token

// do: a macro for one token, given its four sums and its x; at: column of the unrolled loop
.macro each_token do, tokens, at=0
        \do     0, 1, 2, 3, r8, \at
.if \tokens > 1
        \do     4, 5, 6, 7, r8+rdx, \at
.endif
.if \tokens > 2
        \do     8, 9, 10, 11, r8+rdx*2, \at
.endif
.if \tokens > 3
        \do     12, 13, 14, 15, r9, \at
.endif
.if \tokens > 4
        \do     16, 17, 18, 19, r9+rdx, \at
.endif
.if \tokens > 5
        \do     20, 21, 22, 23, r9+rdx*2, \at
.endif
.endm

.macro clear a, b, c, d, x, at
        .irp    n, \a, \b, \c, \d
        vpxord  zmm\n, zmm\n, zmm\n
        .endr
.endm

.macro multiply a, b, c, d, x, at
        vbroadcastss zmm28, [\x + 4 * \at]
        vfmadd231ps zmm\a, zmm24, zmm28
        vfmadd231ps zmm\b, zmm25, zmm28
        vfmadd231ps zmm\c, zmm26, zmm28
        vfmadd231ps zmm\d, zmm27, zmm28
.endm

.macro prefetch_y a, b, c, d, x, at
        prefetcht0 [rax]
        prefetcht0 [rax + 64]
        prefetcht0 [rax + 128]
        prefetcht0 [rax + 192]
        add     rax, r13
.endm

.macro store a, b, c, d, x, at
        vmovups [rax]{k1}, zmm\a
        vmovups [rax + 64]{k2}, zmm\b
        vmovups [rax + 128]{k3}, zmm\c
        vmovups [rax + 192]{k4}, zmm\d
        add     rax, r13
.endm

.macro join a, b, c, d, x, at
        vaddps  zmm\a{k1}{z}, zmm\a, [rax]
        vaddps  zmm\b{k2}{z}, zmm\b, [rax + 64]
        vaddps  zmm\c{k3}{z}, zmm\c, [rax + 128]
        vaddps  zmm\d{k4}{z}, zmm\d, [rax + 192]
        store   \a, \b, \c, \d
.endm

.macro column tokens, at
        vmovaps zmm24, [rsi + 64 * \at]
        vmovaps zmm25, [rsi + rcx + 64 * \at]
        vmovaps zmm26, [rsi + r10 + 64 * \at]
        vmovaps zmm27, [rsi + r11 + 64 * \at]
        each_token multiply, \tokens, \at
.endm

.macro advance columns
        add     rsi, 64 * \columns
        add     r8, 4 * \columns
        add     r9, 4 * \columns
.endm

.macro tile tokens
.Lt\tokens:
        mov     rax, Y
        each_token prefetch_y, \tokens
        mov     rax, Y
        each_token clear, \tokens
        sub     rbx, 4
        jl      .Lt\tokens\()_singles
        .p2align 6
.Lt\tokens\()_columns:
# LLVM-MCA-BEGIN matmul_panel_f32_f32__avx512@t\tokens
.if \tokens == 6
        prefetcht1 [rbp]
        prefetcht1 [rbp + rdx]
        prefetcht1 [rbp + rdx * 2]
        prefetcht1 [r12]
        prefetcht1 [r12 + rdx]
        prefetcht1 [r12 + rdx * 2]
        add     rbp, 16
        add     r12, 16
.endif
        column  \tokens, 0
        column  \tokens, 1
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
        test    r14, r14
        jz      .Lt\tokens\()_store
        each_token join, \tokens
        jmp     .Lnext
.Lt\tokens\()_store:
        each_token store, \tokens
        jmp     .Lnext
.endm

FUNC matmul_panel_f32_f32__avx512
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        sub     rsp, 24
        mov     rcx, [rdi + MATMUL_ROWS]
        mov     rax, -1
        bzhi    rax, rax, rcx           // rows <= 64
        kmovd   k1, eax
        shr     rax, 16
        kmovd   k2, eax
        shr     rax, 16
        kmovd   k3, eax
        shr     rax, 16
        kmovd   k4, eax
        // Group g, where there is one, begins g * cols * 64 bytes on.
        mov     rax, [rdi + MATMUL_COLS]
        shl     rax, 6
        xor     edx, edx
        cmp     rcx, 17
        cmovge  rdx, rax
        mov     r8, rdx
        lea     r10, [rdx + rax]
        cmp     rcx, 33
        cmovl   r10, r8
        mov     r8, r10
        lea     r11, [r10 + rax]
        cmp     rcx, 49
        cmovl   r11, r8
        mov     rcx, rdx
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
        mov     rax, X
        lea     rax, [rax + r14 * 4]
        mov     r8, rax
        lea     r9, [rdx + rdx * 2]
        lea     rbp, [rax + r9 * 2]
        lea     r12, [rbp + r9]
        add     r9, r8
        mov     rbx, CHUNK
        mov     rsi, r14
        shl     rsi, 6
        add     rsi, [rdi + MATMUL_W]
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
.Lnext:
        mov     Y, rax
        lea     rax, [rdx + rdx * 2]
        add     rax, rax
        add     X, rax
        sub     r15, 6
        jmp     .Ltokens
.Lchunk_done:
        add     r14, CHUNK
        jmp     .Lchunk
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
ENDFUNC matmul_panel_f32_f32__avx512
