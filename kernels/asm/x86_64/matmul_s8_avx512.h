// SPDX-License-Identifier: MIT
// matmul_s8.h on 512 bits: zmm0-15 are sums, two a row, zmm16-31 are the format's.
#pragma once
// clang-format off
#include "kernels/asm/x86_64/matmul_s8.h"

// The sums of rows a..d, one a lane: xmm \a.
.macro fold a, b, c, d
        .irp    n, \a, \b, \c, \d
        vextractf64x4 ymm16, zmm\n, 1
        vaddps  ymm\n, ymm16, ymm\n
        .endr
        vhaddps ymm\a, ymm\a, ymm\b
        vhaddps ymm\c, ymm\c, ymm\d
        vhaddps ymm\a, ymm\a, ymm\c
        vextractf128 xmm\b, ymm\a, 1
        vaddps  xmm\a, xmm\a, xmm\b
.endm

.macro fold_sums
        vaddps  zmm0, zmm0, zmm8
        vaddps  zmm1, zmm1, zmm9
        vaddps  zmm2, zmm2, zmm10
        vaddps  zmm3, zmm3, zmm11
        vaddps  zmm4, zmm4, zmm12
        vaddps  zmm5, zmm5, zmm13
        vaddps  zmm6, zmm6, zmm14
        vaddps  zmm7, zmm7, zmm15
        fold    0, 1, 2, 3
        fold    4, 5, 6, 7
.endm
