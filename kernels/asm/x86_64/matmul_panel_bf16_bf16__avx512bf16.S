// SPDX-License-Identifier: MIT
// y[t][r] = sum over c of panel[r][c] * x[t][c]: a tile of 64 rows and 6 tokens in registers, by vdpbf16ps.
//
// void matmul_panel_bf16_bf16__avx512bf16(const struct matmul_args *a)      rdi
//   y  [tokens][rows] float, written    w  panel bf16 (kernels/args.h)
//   x  [tokens][cols] bf16             rows 1-64, cols any, tokens any
// The body, its registers and its stack: matmul_panel_avx512.h.
#define GROUPS 4
#define TOKENS 6
#define PASSES 0
#define LAST_PASS 0
#define PAIRS
#include "kernels/asm/x86_64/matmul_panel_avx512.h"

.macro constants
        mov     eax, 0x55555555
        kmovd   k5, eax                 // the first word of each pair
.endm
.macro load_w pass, to, at
        vmovaps zmm\to, [\at]
.endm
.macro load_x pass, at
        vpbroadcastd zmm28, [\at]
.endm
.macro load_half at
        vpbroadcastw zmm28{k5}{z}, [\at]
.endm
.macro dot sum, w
        vdpbf16ps zmm\sum, zmm\w, zmm28
.endm

FUNC matmul_panel_bf16_bf16__avx512bf16
        matmul_panel matmul_panel_bf16_bf16__avx512bf16
ENDFUNC matmul_panel_bf16_bf16__avx512bf16
