// SPDX-License-Identifier: MIT
// The steps of attention_many.h for AVX-512: tiles of six rows by up to 64 columns (keys, or
// columns of v).
#pragma once
// clang-format off
#define KEYS 64
#include "kernels/asm/x86_64/exp_avx512.h"
#include "kernels/asm/x86_64/attention_avx512_kv.h"
#include "kernels/asm/x86_64/attention_avx512_block.h"
#include "kernels/asm/x86_64/attention_many.h"
#include "kernels/asm/x86_64/attention_avx512_tile.h"

#define CONSTANTS EXP16_CONSTANTS

.macro many_setup
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
.endm

.macro block_keys
        mov     r8, [rdi + ATTENTION_K_ROW_STRIDE]
        imul    r8, KEY
        mov     rsi, KV_HEAD
        imul    rsi, [rdi + ATTENTION_K_HEAD_STRIDE]
        add     rsi, [rdi + ATTENTION_K]
        add     rsi, r8
        mov     r12, rsi                // key
        xor     r13d, r13d              // how many are done
.Lkeys16\@:
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
        jl      .Lkeys16\@
.endm
.macro block_values
        mov     r8, [rdi + ATTENTION_V_ROW_STRIDE]
        imul    r8, KEY
        mov     rsi, KV_HEAD
        imul    rsi, [rdi + ATTENTION_V_HEAD_STRIDE]
        add     rsi, [rdi + ATTENTION_V]
        add     rsi, r8
        mov     r10, VALUES
        widen   rsi, [rdi + ATTENTION_V_ROW_STRIDE], DIM_V, r10, V_ROW, NOW
.endm

.macro tile_scores
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
        jle     .Lscores1\@
        cmp     rdx, 32
        jle     .Lscores2\@
        dots6x64 4
        jmp     .Lscored\@
.Lscores2\@:
        dots6x64 2
        jmp     .Lscored\@
.Lscores1\@:
        dots6x64 1
.Lscored\@:
.endm

.macro tile_values
        mov     rax, VALUES
        mov     VALUES_AT, rax
        mov     r13, DIM_V
        xor     r12d, r12d              // bytes of acc that are done
.Lcolumns\@:
        cmp     r13, 64
        jl      .Lcolumns32\@
        sums6x64 4
        jmp     .Lcolumns\@
.Lcolumns32\@:
        cmp     r13, 32
        jl      .Lcolumns16\@
        sums6x64 2
        jmp     .Lcolumns\@
.Lcolumns16\@:
        test    r13, r13
        jle     .Lsummed\@
        sums6x64 1
        jmp     .Lcolumns\@
.Lsummed\@:
.endm

// The visible scores of each row, softcapped, to its place in the rows at ACC. Clobbers rax rcx rdx
// rsi r8 r15 zmm0-12 k1-k4 k7.
.macro store_scores
        mov     rsi, SCORES
        mov     r8, KEY
        xor     r15d, r15d
        vcvtsd2ss xmm12, xmm12, [rdi + ATTENTION_SOFTCAP]
        vbroadcastss zmm12, xmm12
.Lrow\@:
        visible_of_row .Lnext\@
        vxorps  xmm4, xmm4, xmm4
        vucomiss xmm12, xmm4
        jbe     .Lcapped\@
        cap16   0, k1
        cap16   1, k2
        cap16   2, k3
        cap16   3, k4
.Lcapped\@:
        mov     rdx, [rsp + ACC_ROW + r15 * 8]
        lea     rdx, [rdx + r8 * 4]
        vmovups [rdx]{k1}, zmm0
        vmovups [rdx + 64]{k2}, zmm1
        vmovups [rdx + 128]{k3}, zmm2
        vmovups [rdx + 192]{k4}, zmm3
.Lnext\@:
        add     rsi, 4 * KEYS
        inc     r15
        cmp     r15, ROWS
        jl      .Lrow\@
.endm

// SCORES = the visible weights of each row, from the rows at Q; zeros elsewhere.
.macro load_weights
        mov     rsi, SCORES
        mov     r8, KEY
        xor     r15d, r15d
.Lrow\@:
        visible_of_row .Lnext\@
        mov     rdx, [rsp + Q_ROW + r15 * 8]
        lea     rdx, [rdx + r8 * 4]
        vmovups zmm0{k1}{z}, [rdx]
        vmovups zmm1{k2}{z}, [rdx + 64]
        vmovups zmm2{k3}{z}, [rdx + 128]
        vmovups zmm3{k4}{z}, [rdx + 192]
        .irp    n, 0, 1, 2, 3
        vmovaps [rsi + 64 * \n], zmm\n
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

// [rsi] = rcx floats of xmm0's lowest. Clobbers rax rcx rdx zmm0 k1.
.macro fill_row
        vbroadcastss zmm0, xmm0
        mov     rdx, rsi
.Lfill\@:
        lanes_mask k1, rcx
        vmovups [rdx]{k1}, zmm0
        add     rdx, 64
        sub     rcx, 16
        jg      .Lfill\@
.endm
