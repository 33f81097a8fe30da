// SPDX-License-Identifier: MIT
// clang-format off
// The dots of a8_32_r1.h by vpdpbusd on 256 bits: q8_0 as q + 128.
#pragma once
#include "kernels/asm/x86_64/vnni.h"

.macro constants
        mov     eax, 0x80808080
        vmovd   xmm15, eax
        vpbroadcastd ymm15, xmm15
.endm

.macro dot dot, n
        vpxor   ymm9, ymm15, [r9 + BLOCK * \n + 2]
        vpxor   \dot, \dot, \dot
        DPBUSD  \dot, ymm9, [r10 + 32 * \n]
.endm
