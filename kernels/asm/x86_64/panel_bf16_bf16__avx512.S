// SPDX-License-Identifier: MIT
// Packs rows of bf16 into a panel bf16: 16 rows by 32 columns at a time.
//
// void panel_bf16_bf16__avx512(const struct panel_args *a)      rdi
//   w      [rows][cols] bf16, 2-byte aligned
//   panel  [groups][(cols+1)/2] bf16[16][2], 64-byte aligned, written
// Registers: panel_f32_avx512.h. Reads past the end: none.
#define WEIGHT_BYTES 4
#define PAIRS
#include "kernels/asm/x86_64/panel_f32_avx512.h"

.macro load_row zmm, ymm, at
        vmovdqu16 \zmm{k1}{z}, [\at]
.endm

FUNC panel_bf16_bf16__avx512
        pack_f32
ENDFUNC panel_bf16_bf16__avx512
