// SPDX-License-Identifier: MIT
// Attention over a run of f32 keys and values in two passes: the scores of the whole run into
// scratch, for 16 tokens of a KV head at a time, their softmax, and the weighted sum of the values.
//
// void attention_f32__avx2_direct(const struct attention_args *a)   rdi
//   q  [tokens][kv_heads * group][dim_k] float   k  [kv_heads][run][dim_k], v [kv_heads][run][dim_v]
//   float; m, l [tokens][kv_heads * group], acc [tokens][kv_heads * group][dim_v] float, updated;
//   all any
//   scratch  scores [16][group][run rounded up to 16, and 16 more] float, then as of
//            attention_f32__avx2_6x16
// Live throughout: rdi a copy of args, rbx exp's constants, rsp frame. Others: see each step.
// Clobbers: rax rcx rdx rsi r8-r11 ymm0-15. Stack: rbx rbp r12-r15, a copy of args and a frame.
//       Reads past the end: none.
#define KV_F32 1
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/attention_avx2_direct.h"

FUNC attention_f32__avx2_direct
        attention_direct
ENDFUNC attention_f32__avx2_direct

CONSTANTS
