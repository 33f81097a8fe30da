// SPDX-License-Identifier: MIT
// Joins the attention states (m2, l2, acc2) into (m, l, acc): factors of 8 heads at once, then their
// rows. A second state that saw nothing (m2 = -inf) has factor 0 and the first factor 1; of two such
// both are 0, and so is what they multiply.
//
// void attention_merge__avx2(const struct state_args *a)            rdi
//   m, l [tokens][heads], acc [tokens][heads][dim_v] float, updated
//   m2, l2, acc2  the same shape and strides, read; all any
// Live: r8 m, l, m2, l2's byte of the token, r9 acc's, r10 tokens left, r11 heads left, r12 head,
//       rsi acc, rdx acc2, rcx columns left, r13 heads of the chunk, rbx exp's constants.
// Clobbers: rax rcx rdx rsi r8-r11 ymm0-5 ymm8. Stack: rbx rbp r12-r14, the factors. Reads past the end:
//       none.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/exp_avx2.h"

#define KEEP rsp
#define ADD rsp + 64
#define FRAME 128

FUNC attention_merge__avx2
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        sub     rsp, FRAME
        lea     rbx, [rip + .Lexp]
        xor     r8d, r8d
        xor     r9d, r9d
        mov     r10, [rdi + STATE_TOKENS]
        test    r10, r10
        jle     .Ldone
.Ltoken:
        xor     r12d, r12d
        mov     r11, [rdi + STATE_HEADS]
        test    r11, r11
        jle     .Ldone
.Lheads:
        mov     r13d, 8
        cmp     r11, r13
        cmovl   r13, r11
        lea     rax, [r8 + r12 * 4]
        mov     rsi, [rdi + STATE_M]
        mov     rdx, [rdi + STATE_M2]
        mov     rcx, [rdi + STATE_L]
        mov     rbp, [rdi + STATE_L2]
        lea     r14, [rbx + LANES + 32]
        neg     r13
        vmovups ymm8, [r14 + r13 * 4]
        neg     r13
        vmaskmovps ymm0, ymm8, [rsi + rax]
        vmaskmovps ymm1, ymm8, [rdx + rax]
        vmaxps  ymm2, ymm0, ymm1
        vmaskmovps [rsi + rax], ymm8, ymm2
        vsubps  ymm0, ymm0, ymm2
        vsubps  ymm1, ymm1, ymm2
        exp8    rbx, ymm0, ymm3, ymm4, ymm5
        exp8    rbx, ymm1, ymm3, ymm4, ymm5
        vmaskmovps ymm3, ymm8, [rcx + rax]
        vmaskmovps ymm4, ymm8, [rbp + rax]
        vmulps  ymm3, ymm3, ymm0
        vfmadd231ps ymm3, ymm1, ymm4
        vmaskmovps [rcx + rax], ymm8, ymm3
        vmovups [KEEP], ymm0
        vmovups [ADD], ymm1
        mov     rax, [rdi + STATE_ACC_HEAD_STRIDE]
        imul    rax, r12
        add     rax, r9
        mov     rsi, [rdi + STATE_ACC]
        mov     rdx, [rdi + STATE_ACC2]
        add     rsi, rax
        add     rdx, rax
        xor     ebp, ebp
.Lhead:
        vbroadcastss ymm0, [KEEP + rbp * 4]
        vbroadcastss ymm1, [ADD + rbp * 4]
        mov     rcx, [rdi + STATE_DIM_V]
        xor     eax, eax
        sub     rcx, 8
        jl      .Ltail
.Lcolumns:
        vmulps  ymm3, ymm1, [rdx + rax]
        vfmadd231ps ymm3, ymm0, [rsi + rax]
        vmovups [rsi + rax], ymm3
        add     rax, 32
        sub     rcx, 8
        jge     .Lcolumns
.Ltail:
        add     rcx, 8
        jle     .Lnext
        neg     rcx
        lea     r14, [rbx + LANES + 32]
        vmovups ymm8, [r14 + rcx * 4]
        vmaskmovps ymm2, ymm8, [rsi + rax]
        vmaskmovps ymm3, ymm8, [rdx + rax]
        vmulps  ymm3, ymm3, ymm1
        vfmadd231ps ymm3, ymm2, ymm0
        vmaskmovps [rsi + rax], ymm8, ymm3
.Lnext:
        add     rsi, [rdi + STATE_ACC_HEAD_STRIDE]
        add     rdx, [rdi + STATE_ACC_HEAD_STRIDE]
        inc     rbp
        cmp     rbp, r13
        jl      .Lhead
        add     r12, r13
        sub     r11, r13
        jg      .Lheads
        add     r8, [rdi + STATE_STATE_TOKEN_STRIDE]
        add     r9, [rdi + STATE_ACC_TOKEN_STRIDE]
        dec     r10
        jnz     .Ltoken
.Ldone:
        add     rsp, FRAME
        pop     r14
        pop     r13
        pop     r12
        pop     rbp
        pop     rbx
        vzeroupper
        ret
ENDFUNC attention_merge__avx2

EXP_CONSTANTS
