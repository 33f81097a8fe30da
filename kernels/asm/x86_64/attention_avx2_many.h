// SPDX-License-Identifier: MIT
// The steps of attention_many.h for AVX2: tiles of six rows by 16 columns (keys, or columns of v).
#pragma once
// clang-format off
#include "kernels/asm/x86_64/attention_avx2.h"
#include "kernels/asm/x86_64/attention_avx2_kv.h"
#include "kernels/asm/x86_64/attention_avx2_block.h"
#include "kernels/asm/x86_64/attention_many.h"
#include "kernels/asm/x86_64/attention_avx2_6x16_steps.h"

.macro CONSTANTS
        EXP_CONSTANTS
        KEY_NUMBERS
.endm

.macro many_setup
        lea     rbx, [rip + .Lexp]
        mov     rax, [rdi + ATTENTION_DIM_K]
        whole_columns rax
        mov     DIM_K, rax
        shl     rax, 7
        add     rax, [rdi + ATTENTION_SCRATCH]
        mov     VALUES, rax
        mov     rdx, [rdi + ATTENTION_DIM_V]
        whole_columns rdx
        mov     DIM_V, rdx
        add     rdx, 15
        and     rdx, -16
        shl     rdx, 2
        mov     V_ROW, rdx
        mov     rcx, rdx
        shl     rcx, 5                  // KEYS rows
        add     rax, rcx
        mov     SCORES, rax
        add     rax, 6 * 4 * KEYS
        mov     SUMS, rax
        imul    rdx, rdx, 6
        add     rax, rdx
        mov     PADDED, rax
.endm

.macro block_keys
        mov     r8, [rdi + ATTENTION_K_ROW_STRIDE]
        mov     STRIDE, r8
        imul    r8, KEY
        mov     rsi, KV_HEAD
        imul    rsi, [rdi + ATTENTION_K_HEAD_STRIDE]
        add     rsi, [rdi + ATTENTION_K]
        add     rsi, r8
#if defined(KV_Q8_0)
        mov     r10, PADDED
        mov     r11, DIM_K
        shl     r11, 2
        mov     ROW, r11
        widen_blocks rsi, STRIDE, r10, ROW, NOW
        mov     rsi, PADDED
        mov     r11, ROW
        mov     STRIDE, r11
#else
        mov     rdx, [rdi + ATTENTION_DIM_K]
        cmp     rdx, 8
        jge     1f
        mov     r10, PADDED
        mov     r11, rsi
        pad     r11, STRIDE, rdx, r10, NOW
        mov     rsi, PADDED
        mov     qword ptr STRIDE, 8 * KV_SIZE
1:
#endif
        mov     ARGS, rdi
        mov     rdi, [rdi + ATTENTION_SCRATCH]
        transpose_keys rsi, STRIDE, DIM_K, rdi, NOW
        mov     rdi, ARGS
.endm
.macro block_values
        mov     r8, [rdi + ATTENTION_V_ROW_STRIDE]
        mov     STRIDE, r8
        imul    r8, KEY
        mov     rsi, KV_HEAD
        imul    rsi, [rdi + ATTENTION_V_HEAD_STRIDE]
        add     rsi, [rdi + ATTENTION_V]
        add     rsi, r8
        mov     r10, VALUES
#if defined(KV_Q8_0)
        widen_blocks rsi, STRIDE, r10, V_ROW, NOW
#else
        mov     rdx, [rdi + ATTENTION_DIM_V]
        cmp     rdx, 8
        jge     1f
        mov     r10, PADDED
        mov     r11, rsi
        pad     r11, STRIDE, rdx, r10, NOW
        mov     rsi, PADDED
        mov     qword ptr STRIDE, 8 * KV_SIZE
        mov     r10, VALUES
1:      widen_values rsi, STRIDE, DIM_V, r10, V_ROW, NOW
#endif
.endm

.macro tile_scores
        // Scores. Rows that are missing repeat the first one.
        mov     r8, [rsp + Q_ROW]
        .irp    n, 9, 10, 11, 12, 13
        mov     r\n, r8
        cmp     r15, \n - 8
        cmovg   r\n, [rsp + Q_ROW + 8 * (\n - 8)]
        .endr
        mov     rbp, SCORES
        mov     rsi, [rdi + ATTENTION_SCRATCH]
        mov     rcx, [rdi + ATTENTION_DIM_K]
        mov     rdx, [rsp + HI + r15 * 8 - 8]   // keys that the last row sees: most
.Lkeys16\@:
        clear12
        xor     eax, eax
        .p2align 5
.Ldim\@:
# LLVM-MCA-BEGIN scores
        vmovaps ymm12, [rsi]
        vmovaps ymm13, [rsi + 32]
        rows6   r8+rax*4, r9+rax*4, r10+rax*4, r11+rax*4, r12+rax*4, r13+rax*4
        add     rsi, 4 * KEYS
        inc     rax
        cmp     rax, rcx
        jb      .Ldim\@
# LLVM-MCA-END
        vcvtsd2ss xmm14, xmm14, [rdi + ATTENTION_SCALE]
        vbroadcastss ymm14, xmm14
        .irp    n, 0, 2, 4, 6, 8, 10
        vmulps  ymm\n, ymm\n, ymm14
        vmovaps [rbp + \n * 2 * KEYS], ymm\n
        .endr
        .irp    n, 1, 3, 5, 7, 9, 11
        vmulps  ymm\n, ymm\n, ymm14
        vmovaps [rbp + (\n - 1) * 2 * KEYS + 32], ymm\n
        .endr
        mov     rsi, [rdi + ATTENTION_SCRATCH]
        add     rsi, 64
        add     rbp, 64
        sub     rdx, 16                 // at most two rounds: KEYS is 32
        jle     1f
        jmp     .Lkeys16\@
1:      vxorpd  xmm0, xmm0, xmm0
        vucomisd xmm0, [rdi + ATTENTION_SOFTCAP]
        jae     .Lscored\@
        mov     rsi, SCORES
        mov     ecx, 6 * KEYS / 8
        softcap_scores rsi, rcx
.Lscored\@:
.endm

.macro tile_softmax
        mov     rsi, SCORES
        xor     r15d, r15d
.Lsoftmax_row\@:
        mov     rax, [rsp + LO + r15 * 8]
        mov     rcx, [rsp + HI + r15 * 8]
        cmp     rax, rcx
        jge     .Lsoftmax_next\@
        test    rax, rax
        jnz     1f
        cmp     rcx, KEYS
        je      .Lmasked\@
1:      hide_scores rsi, rax, rcx
.Lmasked\@:
        mov     r8, [rsp + M_AT + r15 * 8]
        mov     r9, [rsp + L_AT + r15 * 8]
        softmax rsi, r8, r9
        vmovss  [rsp + FACTOR + r15 * 4], xmm5
.Lsoftmax_next\@:
        add     rsi, 4 * KEYS
        inc     r15
        cmp     r15, ROWS
        jl      .Lsoftmax_row\@
.endm

.macro tile_values
        mov     r15, ROWS
        weighted_sums
        xor     r15d, r15d
        mov     r8, SUMS
.Laccumulate_row\@:
        mov     rax, [rsp + LO + r15 * 8]
        cmp     rax, [rsp + HI + r15 * 8]
        jge     1f                      // sees nothing here: its state stays as it is
        vbroadcastss ymm15, [rsp + FACTOR + r15 * 4]
        mov     rsi, [rsp + ACC_ROW + r15 * 8]
        mov     rcx, [rdi + ATTENTION_DIM_V]
        accumulate rsi, r8, rcx, rdx
1:      add     r8, V_ROW
        inc     r15
        cmp     r15, ROWS
        jl      .Laccumulate_row\@
.endm

// The scores of each row to its place in the rows at ACC, -inf where it does not see. Clobbers rax
// rcx rdx rsi r8 r15 ymm0-5.
.macro store_scores
        mov     rsi, SCORES
        xor     r15d, r15d
.Lrow\@:
        mov     rax, [rsp + LO + r15 * 8]
        mov     rcx, [rsp + HI + r15 * 8]
        cmp     rax, rcx
        jge     .Lnext\@
        hide_scores rsi, rax, rcx
        mov     rdx, [rsp + ACC_ROW + r15 * 8]
        mov     rax, KEY
        lea     rdx, [rdx + rax * 4]
        mov     rcx, NOW
        vmovd   xmm5, ecx
        vpbroadcastd ymm5, xmm5
        vpmovzxbd ymm0, [rip + .Lcount]
        .irp    n, 0, 1, 2, 3
        vpcmpgtd ymm3, ymm5, ymm0
        vmovaps ymm1, [rsi + 32 * \n]
        vmaskmovps [rdx + 32 * \n], ymm3, ymm1
        vpsubd  ymm0, ymm0, [rip + .Lminus8]
        .endr
.Lnext\@:
        add     rsi, 4 * KEYS
        inc     r15
        cmp     r15, ROWS
        jl      .Lrow\@
.endm

// SCORES = the visible weights of each row, from the rows at Q; zeros elsewhere. Clobbers rax rcx rdx
// rsi r15 ymm0-5.
.macro load_weights
        mov     rsi, SCORES
        xor     r15d, r15d
.Lrow\@:
        mov     rax, [rsp + LO + r15 * 8]
        mov     rcx, [rsp + HI + r15 * 8]
        cmp     rax, rcx
        jge     .Lnext\@
        vmovq   xmm1, rax
        vmovq   xmm2, rcx
        vpbroadcastd ymm1, xmm1
        vpbroadcastd ymm2, xmm2
        mov     rdx, [rsp + Q_ROW + r15 * 8]
        mov     rax, KEY
        lea     rdx, [rdx + rax * 4]
        vpmovzxbd ymm0, [rip + .Lcount]
        .irp    n, 0, 1, 2, 3
        vpcmpgtd ymm3, ymm1, ymm0       // lo > key
        vpcmpgtd ymm4, ymm2, ymm0       // hi > key
        vpandn  ymm3, ymm3, ymm4
        vmaskmovps ymm5, ymm3, [rdx + 32 * \n]
        vmovaps [rsi + 32 * \n], ymm5
        vpsubd  ymm0, ymm0, [rip + .Lminus8]
        .endr
.Lnext\@:
        add     rsi, 4 * KEYS
        inc     r15
        cmp     r15, ROWS
        jl      .Lrow\@
.endm

.macro ones
        mov     eax, 0x3f800000
        .irp    n, 0, 1, 2, 3, 4, 5
        mov     [rsp + FACTOR + 4 * \n], eax
        .endr
.endm

// [rsi] = rcx floats of xmm0's lowest. Clobbers rcx rdx.
.macro fill_row
        mov     rdx, rsi
.Lfill\@:
        vmovss  [rdx], xmm0
        add     rdx, 4
        dec     rcx
        jg      .Lfill\@
.endm
