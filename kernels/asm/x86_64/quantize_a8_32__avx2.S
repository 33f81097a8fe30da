// SPDX-License-Identifier: MIT
// y = the a8_32 planes of x: for each 32 columns d = amax / 127, q = round(x * (127 / amax)), sum
// of q.
//
// void quantize_a8_32__avx2(const struct row_args *a)               rdi
//   x  [tokens][cols] float             cols a multiple of 32, tokens any
//   y  [tokens] planes: int8 q[cols], float d[cols/32], int32 sum[cols/32], each 64-byte aligned
// Pinned to the last bit (kernels/ops.def): both divisions in float, round to nearest even, and
// where amax < 2^-100 the block is zero.
// Live: rsi x, rdx q, r8 d, r9 sum, rcx blocks left, r10 x and r11 y of the token, rax tokens left,
//       ymm0-3 the block, ymm14 lanes in order, xmm13 127, xmm12 2^-100, ymm15 |.| mask.
// Clobbers: rax rcx rdx rsi r8-r11 ymm0-8 ymm12-15. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/quantize_avx2.h"

FUNC quantize_a8_32__avx2
        mov     r10, [rdi + ROW_X]
        mov     r11, [rdi + ROW_Y]
        mov     rax, [rdi + ROW_TOKENS]
        test    rax, rax
        jle     .Ldone
        QUANTIZE_CONSTANTS
.Ltoken:
        mov     rsi, r10
        mov     rdx, r11
        PLANES
        test    rcx, rcx
        jz      .Lnext
        .p2align 5
.Lblock:
# LLVM-MCA-BEGIN quantize_a8_32__avx2
        vmovups ymm0, [rsi]
        vmovups ymm1, [rsi + 32]
        vmovups ymm2, [rsi + 64]
        vmovups ymm3, [rsi + 96]
        QUANTIZE_BLOCK
        sub     rsi, -128
        dec     rcx
        jnz     .Lblock
# LLVM-MCA-END
.Lnext:
        add     r10, [rdi + ROW_X_STRIDE]
        add     r11, [rdi + ROW_Y_STRIDE]
        dec     rax
        jnz     .Ltoken
.Ldone:
        vzeroupper
        ret
ENDFUNC quantize_a8_32__avx2
