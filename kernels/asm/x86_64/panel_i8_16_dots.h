// SPDX-License-Identifier: MIT
// clang-format off
// The products of panel_i8_16.h by vpdpbusd on 256 bits.
#pragma once
#include "kernels/asm/x86_64/vnni.h"

.macro begin_x tokens
.endm
.macro dot c, i0, i1, f0, f1, q, d, sum, wide
        vpbroadcastd ymm14, [\q + 4 * \c]
        DPBUSD  ymm\i0, ymm12, ymm14
        DPBUSD  ymm\i1, ymm13, ymm14
.endm
.macro block_dots tokens
.irp c, 0, 1, 2, 3, 4, 5, 6, 7
        vmovdqa ymm12, [rsi + 64 * \c]
        vmovdqa ymm13, [rsi + 64 * \c + 32]
        each_token dot, \tokens, \c
.endr
.endm
