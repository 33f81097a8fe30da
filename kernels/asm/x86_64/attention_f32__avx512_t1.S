// SPDX-License-Identifier: MIT
// Attention of one token over a run of f32 keys and values; every key and value is read once
// for all query heads of its group.
//
// void attention_f32__avx512_t1(const struct attention_args *a)   rdi
//   q  [kv_heads * group][dim_k] float       k  [kv_heads][run][dim_k], v [kv_heads][run][dim_v]
//   float; m, l [kv_heads * group], acc [kv_heads * group][dim_v] float, updated; tokens = 1, the
//   rest any
//   scratch  16 bytes a column of q for each four heads (columns rounded up to 32), and the block's scores
// Clobbers: rax rcx rdx rsi r8-r11 zmm0-31 k1-k7. Stack: rbx rbp r12-r15 and a frame. Reads past the
//       end: none.
#define KV_F32 1
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/attention_avx512_t1.h"

FUNC attention_f32__avx512_t1
        attention_t1 0
ENDFUNC attention_f32__avx512_t1

EXP16_CONSTANTS
