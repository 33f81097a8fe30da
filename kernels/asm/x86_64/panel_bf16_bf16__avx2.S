// SPDX-License-Identifier: MIT
// Packs rows of bf16 into a panel bf16: 8 rows by 16 columns at a time.
//
// void panel_bf16_bf16__avx2(const struct panel_args *a)      rdi
//   w      [rows][cols] bf16, 2-byte aligned
//   panel  [groups][(cols+1)/2] bf16[16][2], 64-byte aligned, written
// Registers: panel_f32_avx2.h. Reads past the end: none.
#define WEIGHT_BYTES 4
#define PAIRS
#include "kernels/asm/x86_64/panel_f32_avx2.h"

.macro load_row ymm, xmm, at
        vmovdqu \ymm, [\at]
.endm

FUNC panel_bf16_bf16__avx2
        pack_f32
ENDFUNC panel_bf16_bf16__avx2
