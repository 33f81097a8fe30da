// SPDX-License-Identifier: MIT
// The frame and the steps of attention_f16__avx2_6x16. rdi args, rbx exp's constants, rsp frame.
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
#define FRAME 472

// Six rows of 16 columns: ymm0-11 += row (six broadcasts) * ymm12, ymm13.
.macro rows6 a, b, c, d, e, f
        vbroadcastss ymm14, [\a]
        vbroadcastss ymm15, [\b]
        vfmadd231ps ymm0, ymm14, ymm12
        vfmadd231ps ymm1, ymm14, ymm13
        vfmadd231ps ymm2, ymm15, ymm12
        vfmadd231ps ymm3, ymm15, ymm13
        vbroadcastss ymm14, [\c]
        vbroadcastss ymm15, [\d]
        vfmadd231ps ymm4, ymm14, ymm12
        vfmadd231ps ymm5, ymm14, ymm13
        vfmadd231ps ymm6, ymm15, ymm12
        vfmadd231ps ymm7, ymm15, ymm13
        vbroadcastss ymm14, [\e]
        vbroadcastss ymm15, [\f]
        vfmadd231ps ymm8, ymm14, ymm12
        vfmadd231ps ymm9, ymm14, ymm13
        vfmadd231ps ymm10, ymm15, ymm12
        vfmadd231ps ymm11, ymm15, ymm13
.endm
.macro clear12
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
        vxorps  xmm\n, xmm\n, xmm\n
        .endr
.endm

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

// sums[r] = sum over keys of score[r] * value, 16 columns at a time, for as many keys as the last
// row sees. r15 rows; r8 values of the strip, r9 bytes of a row, r10 sums, r11 end of the strips,
// r12 scores, rdx their end, rsi rax value and score of a key. Clobbers rax rcx rdx rsi r8-r12
// ymm0-15.
.macro weighted_sums
        mov     r9, V_ROW
        mov     r12, SCORES
        mov     rdx, [rsp + HI + r15 * 8 - 8]
        lea     rdx, [r12 + rdx * 4]
        mov     r10, SUMS
        mov     r8, VALUES
        lea     r11, [r8 + r9]
        lea     rcx, [r9 + r9 * 2]
.Lcolumns16\@:
        clear12
        mov     rsi, r8
        mov     rax, r12
        .p2align 5
.Lvalue\@:
# LLVM-MCA-BEGIN weigh@\@
        vmovaps ymm12, [rsi]
        vmovaps ymm13, [rsi + 32]
        rows6   rax, rax+4*KEYS, rax+8*KEYS, rax+12*KEYS, rax+16*KEYS, rax+20*KEYS
        add     rsi, r9
        add     rax, 4
        cmp     rax, rdx
        jb      .Lvalue\@
# LLVM-MCA-END
        lea     rax, [r10 + rcx]
        vmovaps [r10], ymm0
        vmovaps [r10 + 32], ymm1
        vmovaps [r10 + r9], ymm2
        vmovaps [r10 + r9 + 32], ymm3
        vmovaps [r10 + r9 * 2], ymm4
        vmovaps [r10 + r9 * 2 + 32], ymm5
        vmovaps [rax], ymm6
        vmovaps [rax + 32], ymm7
        vmovaps [rax + r9], ymm8
        vmovaps [rax + r9 + 32], ymm9
        vmovaps [rax + r9 * 2], ymm10
        vmovaps [rax + r9 * 2 + 32], ymm11
        add     r10, 64
        add     r8, 64
        cmp     r8, r11
        jb      .Lcolumns16\@
.endm
