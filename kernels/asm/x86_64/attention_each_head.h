// SPDX-License-Identifier: MIT
// One query head at a time: a copy of the arguments with one KV head and a group of one, for each
// query head in turn.
#pragma once
// clang-format off

#define ARGS_BYTES (ATTENTION_SCRATCH + 8)
#define ALL_ARGS [rsp + ARGS_BYTES]     // the caller's arguments
#define KV_HEAD_OF [rsp + ARGS_BYTES + 8]
#define GROUP_LEFT [rsp + ARGS_BYTES + 16]
#define PER_HEAD_FRAME (ARGS_BYTES + 24)

// Calls \body (a local label) for each query head.
.macro each_head body
        sub     rsp, (PER_HEAD_FRAME + 15) / 16 * 16 + 8
        mov     ALL_ARGS, rdi
        xor     eax, eax
.Lcopy\@:
        mov     rcx, [rdi + rax]
        mov     [rsp + rax], rcx
        add     rax, 8
        cmp     rax, ARGS_BYTES
        jb      .Lcopy\@
        mov     rax, [rdi + ATTENTION_KV_HEADS]
        mov     KV_HEAD_OF, rax
        mov     qword ptr [rsp + ATTENTION_KV_HEADS], 1
        mov     qword ptr [rsp + ATTENTION_GROUP], 1
        test    rax, rax
        jle     .Lheads_end\@
.Lkv_heads\@:
        mov     rdi, ALL_ARGS
        mov     rax, [rdi + ATTENTION_GROUP]
        mov     GROUP_LEFT, rax
.Lheads\@:
        mov     rdi, rsp
        call    \body
        mov     rax, [rsp + ATTENTION_Q_HEAD_STRIDE]
        add     [rsp + ATTENTION_Q], rax
        mov     rax, [rsp + ATTENTION_ACC_HEAD_STRIDE]
        add     [rsp + ATTENTION_ACC], rax
        add     qword ptr [rsp + ATTENTION_M], 4
        add     qword ptr [rsp + ATTENTION_L], 4
        dec     qword ptr GROUP_LEFT
        jg      .Lheads\@
        mov     rax, [rsp + ATTENTION_K_HEAD_STRIDE]
        add     [rsp + ATTENTION_K], rax
        mov     rax, [rsp + ATTENTION_V_HEAD_STRIDE]
        add     [rsp + ATTENTION_V], rax
        dec     qword ptr KV_HEAD_OF
        jg      .Lkv_heads\@
.Lheads_end\@:
        add     rsp, (PER_HEAD_FRAME + 15) / 16 * 16 + 8
        ret
.endm
