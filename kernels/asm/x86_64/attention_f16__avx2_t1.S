// SPDX-License-Identifier: MIT
// Attention of one token over a run of f16 keys and values; every key and value is read once
// for all query heads of its group.
//
// void attention_f16__avx2_t1(const struct attention_args *a)   rdi
//   q  [kv_heads * group][dim_k] float       k  [kv_heads][run][dim_k], v [kv_heads][run][dim_v]
//   f16; m, l [kv_heads * group], acc [kv_heads * group][dim_v] float, updated; tokens = 1, the
//   rest any
//   scratch  packed q [group][row of q], scores [group][KEYS], [group] factors, sums [4][dim_v rounded up to
//            8; q8_0: 32], and two blocks of KEYS keys of 8 columns for dims below 8 (copied there,
//            padded)
// Live throughout: rdi args, rbx exp's constants, rsp frame. Others: see each step.
// Clobbers: rax rcx rdx rsi r8-r11 ymm0-15. Stack: rbx rbp r12-r15 and a frame. Reads past the end:
//       none.
#define KV_F16 1
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/attention_avx2_t1.h"

FUNC attention_f16__avx2_t1
        attention_t1
ENDFUNC attention_f16__avx2_t1

EXP_CONSTANTS
