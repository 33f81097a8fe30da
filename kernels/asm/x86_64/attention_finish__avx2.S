// SPDX-License-Identifier: MIT
// y[t][h][d] = acc[t][h][d] / l[t][h], 0 where l is 0: the reciprocal once a head, then products.
//
// void attention_finish__avx2(const struct state_args *a)           rdi
//   l [tokens][heads], acc [tokens][heads][dim_v] float     y the same, written; may be acc; all any
// Live: r8 l, r9 acc and r10 y of the token, r11 tokens left, rsi acc and rdx y of the head, rbp
//       head, rcx columns left, rax byte.
// Clobbers: rax rcx rdx rsi r8-r11 ymm0-3. Stack: rbp rbx. Reads past the end: none.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/exp_avx2.h"

FUNC attention_finish__avx2
        push    rbx
        push    rbp
        lea     rbx, [rip + .Lexp + LANES + 32]
        mov     r8, [rdi + STATE_L]
        mov     r9, [rdi + STATE_ACC]
        mov     r10, [rdi + STATE_Y]
        mov     r11, [rdi + STATE_TOKENS]
        test    r11, r11
        jle     .Ldone
.Ltoken:
        mov     rsi, r9
        mov     rdx, r10
        xor     ebp, ebp
        cmp     rbp, [rdi + STATE_HEADS]
        jge     .Ldone
.Lhead:
        vmovss  xmm1, [r8 + rbp * 4]
        mov     eax, 0x3f800000
        vmovd   xmm2, eax
        vdivss  xmm2, xmm2, xmm1
        vxorps  xmm3, xmm3, xmm3
        vcmpltss xmm3, xmm3, xmm1       // 0 < l
        vandps  xmm2, xmm2, xmm3
        vbroadcastss ymm0, xmm2
        mov     rcx, [rdi + STATE_DIM_V]
        xor     eax, eax
        sub     rcx, 8
        jl      .Ltail
.Lcolumns:
        vmulps  ymm1, ymm0, [rsi + rax]
        vmovups [rdx + rax], ymm1
        add     rax, 32
        sub     rcx, 8
        jge     .Lcolumns
.Ltail:
        add     rcx, 8
        jle     .Lnext
        neg     rcx
        vmovups ymm2, [rbx + rcx * 4]
        vmaskmovps ymm1, ymm2, [rsi + rax]
        vmulps  ymm1, ymm1, ymm0
        vmaskmovps [rdx + rax], ymm2, ymm1
.Lnext:
        add     rsi, [rdi + STATE_ACC_HEAD_STRIDE]
        add     rdx, [rdi + STATE_Y_HEAD_STRIDE]
        inc     rbp
        cmp     rbp, [rdi + STATE_HEADS]
        jl      .Lhead
        add     r8, [rdi + STATE_STATE_TOKEN_STRIDE]
        add     r9, [rdi + STATE_ACC_TOKEN_STRIDE]
        add     r10, [rdi + STATE_Y_TOKEN_STRIDE]
        dec     r11
        jnz     .Ltoken
.Ldone:
        pop     rbp
        pop     rbx
        vzeroupper
        ret
ENDFUNC attention_finish__avx2

EXP_CONSTANTS
