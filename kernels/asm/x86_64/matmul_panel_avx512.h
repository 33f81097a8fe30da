// SPDX-License-Identifier: MIT
// The body of matmul_panel_{f32_f32, bf16_bf16}__avx512*: a tile of 16 * GROUPS rows and TOKENS
// tokens in registers. A file defines, then says FUNC NAME, matmul_panel NAME, ENDFUNC NAME:
//   GROUPS TOKENS      4 and 6, or 2 and 12
//   PASSES             `0`, or `0, 1`: how often the same dword of the panel and of x is multiplied
//   PAIRS              defined: a dword is two columns, of which the last may have but one
//   macro constants    what stays in zmm29-31, with eax as scratch
//   macro load_w pass, to, at    16 rows of the panel, zmm24-27
//   macro load_x pass, at        x of a token in every lane: zmm28
//   macro load_half at           the same of a last column without its second (the last pass's)
//   macro dot sum, w             adds zmm w times zmm28 to zmm sum
//
// Loops, outermost first: chunks of columns, whose rows stay in the second-level cache; tokens;
// columns. Sums of later chunks are added to y. Six rows of x, however far apart, lie in one set of
// the first-level cache (8 ways) where their stride is a multiple of 4096 bytes; twelve would evict
// each other there. Groups behind the last of the panel are clamped to it: those sums are computed
// and not stored.
// Live: rsi panel, rcx r10 r11 bytes to groups 1-3, rdx x_stride, r8 r9 x of tokens 0 and 3, rbp
//       r12 of tokens 6 and 9 (of a tile of six: fetched for the next), rbx dwords left, rax y, r13
//       y_stride, r14 dword of the chunk, r15 tokens left. zmm0-23 sums (token t, group g:
//       GROUPS * t + g), zmm24-27 dwords of the groups, zmm28 x, k1-k4 rows of the groups.
// Clobbers: rax rcx rdx rsi r8-r11 zmm0-31 k1-k5. Stack: rbx rbp r12-r15, 40 bytes. Reads past the
//       end: none.
#pragma once
// clang-format off
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/matmul_panel_avx512_sums.h"

#define CHUNK_DWORDS 512
#define CHUNK [rsp]             // dwords of this chunk
#define X [rsp + 8]             // x of the token, column 0
#define Y [rsp + 16]            // y of the token
#define DWORDS [rsp + 24]       // whole dwords of a row
#define HALF [rsp + 32]         // 1: this chunk ends with half a pair

.macro load_groups at, pass
        load_w  \pass, 24, rsi+64*\at
        load_w  \pass, 25, rsi+rcx+64*\at
.if GROUPS > 2
        load_w  \pass, 26, rsi+r10+64*\at
        load_w  \pass, 27, rsi+r11+64*\at
.endif
.endm

.macro column tokens, at
.irp pass, PASSES
        load_groups \at, \pass
        each_token multiply, \tokens, \at, \pass
.endr
.endm

.macro advance dwords
        add     rsi, 64 * \dwords
        add     r8, 4 * \dwords
        add     r9, 4 * \dwords
.if TOKENS > 6
        add     rbp, 4 * \dwords
        add     r12, 4 * \dwords
.endif
.endm

.macro tile name, tokens
.Lt\tokens:
        mov     rax, Y
        each_token prefetch_y, \tokens
        mov     rax, Y
        each_token clear, \tokens
        sub     rbx, 4
        jl      .Lt\tokens\()_singles
        .p2align 6
.Lt\tokens\()_columns:
.if \tokens == TOKENS
# LLVM-MCA-BEGIN \name
.endif
.if \tokens == TOKENS && TOKENS == 6
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
.if \tokens == TOKENS
# LLVM-MCA-END
.endif
.Lt\tokens\()_singles:
        add     rbx, 4
        jz      .Lt\tokens\()_half
.Lt\tokens\()_single:
        column  \tokens, 0
        advance 1
        dec     rbx
        jnz     .Lt\tokens\()_single
.Lt\tokens\()_half:
#ifdef PAIRS
        cmp     qword ptr HALF, 0
        je      .Lt\tokens\()_sums
        load_groups 0, LAST_PASS
        each_token multiply_half, \tokens
#endif
.Lt\tokens\()_sums:
        test    r14, r14
        jz      .Lt\tokens\()_store
        each_token join, \tokens
        jmp     .Lnext\tokens
.Lt\tokens\()_store:
        each_token store, \tokens
.Lnext\tokens:
.if \tokens < 6
        jmp     .Lchunk_done            // these were the last
.else
        mov     Y, rax
        imul    rax, rdx, \tokens
        add     X, rax
        sub     r15, \tokens
        jmp     .Ltokens
.endif
.endm

.macro matmul_panel name
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        sub     rsp, 40
        constants
        mov     rcx, [rdi + MATMUL_ROWS]
        mov     rax, -1
        bzhi    rax, rax, rcx           // rows <= 16 * GROUPS
        kmovd   k1, eax
        shr     rax, 16
        kmovd   k2, eax
        shr     rax, 16
        kmovd   k3, eax
        shr     rax, 16
        kmovd   k4, eax
        // Group g, where there is one, begins g times the bytes of a group on.
        mov     rax, [rdi + MATMUL_COLS]
#ifdef PAIRS
        mov     rbx, rax
        shr     rbx, 1
        mov     DWORDS, rbx
        inc     rax
        shr     rax, 1
#else
        mov     DWORDS, rax
#endif
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
        mov     rax, DWORDS
        sub     rax, r14
        mov     ebx, CHUNK_DWORDS
        cmp     rax, rbx
        cmovle  rbx, rax
        mov     CHUNK, rbx
#ifdef PAIRS
        cmp     rax, rbx
        mov     eax, 0
        mov     ebx, [rdi + MATMUL_COLS]
        cmovg   ebx, eax
        and     ebx, 1
        mov     HALF, rbx
#endif
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
.if TOKENS > 6
        cmp     r15, TOKENS
        jge     .Lt12
.endif
        cmp     r15, 6
        jge     .Lt6
        cmp     r15, 2
        jl      .Lt1
        je      .Lt2
        cmp     r15, 4
        jl      .Lt3
        je      .Lt4
        jmp     .Lt5
.if TOKENS > 6
        tile    \name, 12
.endif
        tile    \name, 6
        tile    \name, 5
        tile    \name, 4
        tile    \name, 3
        tile    \name, 2
        tile    \name, 1
.Lchunk_done:
        add     r14, CHUNK
        cmp     r14, DWORDS
        jl      .Lchunk
        add     rsp, 40
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     rbp
        pop     rbx
        vzeroupper
        ret
.endm
