// SPDX-License-Identifier: MIT
// Attention of many tokens over a run of q8_0 keys and values: each block of keys is widened once
// for all query rows (tokens x heads of the group), which pass in tiles of six.
//
// void attention_q8_0__avx512_6x64(const struct attention_args *a)   rdi
//   q  [tokens][kv_heads * group][dim_k] float   k  [kv_heads][run][dim_k], v [kv_heads][run][dim_v]
//   blocks of q8_0; m, l [tokens][kv_heads * group], acc [tokens][kv_heads * group][dim_v] float, updated;
//   all any
//   scratch  keys [dim_k][KEYS] (transposed), values [KEYS][dim_v], scores [6][KEYS], sixteen keys,
//            all float, dims rounded up to 16
// Live throughout: rdi args, rbx exp's constants, rsp frame. Others: see each step.
// Clobbers: rax rcx rdx rsi r8-r11 zmm0-31 k1-k7. Stack: rbx rbp r12-r15 and a frame. Reads past the
//       end: none.
#define KV_Q8_0 1
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/attention_avx512_many.h"

FUNC attention_q8_0__avx512_6x64
        attention_many
ENDFUNC attention_q8_0__avx512_6x64

CONSTANTS
