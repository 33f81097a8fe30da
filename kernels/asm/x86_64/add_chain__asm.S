// SPDX-License-Identifier: MIT
// A clock: 64 additions an iteration, each waiting for the one before, one cycle each. The addend
// is a register: some cores fold additions of small constants away before they are executed.
//
// void add_chain__asm(const struct yardstick_args *a)               rdi
//   buffer, bytes unused
//   sink  64 bytes, of which 8 are written: the sum
// Live: rcx iterations left, rax sum, rdx addend.
// Clobbers: rax rcx rdx. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

FUNC add_chain__asm
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
# LLVM-MCA-BEGIN add_chain__asm
        .rept   64
        add     rax, rdx
        .endr
        dec     rcx
        jnz     .Literation
# LLVM-MCA-END
        jmp     .Ldone
ENDFUNC add_chain__asm
