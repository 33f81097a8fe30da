// SPDX-License-Identifier: MIT
// y = the a8_32 planes of x: for each 32 columns d = amax / 127, q = round(x * (127 / amax)), sum
// of q; four blocks at once.
//
// void quantize_a8_32__avx512(const struct row_args *a)             rdi
//   x  [tokens][cols] float             cols a multiple of 32, tokens any
//   y  [tokens] planes: int8 q[cols], float d[cols/32], int32 sum[cols/32], each 64-byte aligned
// Pinned to the last bit (kernels/ops.def): both divisions in float, round to nearest even, and
// where amax < 2^-100 the block is zero.
// Live: rsi x, rdx q, r8 d, r9 sum, rcx blocks left, r10 x and r11 y of the token, rbx tokens left,
//       those of quantize_avx512.h.
// Clobbers: rax rcx rdx rsi r8-r11 zmm0-15 zmm17-20 k2-k7. Stack: rbx and 16 bytes below. Reads past the end: none.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/quantize_avx512.h"

.macro load_x n, kz
        vmovups zmm\n\kz, [rsi + \n * 64]
.endm
.macro nothing a, b, c, d
.endm

FUNC quantize_a8_32__avx512
        push    rbx
        mov     r10, [rdi + ROW_X]
        mov     r11, [rdi + ROW_Y]
        mov     rbx, [rdi + ROW_TOKENS]
        QUANTIZE_CONSTANTS
        test    rbx, rbx
        jle     .Ldone
.Ltoken:
        mov     rsi, r10
        mov     rdx, r11
        PLANES
        QUANTIZE_ROW quantize_a8_32__avx512, load_x, nothing
        add     r10, [rdi + ROW_X_STRIDE]
        add     r11, [rdi + ROW_Y_STRIDE]
        dec     rbx
        jnz     .Ltoken
.Ldone:
        pop     rbx
        vzeroupper
        ret
ENDFUNC quantize_a8_32__avx512
