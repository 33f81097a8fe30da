// SPDX-License-Identifier: MIT
// y = x + b, sixteen columns at once.
//
// void add__avx512(const struct row_args *a)                        rdi
//   y, x, b  [tokens][cols] float, any alignment, y may be x; cols, tokens any
// Live: those of ELEMENTWISE (rows_avx512.h).
// Clobbers: rax rcx rdx rsi r8-r10 zmm0 zmm5 k1. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/rows_avx512.h"

.macro sum16
        vaddps  zmm0, zmm0, zmm5
.endm

FUNC add__avx512
        ELEMENTWISE add__avx512, 1, sum16
ENDFUNC add__avx512
