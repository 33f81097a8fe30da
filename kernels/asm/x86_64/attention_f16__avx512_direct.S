// SPDX-License-Identifier: MIT
// Attention over a run of f16 keys and values in two passes: the scores of the whole run into
// scratch, for 16 tokens of a KV head at a time, their softmax, and the weighted sum of the values.
//
// void attention_f16__avx512_direct(const struct attention_args *a)   rdi
//   q  [tokens][kv_heads * group][dim_k] float   k  [kv_heads][run][dim_k], v [kv_heads][run][dim_v]
//   f16; m, l [tokens][kv_heads * group], acc [tokens][kv_heads * group][dim_v] float, updated;
//   all any
//   scratch  scores [16][group][run rounded up to 16, and 16 more] float, then as of
//            attention_f16__avx512_6x64
// Live throughout: rdi a copy of args, rbx exp's constants, rsp frame. Others: see each step.
// Clobbers: rax rcx rdx rsi r8-r11 zmm0-31 k1-k7. Stack: rbx rbp r12-r15, a copy of args and a frame.
//       Reads past the end: none.
#define KV_F16 1
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/attention_avx512_direct.h"

FUNC attention_f16__avx512_direct
        attention_direct
ENDFUNC attention_f16__avx512_direct

CONSTANTS
