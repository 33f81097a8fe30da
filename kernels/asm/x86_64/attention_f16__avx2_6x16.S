// SPDX-License-Identifier: MIT
// Attention of many tokens over a run of f16 keys and values: each block of keys is widened once
// for all query rows (tokens x heads of the group), which pass in tiles of six.
//
// void attention_f16__avx2_6x16(const struct attention_args *a)   rdi
//   q  [tokens][kv_heads * group][dim_k] float   k  [kv_heads][run][dim_k], v [kv_heads][run][dim_v]
//   f16; m, l [tokens][kv_heads * group], acc [tokens][kv_heads * group][dim_v] float, updated;
//   all any
//   scratch  keys [dim_k][KEYS] (transposed), values [KEYS][dim_v rounded up to 16; q8_0: 32],
//            scores [6][KEYS], sums [6][dim_v rounded up], all float; two blocks of rows padded for dims below 8
// Live throughout: rdi args, rbx exp's constants, rsp frame. Others: see each step.
// Clobbers: rax rcx rdx rsi r8-r11 ymm0-15. Stack: rbx rbp r12-r15 and a frame. Reads past the end:
//       none.
#define KV_F16 1
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/attention_avx2_many.h"

FUNC attention_f16__avx2_6x16
        attention_many
ENDFUNC attention_f16__avx2_6x16

CONSTANTS
