// SPDX-License-Identifier: MIT
// Attention of many tokens over a run, AVX2: the body of attention_<kv>__avx2_6x16. Each block of
// KEYS keys is widened to float once for all query rows (tokens x heads of the group), keys
// transposed; the rows pass in tiles of six. Both products are register tiles of six rows by 16
// columns (keys, or columns of v). The causal edge and the window are -inf scores; tokens that see
// nothing of a block are not visited.
#pragma once
// clang-format off
#include "kernels/asm/x86_64/attention_avx2.h"
#include "kernels/asm/x86_64/attention_avx2_kv.h"
#include "kernels/asm/x86_64/attention_avx2_block.h"
#include "kernels/asm/x86_64/attention_avx2_6x16_steps.h"

.macro attention_6x16
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        sub     rsp, FRAME
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
        many_visible
.Lkv_head:
        mov     rax, FIRST
        mov     KEY, rax
.Lblock:
        mov     rcx, END
        mov     rax, KEY
        sub     rcx, rax
        mov     edx, KEYS
        cmp     rcx, rdx
        cmovg   rcx, rdx
        mov     NOW, rcx
        mov     r8, [rdi + ATTENTION_K_ROW_STRIDE]
        mov     STRIDE, r8
        imul    r8, rax
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
        tokens_of_block .Lblock_end
.Ltile:
        tile_rows
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
.Lkeys16:
        clear12
        xor     eax, eax
        .p2align 5
.Ldim:
# LLVM-MCA-BEGIN scores
        vmovaps ymm12, [rsi]
        vmovaps ymm13, [rsi + 32]
        rows6   r8+rax*4, r9+rax*4, r10+rax*4, r11+rax*4, r12+rax*4, r13+rax*4
        add     rsi, 4 * KEYS
        inc     rax
        cmp     rax, rcx
        jb      .Ldim
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
        jmp     .Lkeys16
1:      vxorpd  xmm0, xmm0, xmm0
        vucomisd xmm0, [rdi + ATTENTION_SOFTCAP]
        jae     .Lsoftmax
        mov     rsi, SCORES
        mov     ecx, 6 * KEYS / 8
        softcap_scores rsi, rcx
.Lsoftmax:
        mov     rsi, SCORES
        xor     r15d, r15d
.Lsoftmax_row:
        mov     rax, [rsp + LO + r15 * 8]
        mov     rcx, [rsp + HI + r15 * 8]
        cmp     rax, rcx
        jge     .Lsoftmax_next
        test    rax, rax
        jnz     1f
        cmp     rcx, KEYS
        je      .Lmasked
1:      hide_scores rsi, rax, rcx
.Lmasked:
        mov     r8, [rsp + M_AT + r15 * 8]
        mov     r9, [rsp + L_AT + r15 * 8]
        softmax rsi, r8, r9
        vmovss  [rsp + FACTOR + r15 * 4], xmm5
.Lsoftmax_next:
        add     rsi, 4 * KEYS
        inc     r15
        cmp     r15, ROWS
        jl      .Lsoftmax_row
        weighted_sums
        xor     r15d, r15d
        mov     r8, SUMS
.Laccumulate_row:
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
        jl      .Laccumulate_row
        mov     rax, TOKEN
        cmp     rax, LAST_TOKEN
        jle     .Ltile
.Lblock_end:
        mov     rax, KEY
        add     rax, NOW
        mov     KEY, rax
        cmp     rax, END
        jl      .Lblock
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
