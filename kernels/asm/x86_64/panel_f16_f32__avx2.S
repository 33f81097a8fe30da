// SPDX-License-Identifier: MIT
// Packs rows of f16 into a panel f32: 8 rows by 8 columns at a time.
//
// void panel_f16_f32__avx2(const struct panel_args *a)      rdi
//   w      [rows][cols] f16, 2-byte aligned
//   panel  [groups][cols] float[16], 64-byte aligned, written
// Registers: panel_f32_avx2.h. Reads past the end: none.
#define WEIGHT_BYTES 2
#include "kernels/asm/x86_64/panel_f32_avx2.h"

.macro load_row ymm, xmm, at
        vcvtph2ps \ymm, [\at]
.endm

FUNC panel_f16_f32__avx2
        pack_f32
ENDFUNC panel_f16_f32__avx2
