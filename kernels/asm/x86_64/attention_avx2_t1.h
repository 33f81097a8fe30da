// SPDX-License-Identifier: MIT
// Attention of one token over a run, AVX2: the body of attention_<kv>__avx2_t1. For each KV head,
// block by block of KEYS keys: scores (dots of 2 keys by 4, 2 or 1 heads), softmax with a running
// maximum, weighted sums (16 columns by 4, 2 or 1 heads), then acc. A tail of columns is the last 8
// once more, against a q whose known columns are 0 there.
#pragma once
// clang-format off
#include "kernels/asm/x86_64/attention_avx2.h"
#include "kernels/asm/x86_64/attention_avx2_kv.h"

#define KEY_AT [rsp]            // the block's first key and value
#define VALUE_AT [rsp + 8]
#define K_STRIDE [rsp + 16]
#define V_STRIDE [rsp + 24]
#define LEFT [rsp + 32]         // keys of the run not yet done
#define NOW [rsp + 40]          // keys of this block
#define ROW [rsp + 48]          // bytes of a packed q row
#define SCORES [rsp + 56]
#define FACTORS [rsp + 64]
#define SUMS [rsp + 72]
#define SUMS_ROW [rsp + 80]     // bytes of a row of sums
#define KV_HEAD [rsp + 88]
#define FIRST [rsp + 96]        // first visible key
#define COUNT [rsp + 104]       // visible keys
#define DIM_K [rsp + 112]       // at least 8
#define DIM_V [rsp + 120]
#define HEAD [rsp + 128]        // head of the group
#define PADDED [rsp + 136]      // two blocks for dims below 8
#define KEY [rsp + 144]         // KEY_AT, or its padded copy
#define VALUE [rsp + 152]
#define FRAME 168
#include "kernels/asm/x86_64/attention_avx2_heads.h"

.macro attention_t1
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        sub     rsp, FRAME
        lea     rbx, [rip + .Lexp]
        // Visible keys: from max(0, p - window + 1 - run_pos0) to min(run_length, p + 1 - run_pos0).
        mov     rax, [rdi + ATTENTION_Q_POS0]
        inc     rax
        sub     rax, [rdi + ATTENTION_RUN_POS0]
        xor     ecx, ecx
        mov     rdx, [rdi + ATTENTION_WINDOW]
        test    rdx, rdx
        jle     1f
        mov     rcx, rax
        sub     rcx, rdx
        mov     edx, 0
        cmovl   rcx, rdx
1:      cmp     rax, [rdi + ATTENTION_RUN_LENGTH]
        cmovg   rax, [rdi + ATTENTION_RUN_LENGTH]
        sub     rax, rcx
        jle     .Ldone
        mov     FIRST, rcx
        mov     COUNT, rax
        mov     rax, [rdi + ATTENTION_DIM_K]
        whole_columns rax
        mov     DIM_K, rax
        add     rax, 7
        and     rax, -8
        shl     rax, 2
        mov     ROW, rax
        imul    rax, [rdi + ATTENTION_GROUP]
        add     rax, [rdi + ATTENTION_SCRATCH]
        mov     SCORES, rax
        mov     rdx, [rdi + ATTENTION_GROUP]
        shl     rdx, 7
        add     rax, rdx
        mov     PADDED, rax
        add     rax, 2 * KEYS * 8 * KV_SIZE
        mov     SUMS, rax
        mov     rdx, [rdi + ATTENTION_DIM_V]
        whole_columns rdx
        mov     DIM_V, rdx
        add     rdx, 7
        and     rdx, -8
        shl     rdx, 2
        mov     SUMS_ROW, rdx
        lea     rax, [rax + rdx * 4]
        mov     FACTORS, rax
        xor     eax, eax
        mov     KV_HEAD, rax
        cmp     rax, [rdi + ATTENTION_KV_HEADS]
        jge     .Ldone
.Lkv_head:
        pack_q
        mov     rax, KV_HEAD
        imul    rax, [rdi + ATTENTION_K_HEAD_STRIDE]
        mov     rcx, [rdi + ATTENTION_K_ROW_STRIDE]
        mov     K_STRIDE, rcx
        imul    rcx, FIRST
        add     rax, rcx
        add     rax, [rdi + ATTENTION_K]
        mov     KEY_AT, rax
        mov     rax, KV_HEAD
        imul    rax, [rdi + ATTENTION_V_HEAD_STRIDE]
        mov     rcx, [rdi + ATTENTION_V_ROW_STRIDE]
        mov     V_STRIDE, rcx
        imul    rcx, FIRST
        add     rax, rcx
        add     rax, [rdi + ATTENTION_V]
        mov     VALUE_AT, rax
        mov     rax, COUNT
        mov     LEFT, rax
.Lblock:
        mov     rdx, LEFT
        mov     eax, KEYS
        cmp     rdx, rax
        cmovg   rdx, rax
        mov     NOW, rdx
        mov     r8, KEY_AT
        mov     KEY, r8
        mov     r8, VALUE_AT
        mov     VALUE, r8
#if !defined(KV_Q8_0)
        // Rows shorter than a vector are copied to padded ones.
        mov     rdx, [rdi + ATTENTION_DIM_K]
        cmp     rdx, 8
        jge     1f
        mov     r8, KEY_AT
        mov     r10, PADDED
        mov     KEY, r10
        mov     qword ptr K_STRIDE, 8 * KV_SIZE
        pad     r8, [rdi + ATTENTION_K_ROW_STRIDE], rdx, r10, NOW
1:      mov     rdx, [rdi + ATTENTION_DIM_V]
        cmp     rdx, 8
        jge     .Lscores
        mov     r8, VALUE_AT
        mov     r10, PADDED
        add     r10, KEYS * 8 * KV_SIZE
        mov     VALUE, r10
        mov     qword ptr V_STRIDE, 8 * KV_SIZE
        pad     r8, [rdi + ATTENTION_V_ROW_STRIDE], rdx, r10, NOW
#endif
.Lscores:
        mov     qword ptr HEAD, 0
.Lscore_heads:
        mov     rax, [rdi + ATTENTION_GROUP]
        sub     rax, HEAD
        jle     .Lscored
        cmp     rax, 4
        jge     .Lscore4
        cmp     rax, 2
        jge     .Lscore2
        scores  1
        add     qword ptr HEAD, 1
        jmp     .Lscored
.Lscore2:
        scores  2
        add     qword ptr HEAD, 2
        jmp     .Lscore_heads
.Lscore4:
        scores  4
        add     qword ptr HEAD, 4
        jmp     .Lscore_heads
.Lscored:
        vxorpd  xmm0, xmm0, xmm0
        vucomisd xmm0, [rdi + ATTENTION_SOFTCAP]
        jae     .Lsoftmax
        mov     rsi, SCORES
        mov     rcx, [rdi + ATTENTION_GROUP]
        shl     rcx, 2
        softcap_scores rsi, rcx
.Lsoftmax:
        mov     rcx, [rdi + ATTENTION_GROUP]
        mov     rdx, KV_HEAD
        imul    rdx, rcx
        mov     r8, [rdi + ATTENTION_M]
        lea     r8, [r8 + rdx * 4]
        mov     r9, [rdi + ATTENTION_L]
        lea     r9, [r9 + rdx * 4]
        mov     r10, FACTORS
        mov     rsi, SCORES
.Lsoftmax_head:
        mov     rax, NOW
        cmp     rax, KEYS
        jae     .Lfilled
.Lfill:
        mov     dword ptr [rsi + rax * 4], 0xff800000
        inc     eax
        cmp     eax, KEYS
        jb      .Lfill
.Lfilled:
        softmax rsi, r8, r9
        vmovss  [r10], xmm5
        add     r8, 4
        add     r9, 4
        add     r10, 4
        add     rsi, 4 * KEYS
        dec     rcx
        jnz     .Lsoftmax_head
        mov     qword ptr HEAD, 0
.Lweigh_heads:
        mov     rax, [rdi + ATTENTION_GROUP]
        sub     rax, HEAD
        jle     .Lweighed
        cmp     rax, 4
        jge     .Lweigh4
        cmp     rax, 2
        jge     .Lweigh2
        weigh   1
.Lweigh2:
        weigh   2
.Lweigh4:
        weigh   4
.Laccumulate:                           // r15 heads, from HEAD on
        mov     rsi, KV_HEAD
        imul    rsi, [rdi + ATTENTION_GROUP]
        add     rsi, HEAD
        imul    rsi, [rdi + ATTENTION_ACC_HEAD_STRIDE]
        add     rsi, [rdi + ATTENTION_ACC]
        mov     r8, SUMS
        mov     r9, HEAD
        mov     r10, FACTORS
        add     HEAD, r15
.Laccumulate_head:
        vbroadcastss ymm15, [r10 + r9 * 4]
        mov     rcx, [rdi + ATTENTION_DIM_V]
        accumulate rsi, r8, rcx, rdx
        add     rsi, [rdi + ATTENTION_ACC_HEAD_STRIDE]
        add     r8, SUMS_ROW
        inc     r9
        dec     r15
        jnz     .Laccumulate_head
        jmp     .Lweigh_heads
.Lweighed:
        mov     rdx, NOW
        mov     rax, [rdi + ATTENTION_K_ROW_STRIDE]
        imul    rax, rdx
        add     KEY_AT, rax
        mov     rax, [rdi + ATTENTION_V_ROW_STRIDE]
        imul    rax, rdx
        add     VALUE_AT, rax
        sub     LEFT, rdx
        jg      .Lblock
        mov     rax, KV_HEAD
        inc     rax
        mov     KV_HEAD, rax
        cmp     rax, [rdi + ATTENTION_KV_HEADS]
        jl      .Lkv_head
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
.endm
