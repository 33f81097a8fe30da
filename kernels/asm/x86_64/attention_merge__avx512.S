// SPDX-License-Identifier: MIT
// Joins the attention states (m2, l2, acc2) into (m, l, acc): factors of 16 heads at once, then their
// rows. A second state that saw nothing (m2 = -inf) has factor 0 and the first factor 1; of two such
// both are 0, and so is what they multiply.
//
// void attention_merge__avx512(const struct state_args *a)            rdi
//   m, l [tokens][heads], acc [tokens][heads][dim_v] float, updated
//   m2, l2, acc2  the same shape and strides, read; all any
// Live: r8 m, l, m2, l2's byte of the token, r9 acc's, r10 tokens left, r11 heads left, r12 head,
//       rsi acc, rdx acc2, rcx columns left, r13 heads of the chunk, rbx exp's constants.
// Clobbers: rax rcx rdx rsi r8-r11 zmm0-4 k1 k2. Stack: rbx rbp r12-r14, the factors. Reads past the end:
//       none.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/exp_avx512.h"

#define KEEP rsp
#define ADD rsp + 64
#define FRAME 128

FUNC attention_merge__avx512
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        sub     rsp, FRAME
        lea     rbx, [rip + .Lexp16]
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
        mov     r13d, 16
        cmp     r11, r13
        cmovl   r13, r11
        lea     rax, [r8 + r12 * 4]
        mov     rsi, [rdi + STATE_M]
        mov     rdx, [rdi + STATE_M2]
        mov     rcx, [rdi + STATE_L]
        mov     rbp, [rdi + STATE_L2]
        mov     r14d, -1
        bzhi    r14d, r14d, r13d
        kmovw   k1, r14d
        vmovups zmm0{k1}{z}, [rsi + rax]
        vmovups zmm1{k1}{z}, [rdx + rax]
        vmaxps  zmm2, zmm0, zmm1
        vmovups [rsi + rax]{k1}, zmm2
        vsubps  zmm0, zmm0, zmm2
        vsubps  zmm1, zmm1, zmm2
        exp16   rbx, zmm0, zmm3, zmm4, k2
        exp16   rbx, zmm1, zmm3, zmm4, k2
        vmulps  zmm3{k1}{z}, zmm0, [rcx + rax]
        vmovups zmm4{k1}{z}, [rbp + rax]
        vfmadd231ps zmm3, zmm1, zmm4
        vmovups [rcx + rax]{k1}, zmm3
        vmovups [KEEP], zmm0
        vmovups [ADD], zmm1
        mov     rax, [rdi + STATE_ACC_HEAD_STRIDE]
        imul    rax, r12
        add     rax, r9
        mov     rsi, [rdi + STATE_ACC]
        mov     rdx, [rdi + STATE_ACC2]
        add     rsi, rax
        add     rdx, rax
        xor     ebp, ebp
.Lhead:
        vbroadcastss zmm0, [KEEP + rbp * 4]
        vbroadcastss zmm1, [ADD + rbp * 4]
        mov     rcx, [rdi + STATE_DIM_V]
        xor     eax, eax
.Lcolumns:
        mov     r14d, -1
        cmp     rcx, 16
        jae     .Lwhole
        bzhi    r14d, r14d, ecx
.Lwhole:
        kmovw   k1, r14d
        vmovups zmm2{k1}{z}, [rsi + rax]
        vmovups zmm3{k1}{z}, [rdx + rax]
        vmulps  zmm3, zmm3, zmm1
        vfmadd231ps zmm3, zmm2, zmm0
        vmovups [rsi + rax]{k1}, zmm3
        add     rax, 64
        sub     rcx, 16
        jg      .Lcolumns
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
ENDFUNC attention_merge__avx512

EXP16_CONSTANTS
