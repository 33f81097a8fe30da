// SPDX-License-Identifier: MIT
// y[t][r] = sum over c of panel[r][c] * x[t][c]: 16 rows and 3 tokens in registers, vpdpbusd on 256 bits.
//
// void matmul_panel_i8_a8_32__avxvnni(const struct matmul_args *a)      rdi
//   y  [tokens][rows] float, written    w  panel i8 (kernels/args.h)
//   x  [tokens] a8_32 planes            rows any, cols a multiple of 32, tokens any
// Registers, stack and what is clobbered: panel_i8_16.h.
#define TOKENS 3
#define VNNI_VEX
#include "kernels/asm/x86_64/panel_i8_16.h"
#include "kernels/asm/x86_64/panel_i8_16_dots.h"

FUNC matmul_panel_i8_a8_32__avxvnni
        matmul_tile matmul_panel_i8_a8_32__avxvnni
ENDFUNC matmul_panel_i8_a8_32__avxvnni
