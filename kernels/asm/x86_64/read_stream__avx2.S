// SPDX-License-Identifier: MIT
// Reads a buffer front to back, one stream of 32-byte loads, no software prefetch.
//
// void read_stream__avx2(const struct yardstick_args *a)            rdi
//   buffer  64-byte aligned, bytes a multiple of 1024, read `iterations` times
//   sink    64 bytes, written: the xor of all that was read
// Live: rsi buffer, rax read pointer, rdx end, rcx iterations left, ymm0-7 xor of what was read.
// Clobbers: rax rcx rdx rsi ymm0-7. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

FUNC read_stream__avx2
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
        .p2align 5
.Lread:
# LLVM-MCA-BEGIN read_stream__avx2
        .set    at, 0
        .rept   4
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7
        vpxor   ymm\n, ymm\n, [rax + at]
        .set    at, at + 32
        .endr
        .endr
        add     rax, 1024
        cmp     rax, rdx
        jb      .Lread
# LLVM-MCA-END
        jmp     .Lpass_end
ENDFUNC read_stream__avx2
