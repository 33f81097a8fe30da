// SPDX-License-Identifier: MIT
// A loop of known counts: 64 loads of 8 bytes an iteration, all of the same 512 bytes.
//
// void count_loads__asm(const struct yardstick_args *a)             rdi
//   buffer  64-byte aligned, bytes at least 1024: its first 512 bytes are read
//   sink    64 bytes, of which 8 are written: the word read last
// Counts are in kernels/exact_counts.def and checked by stepping through: change both together.
// Live: rsi buffer, rcx iterations left, rax what was read.
// Clobbers: rax rcx rsi rdi. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

FUNC count_loads__asm
        mov     rsi, [rdi + YARDSTICK_BUFFER]
        mov     rcx, [rdi + YARDSTICK_ITERATIONS]
        xor     eax, eax
        test    rcx, rcx
        jg      .Literation
.Ldone:
        mov     rdi, [rdi + YARDSTICK_SINK]
        mov     [rdi], rax
        ret
        .p2align 6
.Literation:
# LLVM-MCA-BEGIN count_loads__asm
        .set    at, 0
        .rept   64
        mov     rax, [rsi + at]
        .set    at, at + 8
        .endr
        dec     rcx
        jnz     .Literation
# LLVM-MCA-END
        jmp     .Ldone
ENDFUNC count_loads__asm
