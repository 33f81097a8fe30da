// SPDX-License-Identifier: MIT
// Reads a buffer as four streams at once, each a quarter of it, 64-byte loads.
//
// void read_stream__avx512_s4(const struct yardstick_args *a)       rdi
//   buffer  64-byte aligned, bytes a multiple of 1024, read `iterations` times
//   sink    64 bytes, written: the xor of all that was read
// Live: rsi buffer, rax r9 r10 r11 the four read pointers, rdx end of the first quarter,
//       r8 bytes of a quarter, rcx iterations left, zmm0-7 xor of what was read.
// Clobbers: rax rcx rdx rsi r8-r11 zmm0-7. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

FUNC read_stream__avx512_s4
        mov     rsi, [rdi + YARDSTICK_BUFFER]
        mov     r8, [rdi + YARDSTICK_BYTES]
        mov     rcx, [rdi + YARDSTICK_ITERATIONS]
        shr     r8, 2
        lea     rdx, [rsi + r8]
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7
        vpxor   xmm\n, xmm\n, xmm\n
        .endr
        test    rcx, rcx
        jle     .Ldone
.Lpass:
        mov     rax, rsi
        lea     r9, [rax + r8]
        lea     r10, [r9 + r8]
        lea     r11, [r10 + r8]
        cmp     rax, rdx
        jae     .Lpass_end
        .p2align 5
.Lread:
# LLVM-MCA-BEGIN read_stream__avx512_s4
        .irp    at, 0, 128
        vpxorq  zmm0, zmm0, [rax + \at]
        vpxorq  zmm1, zmm1, [rax + \at + 64]
        vpxorq  zmm2, zmm2, [r9 + \at]
        vpxorq  zmm3, zmm3, [r9 + \at + 64]
        vpxorq  zmm4, zmm4, [r10 + \at]
        vpxorq  zmm5, zmm5, [r10 + \at + 64]
        vpxorq  zmm6, zmm6, [r11 + \at]
        vpxorq  zmm7, zmm7, [r11 + \at + 64]
        .endr
        add     rax, 256
        add     r9, 256
        add     r10, 256
        add     r11, 256
        cmp     rax, rdx
        jb      .Lread
# LLVM-MCA-END
.Lpass_end:
        dec     rcx
        jnz     .Lpass
.Ldone:
        mov     rax, [rdi + YARDSTICK_SINK]
        vpternlogq zmm0, zmm1, zmm2, 0x96       // xor of three
        vpternlogq zmm3, zmm4, zmm5, 0x96
        vpternlogq zmm0, zmm6, zmm7, 0x96
        vpxorq  zmm0, zmm0, zmm3
        vmovdqa64 [rax], zmm0
        vzeroupper
        ret
ENDFUNC read_stream__avx512_s4
