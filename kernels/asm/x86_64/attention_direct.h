// SPDX-License-Identifier: MIT
// The body of attention_<kv>__<isa>_direct: for each KV head, 16 tokens at a time, the scores of
// the whole run into scratch, their softmax, the weighted sum of the values. The instruction set's
// header has direct_row. rdi is a copy of the arguments, for one KV head and those tokens.
#pragma once
// clang-format off
#include "kernels/asm/x86_64/attention_many.h"

#define DIRECT_TOKENS 16
#define CALLER [rdi + ARGS_BYTES]       // the caller's arguments
#define SUMS_AT [rdi + ARGS_BYTES + 8]  // acc of the first of these tokens and heads
#define ROWS_LEFT [rdi + ARGS_BYTES + 16]
#define HEADS_LEFT [rdi + ARGS_BYTES + 24]
#define KEYS_SEEN [rdi + ARGS_BYTES + 32] // by the last token, in bytes of scores, whole vectors
#define DIRECT_FRAME (ARGS_FRAME + 48)

// \to = the caller's \field + r12 (KV heads done) * \by_head (times the group where \grouped) + r13
// (tokens done) * \by_token. Clobbers rax rdx; rcx = caller.
.macro advance field, by_head, grouped, by_token
        mov     rax, r12
        .if     \grouped
        imul    rax, [rcx + ATTENTION_GROUP]
        .endif
        .ifc    \by_head, 4
        shl     rax, 2
        .else
        imul    rax, [rcx + \by_head]
        .endif
        .ifnc   \by_token, 0
        mov     rdx, r13
        imul    rdx, [rcx + \by_token]
        add     rax, rdx
        .endif
        add     rax, [rcx + \field]
.endm

.macro attention_direct
        push    rbx
        push    rbp
        push    r12
        push    r13
        mov     rdx, rdi
        sub     rsp, DIRECT_FRAME - ARGS_FRAME
        copy_args
        mov     CALLER, rdx
        mov     qword ptr [rdi + ATTENTION_KV_HEADS], 1
        // Rows of scores: whole vectors and a line more, so that rows do not share sets.
        mov     rax, [rdi + ATTENTION_RUN_LENGTH]
        add     rax, 15
        and     rax, -16
        lea     rax, [rax * 4 + 64]
        mov     [rdi + ATTENTION_SCORES_HEAD_STRIDE], rax
        imul    rax, [rdi + ATTENTION_GROUP]
        mov     [rdi + ATTENTION_SCORES_TOKEN_STRIDE], rax
        shl     rax, 4                  // DIRECT_TOKENS
        mov     rcx, [rdi + ATTENTION_SCRATCH]
        mov     [rdi + ATTENTION_SCORES], rcx
        add     rax, rcx
        mov     [rdi + ATTENTION_SCRATCH], rax
        xor     r12d, r12d
.Lkv_heads:
        mov     rcx, CALLER
        cmp     r12, [rcx + ATTENTION_KV_HEADS]
        jge     .Ldone
        xor     r13d, r13d
.Ltokens:
        mov     rcx, CALLER
        mov     rax, [rcx + ATTENTION_TOKENS]
        sub     rax, r13
        jle     .Lkv_head_end
        mov     edx, DIRECT_TOKENS
        cmp     rax, rdx
        cmovg   rax, rdx
        mov     [rdi + ATTENTION_TOKENS], rax
        mov     rax, [rcx + ATTENTION_Q_POS0]
        add     rax, r13
        mov     [rdi + ATTENTION_Q_POS0], rax
        add     rax, [rdi + ATTENTION_TOKENS]
        sub     rax, [rdi + ATTENTION_RUN_POS0]
        cmp     rax, [rdi + ATTENTION_RUN_LENGTH]
        cmovg   rax, [rdi + ATTENTION_RUN_LENGTH]
        test    rax, rax
        jle     .Ltokens_end            // they see nothing
        add     rax, 15
        and     rax, -16
        shl     rax, 2
        mov     KEYS_SEEN, rax
        advance ATTENTION_Q, ATTENTION_Q_HEAD_STRIDE, 1, ATTENTION_Q_TOKEN_STRIDE
        mov     [rdi + ATTENTION_Q], rax
        advance ATTENTION_K, ATTENTION_K_HEAD_STRIDE, 0, 0
        mov     [rdi + ATTENTION_K], rax
        advance ATTENTION_V, ATTENTION_V_HEAD_STRIDE, 0, 0
        mov     [rdi + ATTENTION_V], rax
        advance ATTENTION_M, 4, 1, ATTENTION_STATE_TOKEN_STRIDE
        mov     [rdi + ATTENTION_M], rax
        advance ATTENTION_L, 4, 1, ATTENTION_STATE_TOKEN_STRIDE
        mov     [rdi + ATTENTION_L], rax
        advance ATTENTION_ACC, ATTENTION_ACC_HEAD_STRIDE, 1, ATTENTION_ACC_TOKEN_STRIDE
        mov     SUMS_AT, rax
        mov     rax, [rcx + ATTENTION_Q_TOKEN_STRIDE]
        mov     [rdi + ATTENTION_Q_TOKEN_STRIDE], rax
        mov     rax, [rcx + ATTENTION_Q_HEAD_STRIDE]
        mov     [rdi + ATTENTION_Q_HEAD_STRIDE], rax
        scores_as ATTENTION_ACC, ATTENTION_ACC_TOKEN_STRIDE, ATTENTION_ACC_HEAD_STRIDE
        // Padding of a row lies before the next one: all in one.
        mov     eax, 0xff800000
        vmovd   xmm0, eax
        mov     rsi, [rdi + ATTENTION_SCORES]
        mov     rcx, [rdi + ATTENTION_TOKENS]
        imul    rcx, [rdi + ATTENTION_SCORES_TOKEN_STRIDE]
        shr     rcx, 2
        fill_row
        enter
        each_tile block_keys, scores_tile
        leave_body
        // Softmax of each row, and its state.
        mov     rcx, CALLER
        mov     rsi, [rdi + ATTENTION_SCORES]
        mov     rdx, [rdi + ATTENTION_M]
        mov     r8, [rdi + ATTENTION_L]
        mov     r9, SUMS_AT
        mov     rax, [rdi + ATTENTION_TOKENS]
        mov     ROWS_LEFT, rax
        direct_constants
.Lrow_token:
        mov     rax, [rdi + ATTENTION_GROUP]
        mov     HEADS_LEFT, rax
        push    rdx
        push    r8
        push    r9
.Lrow_head:
        direct_row
        add     rsi, [rdi + ATTENTION_SCORES_HEAD_STRIDE]
        add     rdx, 4
        add     r8, 4
        mov     rcx, CALLER
        add     r9, [rcx + ATTENTION_ACC_HEAD_STRIDE]
        dec     qword ptr HEADS_LEFT
        jg      .Lrow_head
        pop     r9
        pop     r8
        pop     rdx
        mov     rcx, CALLER
        add     rdx, [rcx + ATTENTION_STATE_TOKEN_STRIDE]
        add     r8, [rcx + ATTENTION_STATE_TOKEN_STRIDE]
        add     r9, [rcx + ATTENTION_ACC_TOKEN_STRIDE]
        dec     qword ptr ROWS_LEFT
        jg      .Lrow_token
        scores_as ATTENTION_Q, ATTENTION_Q_TOKEN_STRIDE, ATTENTION_Q_HEAD_STRIDE
        mov     rcx, CALLER
        mov     rax, SUMS_AT
        mov     [rdi + ATTENTION_ACC], rax
        mov     rax, [rcx + ATTENTION_ACC_TOKEN_STRIDE]
        mov     [rdi + ATTENTION_ACC_TOKEN_STRIDE], rax
        mov     rax, [rcx + ATTENTION_ACC_HEAD_STRIDE]
        mov     [rdi + ATTENTION_ACC_HEAD_STRIDE], rax
        enter
        ones
        each_tile block_values, weigh_tile
        leave_body
.Ltokens_end:
        add     r13, DIRECT_TOKENS
        jmp     .Ltokens
.Lkv_head_end:
        inc     r12
        jmp     .Lkv_heads
.Ldone:
        add     rsp, DIRECT_FRAME
        pop     r13
        pop     r12
        pop     rbp
        pop     rbx
        vzeroupper
        ret
.endm
