// SPDX-License-Identifier: MIT
// The bodies of write_stream, copy_stream and triad. REG is ymm or zmm, BYTES its width, STORE
// vmovaps or vmovntps (past the caches; a fence ends each pass).
//
// void <op>__<isa>(const struct yardstick_args *a)                  rdi
//   buffer  64-byte aligned, bytes a multiple of 1024, gone through `iterations` times; written
//   write_stream  all of it: every 4 bytes the iterations left, so that a line is never all zeros
//   copy_stream   its second half: the first
//   triad         its first third: the second + 0.5 * the third, as floats; a third is
//                 bytes / 768 * 256 bytes
//   sink    64 bytes, of which BYTES are written: the vector stored last
// Live: rsi where it writes, rdx end of that, rax and r8 write and read pointers, r9 the third
// part,
//       rcx iterations left, r10 bytes of a part.
// Clobbers: rax rcx rdx rsi r8-r10, vectors 0-8. Stack: none. Reads past the end: none.
#pragma once
// clang-format off

.macro stream_done reg, store
        dec     rcx
        jnz     .Lpass
.ifc \store, vmovntps
        sfence
.endif
.Ldone:
        mov     rax, [rdi + YARDSTICK_SINK]
        vmovups [rax], \reg\()0
        vzeroupper
        ret
.endm

.macro write_stream name, reg, bytes, store
        mov     rsi, [rdi + YARDSTICK_BUFFER]
        mov     rdx, [rdi + YARDSTICK_BYTES]
        mov     rcx, [rdi + YARDSTICK_ITERATIONS]
        add     rdx, rsi
        vpxor   xmm0, xmm0, xmm0
        test    rcx, rcx
        jle     .Ldone
.Lpass:
        vmovd   xmm0, ecx
        vpbroadcastd \reg\()0, xmm0
        mov     rax, rsi
        .p2align 5
.Lwrite:
# LLVM-MCA-BEGIN \name
        .set    at, 0
        .rept   512 / \bytes
        \store  [rax + at], \reg\()0
        .set    at, at + \bytes
        .endr
        add     rax, 512
        cmp     rax, rdx
        jb      .Lwrite
# LLVM-MCA-END
        stream_done \reg, \store
.endm

.macro copy_stream name, reg, bytes, store
        mov     rsi, [rdi + YARDSTICK_BUFFER]
        mov     r10, [rdi + YARDSTICK_BYTES]
        mov     rcx, [rdi + YARDSTICK_ITERATIONS]
        shr     r10, 1
        add     rsi, r10
        lea     rdx, [rsi + r10]
        vpxor   xmm0, xmm0, xmm0
        test    rcx, rcx
        jle     .Ldone
.Lpass:
        mov     rax, rsi
        mov     r8, [rdi + YARDSTICK_BUFFER]
        .p2align 5
.Lcopy:
# LLVM-MCA-BEGIN \name
        .set    at, 0
        .rept   128 / \bytes
        vmovaps \reg\()0, [r8 + at]
        vmovaps \reg\()1, [r8 + at + \bytes]
        vmovaps \reg\()2, [r8 + at + 2 * \bytes]
        vmovaps \reg\()3, [r8 + at + 3 * \bytes]
        \store  [rax + at], \reg\()0
        \store  [rax + at + \bytes], \reg\()1
        \store  [rax + at + 2 * \bytes], \reg\()2
        \store  [rax + at + 3 * \bytes], \reg\()3
        .set    at, at + 4 * \bytes
        .endr
        add     r8, 512
        add     rax, 512
        cmp     rax, rdx
        jb      .Lcopy
# LLVM-MCA-END
        stream_done \reg, \store
.endm

.macro triad name, reg, bytes, store
        mov     rax, [rdi + YARDSTICK_BYTES]
        xor     edx, edx
        mov     ecx, 768
        div     rcx
        shl     rax, 8
        mov     r10, rax
        mov     rsi, [rdi + YARDSTICK_BUFFER]
        lea     rdx, [rsi + r10]
        mov     rcx, [rdi + YARDSTICK_ITERATIONS]
        mov     eax, 0x3f000000                 // 0.5
        vmovd   xmm8, eax
        vbroadcastss \reg\()8, xmm8
        vpxor   xmm0, xmm0, xmm0
        test    rcx, rcx
        jle     .Ldone
.Lpass:
        mov     rax, rsi
        lea     r8, [rsi + r10]
        lea     r9, [r8 + r10]
        .p2align 5
.Ltriad:
# LLVM-MCA-BEGIN \name
        .set    at, 0
        .rept   256 / \bytes
        vmovaps \reg\()0, [r9 + at]
        vfmadd213ps \reg\()0, \reg\()8, [r8 + at]
        \store  [rax + at], \reg\()0
        .set    at, at + \bytes
        .endr
        add     r9, 256
        add     r8, 256
        add     rax, 256
        cmp     rax, rdx
        jb      .Ltriad
# LLVM-MCA-END
        stream_done \reg, \store
.endm
