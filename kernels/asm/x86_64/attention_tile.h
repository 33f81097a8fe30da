// SPDX-License-Identifier: MIT
// The frame of the attention kernels for many tokens, and what fills it for a tile of six rows
// (tokens x heads of the group). rdi args, rsp frame. Define KEYS, the keys of a block, before use.
#pragma once
// clang-format off

#define Q_ROW 0                 // six of each: q, acc, m, l; visible keys of the block from LO to HI
#define ACC_ROW 48
#define M_AT 96
#define L_AT 144
#define LO 192
#define HI 240
#define FACTOR 288              // six floats
#define DIM_K [rsp + 320]       // at least 8
#define DIM_V [rsp + 328]
#define V_ROW [rsp + 336]       // bytes of a row of values and of sums
#define VALUES [rsp + 344]
#define SCORES [rsp + 352]
#define SUMS [rsp + 360]
#define PADDED [rsp + 368]
#define KV_HEAD [rsp + 376]
#define FIRST [rsp + 384]       // keys of the run that any token sees
#define END [rsp + 392]
#define KEY [rsp + 400]         // the block's first key
#define NOW [rsp + 408]         // keys of the block
#define TOKEN [rsp + 416]       // next row: token, head of the group
#define HEAD [rsp + 424]
#define LAST_TOKEN [rsp + 432]
#define ROWS [rsp + 440]        // rows of the tile, 1 to 6
#define STRIDE [rsp + 448]
#define ARGS [rsp + 456]
#define VALUES_AT [rsp + 464]   // the strip of the values
#define ROW [rsp + 472]         // bytes of a widened key
#define FRAME 488

// Fills the frame for the next tile: up to six rows from (TOKEN, HEAD) on, which move on. Leaves
// their number in r15 and ROWS. Clobbers rax rcx rdx r8 r9.
.macro tile_rows
        mov     r8, TOKEN
        mov     r9, HEAD
        xor     r15d, r15d
.Lrow\@:
        mov     rax, KV_HEAD
        imul    rax, [rdi + ATTENTION_GROUP]
        add     rax, r9                 // query head
        mov     rcx, [rdi + ATTENTION_STATE_TOKEN_STRIDE]
        imul    rcx, r8
        lea     rcx, [rcx + rax * 4]
        mov     rdx, [rdi + ATTENTION_M]
        add     rdx, rcx
        mov     [rsp + M_AT + r15 * 8], rdx
        add     rcx, [rdi + ATTENTION_L]
        mov     [rsp + L_AT + r15 * 8], rcx
        mov     rcx, [rdi + ATTENTION_ACC_TOKEN_STRIDE]
        imul    rcx, r8
        mov     rdx, [rdi + ATTENTION_ACC_HEAD_STRIDE]
        imul    rdx, rax
        add     rcx, rdx
        add     rcx, [rdi + ATTENTION_ACC]
        mov     [rsp + ACC_ROW + r15 * 8], rcx
        mov     rcx, [rdi + ATTENTION_Q_TOKEN_STRIDE]
        imul    rcx, r8
        imul    rax, [rdi + ATTENTION_Q_HEAD_STRIDE]
        add     rax, rcx
        add     rax, [rdi + ATTENTION_Q]
        mov     [rsp + Q_ROW + r15 * 8], rax
        mov     rax, r8
        add     rax, [rdi + ATTENTION_Q_POS0]
        sub     rax, [rdi + ATTENTION_RUN_POS0]
        sub     rax, KEY
        inc     rax
        xor     edx, edx
        mov     rcx, rax
        sub     rcx, [rdi + ATTENTION_WINDOW]
        cmovl   rcx, rdx
        cmp     rdx, [rdi + ATTENTION_WINDOW]
        cmovge  rcx, rdx
        mov     [rsp + LO + r15 * 8], rcx
        cmp     rax, NOW
        cmovg   rax, NOW
        mov     [rsp + HI + r15 * 8], rax
        inc     r15
        inc     r9
        cmp     r9, [rdi + ATTENTION_GROUP]
        jl      1f
        xor     r9d, r9d
        inc     r8
        cmp     r8, LAST_TOKEN
        jg      2f
1:      cmp     r15, 6
        jl      .Lrow\@
2:      mov     TOKEN, r8
        mov     HEAD, r9
        mov     ROWS, r15
.endm

// FIRST and END of the keys of the run that any token sees: the last one sees most, the first one's
// window begins first. Jumps to \none where there is nothing to do. KV_HEAD = 0. Clobbers rax rcx
// rdx r8.
.macro many_visible none
        mov     rax, [rdi + ATTENTION_Q_POS0]
        sub     rax, [rdi + ATTENTION_RUN_POS0]
        lea     rcx, [rax + 1]
        add     rax, [rdi + ATTENTION_TOKENS]
        cmp     rax, [rdi + ATTENTION_RUN_LENGTH]
        cmovg   rax, [rdi + ATTENTION_RUN_LENGTH]
        mov     END, rax
        xor     edx, edx
        mov     r8, [rdi + ATTENTION_WINDOW]
        sub     rcx, r8
        cmovl   rcx, rdx
        test    r8, r8
        cmovle  rcx, rdx
        mov     FIRST, rcx
        mov     KV_HEAD, rdx
        cmp     rcx, rax
        jge     \none
        cmp     rdx, [rdi + ATTENTION_TOKENS]
        jge     \none
        cmp     rdx, [rdi + ATTENTION_KV_HEADS]
        jge     \none
.endm

// TOKEN and LAST_TOKEN: those that see something of the block (p >= its first key; p - window < its
// last key); HEAD = 0. None: jumps to \none. Clobbers rax rcx rdx.
.macro tokens_of_block none
        mov     rax, KEY
        add     rax, [rdi + ATTENTION_RUN_POS0]
        sub     rax, [rdi + ATTENTION_Q_POS0]
        mov     rcx, rax
        mov     edx, 0
        cmovl   rcx, rdx
        mov     TOKEN, rcx
        mov     HEAD, rdx
        mov     rcx, [rdi + ATTENTION_TOKENS]
        dec     rcx
        mov     rdx, [rdi + ATTENTION_WINDOW]
        test    rdx, rdx
        jle     1f
        add     rax, NOW
        lea     rax, [rax + rdx - 2]
        cmp     rcx, rax
        cmovg   rcx, rax
1:      mov     LAST_TOKEN, rcx
        cmp     TOKEN, rcx
        jg      \none
.endm
