// SPDX-License-Identifier: MIT
// The walk of embed_*: EMBED_BEGIN, then code that turns the row at rsi into floats at rdx, rcx =
// cols, then EMBED_END. rdi args, r8 y of the token, r9 where its id lies, r10 tokens left; rax,
// rsi, rdx, rcx are free.
#pragma once
// clang-format off

.macro EMBED_BEGIN
        mov     r8, [rdi + EMBED_Y]
        mov     r9, [rdi + EMBED_IDS]
        mov     r10, [rdi + EMBED_TOKENS]
        test    r10, r10
        jle     .Ldone
.Ltoken:
        movsxd  rsi, dword ptr [r9]
        imul    rsi, [rdi + EMBED_W_STRIDE]
        add     rsi, [rdi + EMBED_W]
        mov     rdx, r8
        mov     rcx, [rdi + EMBED_COLS]
.endm

.macro EMBED_END
        add     r9, 4
        add     r8, [rdi + EMBED_Y_STRIDE]
        dec     r10
        jnz     .Ltoken
.Ldone:
        vzeroupper
        ret
.endm
