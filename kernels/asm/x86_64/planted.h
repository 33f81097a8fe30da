// SPDX-License-Identifier: MIT
// The body of planted__asm_*: effects of known size, for asking a measurement whether it finds
// them. One chain of 198 + EXTRA dependent additions an iteration, one cycle each; every sixth of
// the first 192 takes its addend from the first 256 bytes of the buffer. With dec and jnz 200 +
// EXTRA instructions, and 198 + EXTRA cycles on a core whose additions take one.
//
// void planted__asm_*(const struct yardstick_args *a)               rdi
//   buffer  64-byte aligned, bytes at least 1024: its first 256 bytes are read
//   sink    64 bytes, of which 8 are written: the sum
// Counts are in kernels/exact_counts.def and checked by stepping through: change both together.
// Live: rcx iterations left, rsi buffer, rax sum, rdx addend.
// Clobbers: rax rcx rdx rsi rdi. Stack: none. Reads past the end: none.
#pragma once
// clang-format off

.macro planted_loop name, extra
        mov     rsi, [rdi + YARDSTICK_BUFFER]
        mov     rcx, [rdi + YARDSTICK_ITERATIONS]
        xor     eax, eax
        mov     edx, 3
        test    rcx, rcx
        jg      .Literation
.Ldone:
        mov     rdi, [rdi + YARDSTICK_SINK]
        mov     [rdi], rax
        ret
        .p2align 6
.Literation:
# LLVM-MCA-BEGIN \name
        .set    at, 0
        .rept   32
        add     rax, [rsi + at]
        .rept   5
        add     rax, rdx
        .endr
        .set    at, at + 8
        .endr
        .rept   6 + \extra
        add     rax, rdx
        .endr
        dec     rcx
        jnz     .Literation
# LLVM-MCA-END
        jmp     .Ldone
.endm
