// SPDX-License-Identifier: MIT
// The body of matmul_panel_{f32_f32, bf16_bf16}__avx2*: tiles of 8 * YMMS rows and TOKENS tokens in
// registers. A file defines, then says FUNC NAME, matmul_panel NAME, ENDFUNC NAME:
//   YMMS TOKENS        2 and 6, or 4 and 3
//   PASSES             `0`, or `0, 1`: how often the same dword of the panel and of x is multiplied
//   PAIRS              defined: a dword is two columns, of which the last may have but one
//   macro load_w pass, to, at    8 rows of the panel: ymm to
//   macro load_x pass, to, at    x of a token in every lane: ymm to
//   macro load_half to, at       the same of a last column without its second (the last pass's)
//
// Loops, outermost first: chunks of columns, whose 64 rows stay in the second-level cache; tokens,
// whose columns stay in the first; tiles of rows; columns. Sums of later chunks are added to y. Of
// six tokens, tile g fetches columns of the next six: tokens 2 g and 2 g + 1 (behind x: no fault).
//
// Live: rsi panel, rcx bytes of a group, rdx x_stride, r8 r9 x of tokens 0 and 3, r10 rows left,
// r11
//       tile, r12 x of the first token, r13 y_stride, r14 dword of the chunk, r15 tokens left, rbx
//       dwords left, rax y, rbp what is fetched, or bytes to a tile's second group. ymm0-11 sums
//       (token t: from YMMS * t on), ymm12-13 the panel and ymm14 x, or ymm12-14 x of three tokens
//       and ymm15 the panel; in the end ymm12 rows that are there, by rbx.
// Clobbers: rax rcx rdx rsi r8-r11 ymm0-15. Stack: rbx rbp r12-r15, 56 bytes. Reads past the end:
//       none.
#pragma once
// clang-format off
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/matmul_panel_avx2_sums.h"

#define CHUNK_DWORDS 512
#define CHUNK [rsp]             // dwords of this chunk
#define X [rsp + 8]             // x of the token, column 0
#define Y [rsp + 16]            // y of the token
#define FETCH [rsp + 24]        // the tile's tokens to fetch
#define Y_TILE [rsp + 32]       // y of the token and tile
#define DWORDS [rsp + 40]       // whole dwords of a row
#define HALF [rsp + 48]         // 1: this chunk ends with half a pair

.macro column tokens, at
.irp pass, PASSES
.if YMMS == 2
        load_w  \pass, 12, rsi+64*\at
        load_w  \pass, 13, rsi+64*\at+32
        each_token multiply, \tokens, \at, \pass
.else
        each_token load_token, \tokens, \at, \pass
        rows8   0, \tokens, rsi+64*\at, \pass
        rows8   1, \tokens, rsi+64*\at+32, \pass
        rows8   2, \tokens, rsi+rbp+64*\at, \pass
        rows8   3, \tokens, rsi+rbp+64*\at+32, \pass
.endif
.endr
.endm

.macro tile name, tokens
.Lt\tokens:
        mov     rax, Y_TILE
        each_token clear, \tokens
        mov     rax, Y_TILE
        sub     rbx, 4
        jl      .Lt\tokens\()_singles
        .p2align 6
.Lt\tokens\()_columns:
.if \tokens == TOKENS
# LLVM-MCA-BEGIN \name
.endif
        column  \tokens, 0
        column  \tokens, 1
.if \tokens == 6
        prefetcht1 [rbp]
        prefetcht1 [rbp + rdx]
        add     rbp, 16
.endif
        column  \tokens, 2
        column  \tokens, 3
        add     rsi, 256
        add     r8, 16
        add     r9, 16
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
        add     rsi, 64
        add     r8, 4
        add     r9, 4
        dec     rbx
        jnz     .Lt\tokens\()_single
.Lt\tokens\()_half:
#ifdef PAIRS
        cmp     qword ptr HALF, 0
        je      .Lt\tokens\()_sums
        load_w  LAST_PASS, 12, rsi
        load_w  LAST_PASS, 13, rsi+32
        each_token multiply_half, \tokens
#endif
.Lt\tokens\()_sums:
        cmp     r10, 8 * YMMS
        jl      .Lt\tokens\()_some
        test    r14, r14
        jz      .Lt\tokens\()_store
        each_token join, \tokens
        jmp     .Ltile_next
.Lt\tokens\()_store:
        each_token store, \tokens
        jmp     .Ltile_next
.Lt\tokens\()_some:
        lea     rbx, [rip + .Lmask + 32 * YMMS]
        shl     r10, 2
        sub     rbx, r10
        shr     r10, 2
        test    r14, r14
        jz      .Lt\tokens\()_store_some
        each_token join_some, \tokens
        jmp     .Ltile_next
.Lt\tokens\()_store_some:
        each_token store_some, \tokens
        jmp     .Ltile_next
.endm

.macro matmul_panel name
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        sub     rsp, 56
        mov     rcx, [rdi + MATMUL_COLS]
        mov     rax, rcx
#ifdef PAIRS
        shr     rax, 1
        inc     rcx
        shr     rcx, 1
#endif
        mov     DWORDS, rax
        shl     rcx, 6
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
        mov     r12, X
        lea     r12, [r12 + r14 * 4]
        imul    rax, rdx, TOKENS
        add     rax, r12
        mov     FETCH, rax
        mov     rax, Y
        mov     Y_TILE, rax
        mov     r10, [rdi + MATMUL_ROWS]
        mov     r11, r14
        shl     r11, 6
        add     r11, [rdi + MATMUL_W]
.Ltile:
        mov     rsi, r11
        mov     r8, r12
        lea     r9, [rdx + rdx * 2]
        add     r9, r8
        mov     rbx, CHUNK
.if YMMS == 2
        mov     rbp, FETCH
        cmp     r15, 6
        jge     .Lt6
.else
        xor     ebp, ebp
        cmp     r10, 17
        cmovge  rbp, rcx
        jmp     1f
.endif
        cmp     r15, 4
        jg      .Lt5
        je      .Lt4
1:      cmp     r15, 2
        jg      .Lt3
        je      .Lt2
        jmp     .Lt1
.if TOKENS > 3
        tile    \name, 6
        tile    \name, 5
        tile    \name, 4
.else
.Lt5:
.Lt4:
.endif
        tile    \name, 3
        tile    \name, 2
        tile    \name, 1
.Ltile_next:
        add     qword ptr Y_TILE, 32 * YMMS
        lea     rbp, [rdx + rdx]
        add     FETCH, rbp
        lea     r11, [r11 + rcx * (YMMS / 2)]
        sub     r10, 8 * YMMS
        jg      .Ltile
        imul    rax, r13, TOKENS
        add     Y, rax
        imul    rax, rdx, TOKENS
        add     X, rax
        sub     r15, TOKENS
        jmp     .Ltokens
.Lchunk_done:
        add     r14, CHUNK
        cmp     r14, DWORDS
        jl      .Lchunk
        add     rsp, 56
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     rbp
        pop     rbx
        vzeroupper
        ret

        .pushsection .rodata
        .p2align 6
        // From 32 * YMMS - 4 n bytes on: a mask of the first n lanes of 8 * YMMS.
.Lmask: .fill   8 * YMMS, 4, -1
        .fill   8 * YMMS, 4, 0
        .popsection
.endm
