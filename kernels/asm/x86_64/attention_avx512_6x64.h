// SPDX-License-Identifier: MIT
// Attention of many tokens over a run, AVX-512: the body of attention_<kv>__avx512_6x64. Each block
// of KEYS keys is widened to float once for all query rows (tokens x heads of the group), keys
// transposed; the rows pass in tiles of six. Both products are register tiles of six rows by up to
// 64 columns (keys, or columns of v). The causal edge and the window are -inf scores; tokens that
// see nothing of a block are not visited.
#pragma once
// clang-format off
#define KEYS 64
#include "kernels/asm/x86_64/exp_avx512.h"
#include "kernels/asm/x86_64/attention_avx512_kv.h"
#include "kernels/asm/x86_64/attention_avx512_block.h"
#include "kernels/asm/x86_64/attention_tile.h"
#include "kernels/asm/x86_64/attention_avx512_tile.h"

.macro attention_6x64
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        sub     rsp, FRAME
        lea     rbx, [rip + .Lexp16]
        mov     rax, [rdi + ATTENTION_DIM_K]
        add     rax, 15
        and     rax, -16
        mov     DIM_K, rax
        shl     rax, 8                  // KEYS * 4
        add     rax, [rdi + ATTENTION_SCRATCH]
        mov     VALUES, rax
        mov     rdx, [rdi + ATTENTION_DIM_V]
        mov     DIM_V, rdx
        add     rdx, 15
        and     rdx, -16
        shl     rdx, 2
        mov     V_ROW, rdx
        shl     rdx, 6                  // KEYS rows
        add     rax, rdx
        mov     SCORES, rax
        add     rax, 6 * 4 * KEYS
        mov     PADDED, rax             // sixteen widened keys
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
        imul    r8, rax
        mov     rsi, KV_HEAD
        imul    rsi, [rdi + ATTENTION_K_HEAD_STRIDE]
        add     rsi, [rdi + ATTENTION_K]
        add     rsi, r8
        mov     r12, rsi                // key
        xor     r13d, r13d              // how many are done
.Lkeys16:
        mov     r14, NOW
        sub     r14, r13
        mov     eax, 16
        cmp     r14, rax
        cmovg   r14, rax
        mov     r10, PADDED
        mov     r11, DIM_K
        shl     r11, 2
        widen   r12, [rdi + ATTENTION_K_ROW_STRIDE], [rdi + ATTENTION_DIM_K], r10, r11, r14
        mov     rsi, PADDED
        mov     rdx, [rdi + ATTENTION_SCRATCH]
        lea     rdx, [rdx + r13 * 4]
        mov     rax, r11
        mov     rcx, DIM_K
        transpose16
        add     r13, 16
        cmp     r13, NOW
        jl      .Lkeys16
        mov     r8, [rdi + ATTENTION_V_ROW_STRIDE]
        imul    r8, KEY
        mov     rsi, KV_HEAD
        imul    rsi, [rdi + ATTENTION_V_HEAD_STRIDE]
        add     rsi, [rdi + ATTENTION_V]
        add     rsi, r8
        mov     r10, VALUES
        widen   rsi, [rdi + ATTENTION_V_ROW_STRIDE], DIM_V, r10, V_ROW, NOW
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
        mov     rsi, [rdi + ATTENTION_SCRATCH]
        mov     rcx, [rdi + ATTENTION_DIM_K]
        mov     rbp, SCORES
        mov     rdx, [rsp + HI + r15 * 8 - 8]   // keys that the last row sees: most
        cmp     rdx, 16
        jle     .Lscores1
        cmp     rdx, 32
        jle     .Lscores2
        tile_scores 4
        jmp     .Lscored
.Lscores2:
        tile_scores 2
        jmp     .Lscored
.Lscores1:
        tile_scores 1
.Lscored:
        tile_softmax
        mov     rax, VALUES
        mov     VALUES_AT, rax
        mov     r13, DIM_V
        xor     r12d, r12d              // bytes of acc that are done
        // At most as many values as the last row sees.
.Lcolumns:
        cmp     r13, 64
        jl      .Lcolumns32
        tile_values 4
        jmp     .Lcolumns
.Lcolumns32:
        cmp     r13, 32
        jl      .Lcolumns16
        tile_values 2
        jmp     .Lcolumns
.Lcolumns16:
        test    r13, r13
        jle     .Ltile_end
        tile_values 1
        jmp     .Lcolumns
.Ltile_end:
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
