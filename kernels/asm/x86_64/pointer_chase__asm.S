// SPDX-License-Identifier: MIT
// Latency: 64 loads an iteration, each from the address that the one before gave.
//
// void pointer_chase__asm(const struct yardstick_args *a)           rdi
//   buffer  where the chase begins: a word that holds the address of the next (kernels/chase.h)
//   bytes   unused
//   sink    64 bytes, of which 8 are written: where the chase stands, the next call's `buffer`
// Live: rcx iterations left, rax address.
// Clobbers: rax rcx rdi. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

FUNC pointer_chase__asm
        mov     rax, [rdi + YARDSTICK_BUFFER]
        mov     rcx, [rdi + YARDSTICK_ITERATIONS]
        test    rcx, rcx
        jg      .Literation
.Ldone:
        mov     rdi, [rdi + YARDSTICK_SINK]
        mov     [rdi], rax
        ret
        .p2align 6
.Literation:
# LLVM-MCA-BEGIN pointer_chase__asm
        .rept   64
        mov     rax, [rax]
        .endr
        dec     rcx
        jnz     .Literation
# LLVM-MCA-END
        jmp     .Ldone
ENDFUNC pointer_chase__asm
