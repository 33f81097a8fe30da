// SPDX-License-Identifier: MIT
// The steps of attention_avx2_t1.h, for 4, 2 or 1 heads; include it behind the names of its frame.
#pragma once
// clang-format off

// Scores of `heads` heads from HEAD on: r8 r9 keys, r10-r13 heads of packed q, rbp scores, rsi key,
// r14 values to come.
.macro scores heads
        mov     rax, HEAD
        mov     rbp, rax
        shl     rbp, 7                  // KEYS * 4
        add     rbp, SCORES
        mov     rdx, ROW
        imul    rax, rdx
        mov     r10, [rdi + ATTENTION_SCRATCH]
        add     r10, rax
        lea     r11, [r10 + rdx]
        lea     r12, [r11 + rdx]
        lea     r13, [r12 + rdx]
        mov     r8, KEY
        mov     r14, VALUE
        mov     rcx, DIM_K
        lea     rdx, [rcx - 8]
        mov     r15, rcx
        and     rcx, -8
        sub     r15, rcx
        xor     esi, esi
.Lkeys\@:
        xor     r9d, r9d
        lea     rax, [rsi + 1]
        cmp     rax, NOW
        cmovl   r9, K_STRIDE
        add     r9, r8                  // the second key, or the first again
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7
        vxorps  xmm\n, xmm\n, xmm\n
        .endr
        xor     eax, eax
#if defined(KV_Q8_0)
        xor     edx, edx                // byte of the block
        .p2align 5
.Lblocks\@:
# LLVM-MCA-BEGIN scores@h\heads
        scale8  14, r8+rdx
        scale8  15, r9+rdx
        .irp    at, 2, 10, 18, 26
        quants8 8, r8+rdx+\at
        quants8 9, r9+rdx+\at
        vmulps  ymm8, ymm8, ymm14
        vmulps  ymm9, ymm9, ymm15
        dot     \heads
        add     rax, 8
        .endr
        add     rdx, 34
        cmp     rax, rcx
        jb      .Lblocks\@
# LLVM-MCA-END
#else
        .p2align 5
.Ldims\@:
# LLVM-MCA-BEGIN scores@h\heads
        load8   8, r8, rax
        load8   9, r9, rax
        dot     \heads
        add     rax, 8
        cmp     rax, rcx
        jb      .Ldims\@
# LLVM-MCA-END
        test    r15, r15
        jz      .Lsum\@
        load8   8, r8, rdx
        load8   9, r9, rdx
        dot     \heads
.Lsum\@:
#endif
        vhaddps ymm0, ymm0, ymm1
        .if     \heads > 1
        vhaddps ymm2, ymm2, ymm3
        .endif
        vhaddps ymm0, ymm0, ymm2
        vextractf128 xmm1, ymm0, 1
        vaddps  xmm0, xmm0, xmm1        // two keys of head 0, two of head 1
        vmovlps [rbp + rsi * 4], xmm0
        .if     \heads > 1
        vmovhps [rbp + rsi * 4 + 4 * KEYS], xmm0
        .endif
        .if     \heads > 2
        vhaddps ymm4, ymm4, ymm5
        vhaddps ymm6, ymm6, ymm7
        vhaddps ymm4, ymm4, ymm6
        vextractf128 xmm5, ymm4, 1
        vaddps  xmm4, xmm4, xmm5
        vmovlps [rbp + rsi * 4 + 8 * KEYS], xmm4
        vmovhps [rbp + rsi * 4 + 12 * KEYS], xmm4
        .endif
        // Values wider than two lines are read in strips that no hardware stream follows (Zen 4: half
        // the bandwidth at 128 columns): ask for them now.
        cmp     qword ptr DIM_V, 128 / KV_SIZE
        jbe     .Lnear\@
        mov     rax, V_STRIDE
        lea     r9, [r14 + rax]
        xor     eax, eax
.Lahead\@:
        prefetcht0 [r14 + rax * KV_SIZE]
        prefetcht0 [r9 + rax * KV_SIZE]
        add     rax, 64 / KV_SIZE
        cmp     rax, DIM_V
        jb      .Lahead\@
        mov     rax, V_STRIDE
        lea     r14, [r9 + rax]
.Lnear\@:
        mov     rax, K_STRIDE
        lea     r8, [r8 + rax * 2]
        add     rsi, 2
        cmp     rsi, NOW
        jl      .Lkeys\@
.endm
// sums[h] = sum over keys of score * v for `heads` heads from HEAD on: r8 value, rdx rcx the
// columns of the two vectors, rbp weights, rsi their end, r9 V_STRIDE.
.macro weigh heads
        mov     r9, V_STRIDE
        mov     r12, SUMS
        mov     r13, SUMS_ROW
        xor     r15d, r15d
.Lcolumns\@:
#if defined(KV_Q8_0)
        mov     rcx, r15                // block and quants of the strip, 34 bytes for 32 columns
        shr     rcx, 5
        imul    rcx, rcx, 34
        mov     rdx, r15
        and     edx, 31
        lea     rdx, [rcx + rdx + 2]
#else
        mov     rax, DIM_V
        sub     rax, 8
        mov     rdx, r15
        cmp     rdx, rax
        cmovg   rdx, rax
        lea     rcx, [r15 + 8]
        cmp     rcx, rax
        cmovg   rcx, rax                // overlapping columns are computed twice
#endif
        mov     r8, VALUE
        mov     rbp, HEAD
        shl     rbp, 7
        add     rbp, SCORES
        mov     rsi, NOW
        lea     rsi, [rbp + rsi * 4]
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7
        vxorps  xmm\n, xmm\n, xmm\n
        .endr
        .p2align 5
.Lvalues\@:
# LLVM-MCA-BEGIN weigh@h\heads
#if defined(KV_Q8_0)
        scale8  14, r8+rcx
        quants8 8, r8+rdx
        quants8 9, r8+rdx+8
        vmulps  ymm8, ymm8, ymm14
        vmulps  ymm9, ymm9, ymm14
#else
        load8   8, r8, rdx
        load8   9, r8, rcx
#endif
        vbroadcastss ymm10, [rbp]
        vfmadd231ps ymm0, ymm10, ymm8
        vfmadd231ps ymm1, ymm10, ymm9
        .if     \heads > 1
        vbroadcastss ymm11, [rbp + 4 * KEYS]
        vfmadd231ps ymm2, ymm11, ymm8
        vfmadd231ps ymm3, ymm11, ymm9
        .endif
        .if     \heads > 2
        vbroadcastss ymm12, [rbp + 8 * KEYS]
        vfmadd231ps ymm4, ymm12, ymm8
        vfmadd231ps ymm5, ymm12, ymm9
        vbroadcastss ymm13, [rbp + 12 * KEYS]
        vfmadd231ps ymm6, ymm13, ymm8
        vfmadd231ps ymm7, ymm13, ymm9
        .endif
        add     r8, r9
        add     rbp, 4
        cmp     rbp, rsi
        jb      .Lvalues\@
# LLVM-MCA-END
#if defined(KV_Q8_0)
        mov     rdx, r15
        lea     rcx, [r15 + 8]
#endif
        lea     rax, [r12 + rdx * 4]
        lea     r8, [r12 + rcx * 4]
        vmovups [rax], ymm0
        vmovups [r8], ymm1
        .if     \heads > 1
        vmovups [rax + r13], ymm2
        vmovups [r8 + r13], ymm3
        .endif
        .if     \heads > 2
        vmovups [rax + r13 * 2], ymm4
        vmovups [r8 + r13 * 2], ymm5
        lea     rsi, [r13 + r13 * 2]
        vmovups [rax + rsi], ymm6
        vmovups [r8 + rsi], ymm7
        .endif
        add     r15, 16
        cmp     r15, DIM_V
        jl      .Lcolumns\@
        mov     r15d, \heads
        jmp     .Laccumulate
.endm

#if defined(KV_Q8_0)
// scratch[head of the group] = q * scale, zeros up to whole blocks. Clobbers rax rcx rdx rsi r8-r10
// ymm0 ymm1 ymm15.
.macro pack_q
        vcvtsd2ss xmm15, xmm15, [rdi + ATTENTION_SCALE]
        vbroadcastss ymm15, xmm15
        mov     rsi, KV_HEAD
        mov     rcx, [rdi + ATTENTION_GROUP]
        imul    rsi, rcx
        imul    rsi, [rdi + ATTENTION_Q_HEAD_STRIDE]
        add     rsi, [rdi + ATTENTION_Q]
        mov     r8, [rdi + ATTENTION_SCRATCH]
        lea     r10, [rbx + LANES + 32]
.Lpack\@:
        xor     eax, eax
        mov     rdx, [rdi + ATTENTION_DIM_K]
.Lpack8\@:
        mov     r9d, 8                  // columns of these that there are
        cmp     rdx, r9
        cmovl   r9, rdx
        xor     r11d, r11d
        test    r9, r9
        cmovl   r9, r11
        neg     r9
        vmovups ymm1, [r10 + r9 * 4]
        vmaskmovps ymm0, ymm1, [rsi + rax * 4]
        vmulps  ymm0, ymm0, ymm15
        vmovups [r8 + rax * 4], ymm0
        sub     rdx, 8
        add     rax, 8
        cmp     rax, DIM_K
        jb      .Lpack8\@
        add     rsi, [rdi + ATTENTION_Q_HEAD_STRIDE]
        add     r8, ROW
        dec     rcx
        jnz     .Lpack\@
.endm
#else
// scratch[head of the group] = q * scale: whole 8s, then the last 8 with the columns known already
// set to 0 (below 8 columns: those, and zeros). Clobbers rax rcx rdx rsi r8-r11 ymm0 ymm1 ymm15.
.macro pack_q
        vcvtsd2ss xmm15, xmm15, [rdi + ATTENTION_SCALE]
        vbroadcastss ymm15, xmm15
        mov     rsi, KV_HEAD
        mov     rcx, [rdi + ATTENTION_GROUP]
        imul    rsi, rcx
        imul    rsi, [rdi + ATTENTION_Q_HEAD_STRIDE]
        add     rsi, [rdi + ATTENTION_Q]
        mov     r8, [rdi + ATTENTION_SCRATCH]
        mov     rdx, [rdi + ATTENTION_DIM_K]
        mov     r9, rdx
        and     r9, -8
        sub     rdx, r9                 // columns of the tail
        lea     r10, [rbx + LANES]
        mov     r11, rdx
        neg     r11
.Lpack\@:
        xor     eax, eax
        test    r9, r9
        jz      .Lpack_short\@
.Lpack8\@:
        vmulps  ymm0, ymm15, [rsi + rax * 4]
        vmovups [r8 + rax * 4], ymm0
        add     rax, 8
        cmp     rax, r9
        jb      .Lpack8\@
        test    rdx, rdx
        jz      .Lpacked\@
        vmovups ymm1, [r10 + rdx * 4 - 32]
        lea     rax, [rsi + rdx * 4]
        vandps  ymm0, ymm1, [rax + r9 * 4 - 32]
        jmp     .Lpack_tail\@
.Lpack_short\@:
        vmovups ymm1, [r10 + r11 * 4 + 32]
        vmaskmovps ymm0, ymm1, [rsi]
.Lpack_tail\@:
        vmulps  ymm0, ymm0, ymm15
        vmovups [r8 + r9 * 4], ymm0
.Lpacked\@:
        add     rsi, [rdi + ATTENTION_Q_HEAD_STRIDE]
        add     r8, ROW
        dec     rcx
        jnz     .Lpack\@
.endm
#endif
