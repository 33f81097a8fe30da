// SPDX-License-Identifier: MIT
// clang-format off
// The dots of a8_32_s8.h by vpdpbusd on 256 bits: q8_0 as q + 128, q4_0 as its nibbles.
#pragma once
#include "kernels/asm/x86_64/vnni.h"

.macro constants
#if BLOCK == 34
        mov     eax, 0x80808080
#else
        mov     eax, 0x0f0f0f0f
#endif
        vmovd   xmm15, eax
        vpbroadcastd ymm15, xmm15
.endm

.macro dot to, w
#if BLOCK == 34
        vpxor   ymm9, ymm15, [\w + rbx + 2]
#else
        vmovdqu xmm9, [\w + rbx + 2]
        vpsrlw  xmm8, xmm9, 4
        vinserti128 ymm9, ymm9, xmm8, 1
        vpand   ymm9, ymm9, ymm15
#endif
        vpxor   \to, \to, \to
        DPBUSD  \to, ymm9, ymm10
.endm
