// SPDX-License-Identifier: MIT
// acc[t][h] = the sum of scores[t][h][key] * v[key] over those keys of a run that the token sees;
// f32 values.
//
// void attention_weigh_f32__avx2(const struct attention_args *a)   rdi
//   scores  [tokens][kv_heads * group][run] float   v  [kv_heads][run][dim_v] float
//   acc  [tokens][kv_heads * group][dim_v] float, written; all any
//   scratch  as of attention_f32__avx2_6x16
// Live throughout: rdi a copy of args, rbx exp's constants, rsp frame. Others: see each step.
// Clobbers: rax rcx rdx rsi r8-r11 ymm0-15. Stack: rbx rbp r12-r15, a copy of args and a frame.
//       Reads past the end: none.
#define KV_F32 1
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/attention_avx2_many.h"

FUNC attention_weigh_f32__avx2
        attention_weigh
ENDFUNC attention_weigh_f32__avx2

CONSTANTS
