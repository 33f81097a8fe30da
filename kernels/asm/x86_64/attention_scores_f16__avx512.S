// SPDX-License-Identifier: MIT
// scores[t][h][key] = scale * q.k (softcapped) of a run of f16 keys, -inf where the token does not
// see the key.
//
// void attention_scores_f16__avx512(const struct attention_args *a)   rdi
//   q  [tokens][kv_heads * group][dim_k] float   k  [kv_heads][run][dim_k] f16
//   scores  [tokens][kv_heads * group][run] float, written; all any
//   scratch  as of attention_f16__avx512_6x64
// Live throughout: rdi a copy of args, rbx exp's constants, rsp frame. Others: see each step.
// Clobbers: rax rcx rdx rsi r8-r11 zmm0-31 k1-k7. Stack: rbx rbp r12-r15, a copy of args and a frame.
//       Reads past the end: none.
#define KV_F16 1
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/attention_avx512_many.h"

FUNC attention_scores_f16__avx512
        attention_scores
ENDFUNC attention_scores_f16__avx512

CONSTANTS
