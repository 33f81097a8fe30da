// SPDX-License-Identifier: MIT
// Blocks of keys and values to float, for attention_avx2_many.h.
#pragma once
// clang-format off

// [to][dim][KEYS] float = transposed \count keys of dim >= 8 columns (the last 8 columns overlap
// others where dim is no multiple of 8; missing keys of a group of 8 repeat the last one). rows,
// to: registers, advanced; count, stride, dim: memory. Clobbers rax rcx rdx rbp r8-r15 ymm0-15.
.macro transpose_keys rows, stride, dim, to, count
        mov     rcx, \count
.Lgroup\@:
        mov     rbp, \stride
        mov     r8, \rows
        .irp    n, 1, 2, 3, 4, 5, 6, 7
        xor     eax, eax
        cmp     rcx, \n
        cmovg   rax, rbp
        .if     \n == 1
        lea     r9, [r8 + rax]
        .elseif \n == 2
        lea     r10, [r9 + rax]
        .elseif \n == 3
        lea     r11, [r10 + rax]
        .elseif \n == 4
        lea     r12, [r11 + rax]
        .elseif \n == 5
        lea     r13, [r12 + rax]
        .elseif \n == 6
        lea     r14, [r13 + rax]
        .else
        lea     r15, [r14 + rax]
        .endif
        .endr
        lea     \rows, [\rows + rbp * 8]
        xor     eax, eax
.Lcolumns\@:
        load8   0, r8, rax
        load8   1, r9, rax
        load8   2, r10, rax
        load8   3, r11, rax
        load8   4, r12, rax
        load8   5, r13, rax
        load8   6, r14, rax
        load8   7, r15, rax
        vunpcklps ymm8, ymm0, ymm1
        vunpckhps ymm9, ymm0, ymm1
        vunpcklps ymm10, ymm2, ymm3
        vunpckhps ymm11, ymm2, ymm3
        vunpcklps ymm12, ymm4, ymm5
        vunpckhps ymm13, ymm4, ymm5
        vunpcklps ymm14, ymm6, ymm7
        vunpckhps ymm15, ymm6, ymm7
        vshufps ymm0, ymm8, ymm10, 0x44
        vshufps ymm1, ymm8, ymm10, 0xee
        vshufps ymm2, ymm9, ymm11, 0x44
        vshufps ymm3, ymm9, ymm11, 0xee
        vshufps ymm4, ymm12, ymm14, 0x44
        vshufps ymm5, ymm12, ymm14, 0xee
        vshufps ymm6, ymm13, ymm15, 0x44
        vshufps ymm7, ymm13, ymm15, 0xee
        mov     rdx, rax
        shl     rdx, 7                  // KEYS * 4
        add     rdx, \to
        .irp    n, 0, 1, 2, 3
        .if     \n == 0
        vperm2f128 ymm8, ymm0, ymm4, 0x20
        vperm2f128 ymm9, ymm0, ymm4, 0x31
        .elseif \n == 1
        vperm2f128 ymm8, ymm1, ymm5, 0x20
        vperm2f128 ymm9, ymm1, ymm5, 0x31
        .elseif \n == 2
        vperm2f128 ymm8, ymm2, ymm6, 0x20
        vperm2f128 ymm9, ymm2, ymm6, 0x31
        .else
        vperm2f128 ymm8, ymm3, ymm7, 0x20
        vperm2f128 ymm9, ymm3, ymm7, 0x31
        .endif
        vmovaps [rdx + \n * 4 * KEYS], ymm8
        vmovaps [rdx + (\n + 4) * 4 * KEYS], ymm9
        .endr
        mov     rdx, \dim
        add     rax, 8
        cmp     rax, rdx
        jae     .Lgroup_end\@
        sub     rdx, 8
        cmp     rax, rdx
        cmova   rax, rdx
        jmp     .Lcolumns\@
.Lgroup_end\@:
        add     \to, 32
        sub     rcx, 8
        jg      .Lgroup\@
.endm

// [to][row / 4] float = \count values of dim >= 8 columns. rows, to: registers, advanced; the
// others: memory. A vector of padding behind the last one is zeroed. Clobbers rax rcx rdx r8 r9
// ymm0 ymm1.
.macro widen_values rows, stride, dim, to, row, count
        mov     rcx, \count
        mov     rdx, \dim
        lea     r8, [rdx - 8]
        mov     r9, \row
        vxorps  xmm1, xmm1, xmm1
.Lvalue\@:
        xor     eax, eax
        vmovaps [\to + r9 - 32], ymm1
.Lwiden\@:
        load8   0, \rows, rax
        vmovups [\to + rax * 4], ymm0
        add     rax, 8
        cmp     rax, rdx
        jae     .Lvalue_end\@
        cmp     rax, r8
        cmova   rax, r8
        jmp     .Lwiden\@
.Lvalue_end\@:
        add     \rows, \stride
        add     \to, r9
        dec     rcx
        jnz     .Lvalue\@
.endm

.macro KEY_NUMBERS
        .section .rodata
        .p2align 5
.Lminus8:
        .long   -8, -8, -8, -8, -8, -8, -8, -8
.Lcount:
        .byte   0, 1, 2, 3, 4, 5, 6, 7
        .text
.endm

// Scores of one row of KEYS at [row] outside [lo, hi) become -inf. lo, hi: registers. Clobbers
// ymm0-5. Needs KEY_NUMBERS behind the function.
.macro hide_scores row, lo, hi
        vmovq   xmm1, \lo
        vmovq   xmm2, \hi
        vpbroadcastd ymm1, xmm1
        vpbroadcastd ymm2, xmm2
        vpcmpeqd ymm5, ymm5, ymm5
        vpslld  ymm5, ymm5, 23          // -inf
        vpmovzxbd ymm0, [rip + .Lcount]
        .irp    n, 0, 1, 2, 3
        vpcmpgtd ymm3, ymm1, ymm0       // lo > key
        vpcmpgtd ymm4, ymm2, ymm0       // hi > key
        vpandn  ymm3, ymm3, ymm4
        vblendvps ymm3, ymm5, [\row + 32 * \n], ymm3
        vmovaps [\row + 32 * \n], ymm3
        .if     \n < 3
        vpsubd  ymm0, ymm0, [rip + .Lminus8]
        .endif
        .endr
.endm
