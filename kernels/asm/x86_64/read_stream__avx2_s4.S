// SPDX-License-Identifier: MIT
// Reads a buffer as four streams at once, each a quarter of it, 32-byte loads.
//
// void read_stream__avx2_s4(const struct yardstick_args *a)         rdi
//   buffer  64-byte aligned, bytes a multiple of 1024, read `iterations` times
//   sink    64 bytes, written: the xor of all that was read
// Live: rsi buffer, rax r9 r10 r11 the four read pointers, rdx end of the first quarter,
//       r8 bytes of a quarter, rcx iterations left, ymm0-7 xor of what was read.
// Clobbers: rax rcx rdx rsi r8-r11 ymm0-7. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

FUNC read_stream__avx2_s4
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
# LLVM-MCA-BEGIN read_stream__avx2_s4
        .irp    at, 0, 64, 128, 192
        vpxor   ymm0, ymm0, [rax + \at]
        vpxor   ymm1, ymm1, [rax + \at + 32]
        vpxor   ymm2, ymm2, [r9 + \at]
        vpxor   ymm3, ymm3, [r9 + \at + 32]
        vpxor   ymm4, ymm4, [r10 + \at]
        vpxor   ymm5, ymm5, [r10 + \at + 32]
        vpxor   ymm6, ymm6, [r11 + \at]
        vpxor   ymm7, ymm7, [r11 + \at + 32]
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
        vpxor   ymm0, ymm0, ymm2
        vpxor   ymm1, ymm1, ymm3
        vpxor   ymm4, ymm4, ymm6
        vpxor   ymm5, ymm5, ymm7
        vpxor   ymm0, ymm0, ymm4
        vpxor   ymm1, ymm1, ymm5
        vmovdqa [rax], ymm0
        vmovdqa [rax + 32], ymm1
        vzeroupper
        ret
ENDFUNC read_stream__avx2_s4
