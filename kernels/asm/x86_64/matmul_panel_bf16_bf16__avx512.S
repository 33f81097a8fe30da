// SPDX-License-Identifier: MIT
// y[t][r] = sum over c of panel[r][c] * x[t][c]: a tile of 64 rows and 6 tokens in registers, as floats.
//
// void matmul_panel_bf16_bf16__avx512(const struct matmul_args *a)      rdi
//   y  [tokens][rows] float, written    w  panel bf16 (kernels/args.h)
//   x  [tokens][cols] bf16             rows 1-64, cols any, tokens any
// The body, its registers and its stack: matmul_panel_avx512.h.
#define GROUPS 4
#define TOKENS 6
#define PASSES 0, 1
#define LAST_PASS 1
#define PAIRS
#include "kernels/asm/x86_64/matmul_panel_avx512.h"

.macro constants
        mov     eax, 0x55555555
        kmovd   k5, eax                 // the first word of each pair
        mov     eax, 0xffff0000
        vpbroadcastd zmm31, eax
.endm
.macro load_w pass, to, at
.if \pass == 0
        vpandd  zmm\to, zmm31, [\at]   // the second columns of the pairs
.else
        vpslld  zmm\to, [\at], 16      // the first ones
.endif
.endm
.macro load_x pass, at
.if \pass == 0
        vpandd  zmm28, zmm31, dword ptr [\at]{1to16}
.else
        vpslld  zmm28, dword ptr [\at]{1to16}, 16
.endif
.endm
.macro load_half at
        vpbroadcastw zmm28{k5}{z}, [\at]
        vpslld  zmm28, zmm28, 16
.endm
.macro dot sum, w
        vfmadd231ps zmm\sum, zmm\w, zmm28
.endm

FUNC matmul_panel_bf16_bf16__avx512
        matmul_panel matmul_panel_bf16_bf16__avx512
ENDFUNC matmul_panel_bf16_bf16__avx512
