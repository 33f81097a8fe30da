// SPDX-License-Identifier: MIT
// The frame of the one-token attention kernels for AVX-512. rdi args, rsp frame throughout.
#pragma once
// clang-format off

#define FACTORS 0               // four floats: what the states of a pass are multiplied with
#define KEY_AT [rsp + 16]       // the block's first key and value
#define VALUE_AT [rsp + 24]
#define LEFT [rsp + 32]         // keys of the run not yet done
#define NOW [rsp + 40]          // keys of this block
#define SCORES [rsp + 48]
#define Q_AT [rsp + 56]         // packed q of the pass
#define KV_HEAD [rsp + 64]
#define FIRST [rsp + 72]        // first visible key
#define COUNT [rsp + 80]        // visible keys
#define HEAD [rsp + 88]         // first head of the pass, in the group
#define HEADS [rsp + 96]        // heads of the pass, 1 to 4
#define HEAD_FROM [rsp + 104]   // heads of the group that go together: all, or one after another
#define HEAD_TO [rsp + 112]
#define Q_BYTES [rsp + 120]     // of a pass: 16 for each column
#define COLUMN [rsp + 128]      // of the strip
#define K_END [rsp + 136]       // bytes of a key's whole steps
#define K_TAIL [rsp + 144]      // mask of the columns behind them
#define STRIP [rsp + 152]       // its bytes in a row of values
#define K_END32 [rsp + 160]     // bytes of a key's whole 32s of columns
#define FRAME 168

// Keys of a block: two pages of f16 keys and values of 64 columns in turn, which the hardware's
// streams follow better than prefetches a block ahead (Zen 4, two threads: 64 against 51 GB/s).
// q8_0 is bound by its conversions: longer blocks, fewer ends of softmax.
#if defined(KV_Q8_0)
#define KEYS 128
#else
#define KEYS 32
#endif

// Packs the heads [HEAD_FROM, HEAD_TO) of q, times scale, in passes of four: for each eight columns
// [head][8]; a last pass of one head: plain. Columns are filled up with zeros to whole steps, heads
// that a pass lacks too. Clobbers rax rcx rdx rsi r8-r11 zmm0 zmm1 k1.
.macro pack_q
        vcvtsd2ss xmm1, xmm1, [rdi + ATTENTION_SCALE]
        vbroadcastss zmm1, xmm1
        mov     r11, [rdi + ATTENTION_SCRATCH]
        mov     r10, HEAD_FROM
.Lpack_head\@:
        mov     rsi, KV_HEAD
        imul    rsi, [rdi + ATTENTION_GROUP]
        add     rsi, r10
        imul    rsi, [rdi + ATTENTION_Q_HEAD_STRIDE]
        add     rsi, [rdi + ATTENTION_Q]
        mov     r9, r10
        sub     r9, HEAD_FROM
        mov     rcx, r9
        and     ecx, 3                  // place in the pass
        shr     r9, 2
        imul    r9, Q_BYTES
        add     r9, r11                 // the pass
        mov     rdx, [rdi + ATTENTION_DIM_K]
        cmp     r10, HEAD_TO
        jl      1f
        xor     edx, edx                // a head that is not there
1:      mov     r8, Q_BYTES
        shr     r8, 4                   // columns to write
        test    ecx, ecx
        jnz     2f
        lea     rax, [r10 + 1]
        cmp     rax, HEAD_TO
        je      .Lpack_plain\@
2:      shl     ecx, 5
        add     r9, rcx
.Lpack_four\@:
        lanes_mask k1, rdx
        vmulps  zmm0{k1}{z}, zmm1, [rsi]
        vmovaps [r9], ymm0
        vextractf64x4 [r9 + 128], zmm0, 1
        add     rsi, 64
        add     r9, 256
        xor     eax, eax
        sub     rdx, 16
        cmovl   rdx, rax
        sub     r8, 16
        ja      .Lpack_four\@
        inc     r10
        cmp     r10, HEAD_TO
        jl      .Lpack_head\@
        mov     rax, r10
        sub     rax, HEAD_FROM
        and     eax, 3
        jnz     .Lpack_head\@
        jmp     .Lpack_end\@
.Lpack_plain\@:
        lanes_mask k1, rdx
        vmulps  zmm0{k1}{z}, zmm1, [rsi]
        vmovaps [r9], zmm0
        add     rsi, 64
        add     r9, 64
        xor     eax, eax
        sub     rdx, 16
        cmovl   rdx, rax
        sub     r8, 16
        ja      .Lpack_plain\@
.Lpack_end\@:
.endm
