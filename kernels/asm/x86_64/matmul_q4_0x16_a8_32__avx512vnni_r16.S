// SPDX-License-Identifier: MIT
// y[t][r] = sum over c of w[r][c] * x[t][c] for 1 to 32 tokens, q4_0x16 by a8_32: 16 rows at once, a
// lane is a row. The layout has them in this order: one linear stream, nothing to transpose.
//
// void matmul_q4_0x16_a8_32__avx512vnni_r16(const struct matmul_args *a)      rdi
//   y  [tokens][rows] float, written    x  [tokens] a8_32 planes
//   w  groups of 16 rows (kernels/layouts.def) of [cols/32] of
//      { uint8 q[4][16][4]; f16 d[16] } = 288 bytes; w_stride is ignored
//   rows any (of the last group those that are there), cols a multiple of 32, tokens 1-32
//   scratch  x in reading order (a8_32_r16.h); the dot takes the nibble, q + 8, as its unsigned operand
// Live: rsi w, prefetched 8 KiB ahead into L2 (it never faults). The rest, the stack and what is clobbered:
// a8_32_r16.h. Reads past the end: none.
#define SUM_SHIFT 3
#define LOCALS 0
#define PREFETCH_BYTES 8192
#include "kernels/asm/x86_64/a8_32_r16.h"

.macro unpack tokens
.irp at, 0, 64, 128, 192, 256
        prefetcht2 [rsi + PREFETCH_BYTES + \at]
.endr
        mov     eax, 0x0f0f0f0f
        vpbroadcastd zmm15, eax
.irp c, 0, 1, 2, 3
        vmovdqu64 zmm\c, [rsi + 64 * \c]
.endr
        vpsrlw  zmm4, zmm0, 4
        vpsrlw  zmm5, zmm1, 4
        vpsrlw  zmm6, zmm2, 4
        vpsrlw  zmm7, zmm3, 4
.irp c, 0, 1, 2, 3, 4, 5, 6, 7
        vpandd  zmm\c, zmm\c, zmm15
.endr
        vcvtph2ps zmm8, [rsi + 256]
        add     rsi, 288
.endm

.macro group
        mov     rdi, [rsp + 8 + ARGS]
        mov     rdi, [rdi + MATMUL_SCRATCH]
        mov     rbx, r12
        mov     rsi, r14
        mov     eax, 0xffff
        cmp     r11, 16
        jge     .Lwhole
        xor     ecx, ecx
        test    r11, r11
        cmovle  r11, rcx
        bzhi    eax, eax, r11d
.Lwhole:
        kmovd   k1, eax
        test    r11, r11
.endm

.macro go_on
        mov     r14, rsi                // groups follow each other
.endm

FUNC matmul_q4_0x16_a8_32__avx512vnni_r16
        matmul_r16 matmul_q4_0x16_a8_32__avx512vnni_r16
ENDFUNC matmul_q4_0x16_a8_32__avx512vnni_r16
