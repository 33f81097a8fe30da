// SPDX-License-Identifier: MIT
// Packs rows of bf16 into a panel f32: 16 rows by 16 columns at a time.
//
// void panel_bf16_f32__avx512(const struct panel_args *a)      rdi
//   w      [rows][cols] bf16, 2-byte aligned
//   panel  [groups][cols] float[16], 64-byte aligned, written
// Registers: panel_f32_avx512.h. Reads past the end: none.
#define WEIGHT_BYTES 2
#include "kernels/asm/x86_64/panel_f32_avx512.h"

.macro load_row zmm, ymm, at
        vmovdqu16 \ymm{k1}{z}, [\at]
        vpmovzxwd \zmm, \ymm
        vpslld  \zmm, \zmm, 16
.endm

FUNC panel_bf16_f32__avx512
        pack_f32
ENDFUNC panel_bf16_f32__avx512
