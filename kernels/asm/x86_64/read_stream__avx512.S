// SPDX-License-Identifier: MIT
// Reads a buffer front to back, one stream of 64-byte loads, no software prefetch.
//
// void read_stream__avx512(const struct yardstick_args *a)         rdi
//   buffer  64-byte aligned, bytes a multiple of 1024, read `iterations` times
//   sink    64 bytes, written: the xor of all that was read
// Live: rsi buffer, rax read pointer, rdx end, rcx iterations left, zmm0-7 xor of what was read.
// Clobbers: rax rcx rdx rsi zmm0-7. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

FUNC read_stream__avx512
        mov     rsi, [rdi + YARDSTICK_BUFFER]
        mov     rdx, [rdi + YARDSTICK_BYTES]
        mov     rcx, [rdi + YARDSTICK_ITERATIONS]
        add     rdx, rsi
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7
        vpxor   xmm\n, xmm\n, xmm\n
        .endr
        test    rcx, rcx
        jle     .Ldone
.Lpass:
        mov     rax, rsi
        cmp     rax, rdx
        jb      .Lread
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
        .p2align 5
.Lread:
# LLVM-MCA-BEGIN read_stream__avx512
        .set    at, 0
        .rept   2
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7
        vpxorq  zmm\n, zmm\n, [rax + at]
        .set    at, at + 64
        .endr
        .endr
        add     rax, 1024
        cmp     rax, rdx
        jb      .Lread
# LLVM-MCA-END
        jmp     .Lpass_end
ENDFUNC read_stream__avx512
