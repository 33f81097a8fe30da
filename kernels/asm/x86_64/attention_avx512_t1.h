// SPDX-License-Identifier: MIT
// Attention of one token over a run, AVX-512: the body of attention_<kv>__avx512_t1 (every key and
// value is read once for all query heads of its group) and of …_t1_perhead (once for each head).
// For each KV head (or query head), block by block of KEYS keys, in passes of four heads or one:
// scores (dots of 4 keys by 4 heads or 8 by one: attention_avx512_scores.h),
// softmax with a running maximum, weighted sums of 64 columns at a time, then acc.
#pragma once
// clang-format off
#include "kernels/asm/x86_64/exp_avx512.h"
#include "kernels/asm/x86_64/attention_avx512_kv.h"
#include "kernels/asm/x86_64/attention_avx512_frame.h"
#include "kernels/asm/x86_64/attention_avx512_scores.h"
#include "kernels/asm/x86_64/attention_avx512_softmax.h"
#include "kernels/asm/x86_64/attention_avx512_weigh.h"

// Visible keys: FIRST = max(0, p - window + 1 - run_pos0), COUNT up to min(run_length, p + 1 -
// run_pos0); none: jumps to \none. Clobbers rax rcx rdx.
.macro visible_keys none
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
        jle     \none
        mov     FIRST, rcx
        mov     COUNT, rax
.endm

.macro attention_t1 per_head
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        sub     rsp, FRAME
        visible_keys .Ldone
        mov     rax, [rdi + ATTENTION_DIM_K]
#if defined(KV_Q8_0)
        add     rax, 31
        and     rax, -32
        mov     rcx, rax                // 34 bytes for 32 columns
        shr     rcx, 4
        add     rcx, rax
        mov     K_END, rcx
        mov     K_END32, rcx
#else
        mov     rcx, rax
        and     rcx, -8
        imul    rcx, rcx, KV_BYTES(8) / 8
        mov     K_END, rcx
        mov     rcx, rax
        and     rcx, -32
        imul    rcx, rcx, KV_BYTES(8) / 8
        mov     K_END32, rcx
        mov     rcx, rax
        and     ecx, 7
        mov     edx, -1
        bzhi    edx, edx, ecx
        mov     K_TAIL, rdx
        add     rax, 15
        and     rax, -16
#endif
        shl     rax, 4
        mov     Q_BYTES, rax
        mov     rcx, [rdi + ATTENTION_GROUP]
        .if     \per_head
        mov     ecx, 1
        .endif
        add     rcx, 3
        shr     rcx, 2
        imul    rax, rcx
        add     rax, [rdi + ATTENTION_SCRATCH]
        mov     SCORES, rax
        xor     eax, eax
        mov     KV_HEAD, rax
        cmp     rax, [rdi + ATTENTION_KV_HEADS]
        jge     .Ldone
.Lkv_head:
        mov     qword ptr HEAD_FROM, 0
.Lheads:
        mov     rax, [rdi + ATTENTION_GROUP]
        .if     \per_head
        mov     rax, HEAD_FROM
        inc     rax
        .endif
        mov     HEAD_TO, rax
        pack_q
        mov     rax, KV_HEAD
        imul    rax, [rdi + ATTENTION_K_HEAD_STRIDE]
        mov     rcx, [rdi + ATTENTION_K_ROW_STRIDE]
        imul    rcx, FIRST
        add     rax, rcx
        add     rax, [rdi + ATTENTION_K]
        mov     KEY_AT, rax
        mov     rax, KV_HEAD
        imul    rax, [rdi + ATTENTION_V_HEAD_STRIDE]
        mov     rcx, [rdi + ATTENTION_V_ROW_STRIDE]
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
        mov     rax, HEAD_FROM
        mov     HEAD, rax
        mov     rax, [rdi + ATTENTION_SCRATCH]
        mov     Q_AT, rax
.Lpass:
        mov     rax, HEAD_TO
        sub     rax, HEAD
        mov     ecx, 4
        cmp     rax, rcx
        cmovg   rax, rcx
        mov     HEADS, rax
        .if     \per_head == 0
        cmp     rax, 1
        je      .Lone
        scores  4
        softmax_states
        softmax 4
        weigh   4
        jmp     .Lpass_end
.Lone:
        .endif
        scores  1
        softmax_states
        softmax 1
        weigh   1
.Lpass_end:
        mov     rax, Q_BYTES
        add     Q_AT, rax
        mov     rax, HEAD
        add     rax, 4
        mov     HEAD, rax
        cmp     rax, HEAD_TO
        jl      .Lpass
        mov     rdx, NOW
        mov     rax, [rdi + ATTENTION_K_ROW_STRIDE]
        imul    rax, rdx
        add     KEY_AT, rax
        mov     rax, [rdi + ATTENTION_V_ROW_STRIDE]
        imul    rax, rdx
        add     VALUE_AT, rax
        sub     LEFT, rdx
        jg      .Lblock
        mov     rax, HEAD_TO
        mov     HEAD_FROM, rax
        cmp     rax, [rdi + ATTENTION_GROUP]
        jl      .Lheads
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

// r8, r9 = m, l of the pass; rbx = exp's constants.
.macro softmax_states
        mov     rax, KV_HEAD
        imul    rax, [rdi + ATTENTION_GROUP]
        add     rax, HEAD
        mov     r8, [rdi + ATTENTION_M]
        lea     r8, [r8 + rax * 4]
        mov     r9, [rdi + ATTENTION_L]
        lea     r9, [r9 + rax * 4]
        lea     rbx, [rip + .Lexp16]
.endm
