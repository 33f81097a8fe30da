// SPDX-License-Identifier: MIT
// matmul_s8.h on 256 bits: ymm0-7 are sums, ymm8-15 are the format's. Columns that are no whole
// line are taken one by one: a file with such columns defines
//   WEIGHT_BYTES    bytes of an element
//   macro one w     an element as a float to xmm8, zeroes above; edx is scratch
//   X_BF16          where x is bf16
#pragma once
// clang-format off
#include "kernels/asm/x86_64/matmul_s8.h"

.macro constants
.endm

.macro line_one n, w
        one     \w
        vfmadd231ps ymm\n, ymm8, ymm12
        add     \w, WEIGHT_BYTES
.endm
.macro tail
.Lone:
#ifdef X_BF16
        movzx   edx, word ptr [rax]
        shl     edx, 16
        vmovd   xmm12, edx
        add     rax, 2
#else
        vmovss  xmm12, [rax]            // lanes above the first are zero
        add     rax, 4
#endif
        each_row line_one
        dec     ecx
        jnz     .Lone
.endm

.macro fold a, b, c, d
        vhaddps ymm\a, ymm\a, ymm\b
        vhaddps ymm\c, ymm\c, ymm\d
        vhaddps ymm\a, ymm\a, ymm\c
        vextractf128 xmm\b, ymm\a, 1
        vaddps  xmm\a, xmm\a, xmm\b
.endm
.macro fold_sums
        fold    0, 1, 2, 3
        fold    4, 5, 6, 7
.endm
