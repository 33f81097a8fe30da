// SPDX-License-Identifier: MIT
// What every .S file shares: sections, visibility, control-flow protection, notes. Use:
//     #include "kernels/asm/asm.h"
//     FUNC name … ENDFUNC name
#pragma once
// clang-format off
#include "args_offsets.h" // written at build time by kernels/args_offsets.c

#if defined(__x86_64__)
.intel_syntax noprefix
.macro FUNC name
        .text
        .p2align 6
        .globl \name
        .hidden \name
        .type \name, @function
\name:
#if defined(__CET__) && (__CET__ & 1)
        endbr64
#endif
.endm
.macro ENDFUNC name
        .size \name, . - \name
.endm
#if defined(__CET__)
        // GNU property: this object supports IBT and SHSTK.
        .pushsection .note.gnu.property, "a"
        .p2align 3
        .long 4, 16, 5
        .asciz "GNU"
        .long 0xc0000002, 4, 3, 0
        .popsection
#endif
#elif defined(__aarch64__)
.macro FUNC name
        .text
        .p2align 6
        .globl \name
        .hidden \name
        .type \name, %function
\name:
        bti     c
.endm
.macro ENDFUNC name
        .size \name, . - \name
.endm
        .arch armv8.2-a+dotprod+fp16
        .pushsection .note.gnu.property, "a"
        .p2align 3
        .long 4, 16, 5
        .asciz "GNU"
        .long 0xc0000000, 4, 1, 0
        .popsection
#endif
        .section .note.GNU-stack, "", %progbits
        .text
