// SPDX-License-Identifier: MIT
// The bodies of the attention kernels that work on tiles of six query rows (tokens x heads of the
// group): attention_many (flash: one pass with a running state), attention_scores, attention_weigh,
// and of attention_direct. Each block of KEYS keys is widened to float once for all rows, keys
// transposed. Tokens that see nothing of a block are not visited.
// The instruction set's header has the steps: many_setup (pointers into scratch), block_keys,
// block_values, tile_scores (SCORES = scaled scores of the tile), tile_softmax (of SCORES, with the
// state), tile_values (acc = acc * FACTOR + sums), store_scores, load_weights, ones (FACTOR = 1).
// rdi args, rsp the frame of attention_tile.h throughout.
#pragma once
// clang-format off
#include "kernels/asm/x86_64/attention_tile.h"

.macro enter
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        sub     rsp, FRAME
.endm
.macro leave_body
        add     rsp, FRAME
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     rbp
        pop     rbx
.endm

// NOW = keys of the block from KEY on.
.macro block_begin
        mov     rcx, END
        sub     rcx, KEY
        mov     edx, KEYS
        cmp     rcx, rdx
        cmovg   rcx, rdx
        mov     NOW, rcx
.endm

// From here on for each tile of each block of each KV head; \block and \tile are macros. Ends the
// function's work, with all registers given back but those of vectors.
.macro each_tile block, tile
        many_setup
        many_visible .Lvisited\@
.Lkv_head\@:
        mov     rax, FIRST
        mov     KEY, rax
.Lblock\@:
        block_begin
        \block
        tokens_of_block .Lblock_end\@
.Ltile\@:
        tile_rows
        \tile
        mov     rax, TOKEN
        cmp     rax, LAST_TOKEN
        jle     .Ltile\@
.Lblock_end\@:
        mov     rax, KEY
        add     rax, NOW
        mov     KEY, rax
        cmp     rax, END
        jl      .Lblock\@
        mov     rax, KV_HEAD
        inc     rax
        mov     KV_HEAD, rax
        cmp     rax, [rdi + ATTENTION_KV_HEADS]
        jl      .Lkv_head\@
.Lvisited\@:
.endm

.macro flash_block
        block_keys
        block_values
.endm
.macro flash_tile
        tile_scores
        tile_softmax
        tile_values
.endm
.macro attention_many
        enter
        each_tile flash_block, flash_tile
        leave_body
        vzeroupper
        ret
.endm

// ---- the pieces: ACC is what is written, Q what is read beside the keys or values
.macro scores_tile
        tile_scores
        store_scores
.endm
.macro weigh_tile
        load_weights
        tile_values
.endm

// A copy of rdi's arguments at [rsp], which rdi then points to. Clobbers rax rcx.
#define ARGS_BYTES (ATTENTION_SCORES_HEAD_STRIDE + 8)
#define ARGS_FRAME ((ARGS_BYTES + 15) / 16 * 16 + 8)
.macro copy_args
        sub     rsp, ARGS_FRAME
        xor     eax, eax
.Lcopy\@:
        mov     rcx, [rdi + rax]
        mov     [rsp + rax], rcx
        add     rax, 8
        cmp     rax, ARGS_BYTES
        jb      .Lcopy\@
        mov     rdi, rsp
.endm
// Copies the fields \to... = SCORES, SCORES_TOKEN_STRIDE, SCORES_HEAD_STRIDE of the copy.
.macro scores_as field, token_stride, head_stride
        mov     rax, [rdi + ATTENTION_SCORES]
        mov     [rdi + \field], rax
        mov     rax, [rdi + ATTENTION_SCORES_TOKEN_STRIDE]
        mov     [rdi + \token_stride], rax
        mov     rax, [rdi + ATTENTION_SCORES_HEAD_STRIDE]
        mov     [rdi + \head_stride], rax
.endm

// Each row of \count floats at ACC becomes xmm0's lowest. Clobbers rax rcx rdx rsi r8-r10.
.macro fill_rows count
        mov     r8, [rdi + ATTENTION_ACC]
        mov     r9, [rdi + ATTENTION_TOKENS]
        test    r9, r9
        jle     .Lfilled\@
.Ltoken\@:
        mov     rsi, r8
        mov     r10, [rdi + ATTENTION_KV_HEADS]
        imul    r10, [rdi + ATTENTION_GROUP]
        test    r10, r10
        jle     .Lfilled\@
.Lhead\@:
        mov     rcx, [rdi + \count]
        fill_row
        add     rsi, [rdi + ATTENTION_ACC_HEAD_STRIDE]
        dec     r10
        jnz     .Lhead\@
        add     r8, [rdi + ATTENTION_ACC_TOKEN_STRIDE]
        dec     r9
        jnz     .Ltoken\@
.Lfilled\@:
.endm

.macro attention_scores
        copy_args
        scores_as ATTENTION_ACC, ATTENTION_ACC_TOKEN_STRIDE, ATTENTION_ACC_HEAD_STRIDE
        mov     eax, 0xff800000
        vmovd   xmm0, eax
        fill_rows ATTENTION_RUN_LENGTH
        enter
        each_tile block_keys, scores_tile
        leave_body
        add     rsp, ARGS_FRAME
        vzeroupper
        ret
.endm

.macro attention_weigh
        copy_args
        vxorps  xmm0, xmm0, xmm0
        fill_rows ATTENTION_DIM_V
        scores_as ATTENTION_Q, ATTENTION_Q_TOKEN_STRIDE, ATTENTION_Q_HEAD_STRIDE
        enter
        ones
        each_tile block_values, weigh_tile
        leave_body
        add     rsp, ARGS_FRAME
        vzeroupper
        ret
.endm
