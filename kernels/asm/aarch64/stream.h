// SPDX-License-Identifier: MIT
// The bodies of write_stream, copy_stream and triad. STORE is stp or stnp, which asks that what is
// written should not stay in the caches.
//
// void <op>__neon(const struct yardstick_args *a)                   x0
//   buffer  64-byte aligned, bytes a multiple of 1024, gone through `iterations` times; written
//   write_stream  all of it: every 4 bytes the iterations left
//   copy_stream   its second half: the first
//   triad         its first third: the second + 0.5 * the third, as floats; a third is
//                 bytes / 768 * 256 bytes
//   sink    64 bytes, of which 16 are written: the vector stored last
// Live: x2 where it writes, x3 end of that, x4 and x5 write and read pointers, x6 the third part,
//       x1 iterations left, x7 bytes of a part.
// Clobbers: x1-x8 v0-v7 v16-v24. Stack: none. Reads past the end: none.
#pragma once
// clang-format off

.macro stream_done
        subs    x1, x1, #1
        b.ne    .Lpass
.Ldone:
        ldr     x4, [x0, #YARDSTICK_SINK]
        str     q0, [x4]
        ret
.endm

.macro write_stream name, store
        ldr     x2, [x0, #YARDSTICK_BUFFER]
        ldr     x3, [x0, #YARDSTICK_BYTES]
        ldr     x1, [x0, #YARDSTICK_ITERATIONS]
        add     x3, x2, x3
        movi    v0.16b, #0
        cmp     x1, #0
        b.le    .Ldone
.Lpass:
        dup     v0.4s, w1
        mov     x4, x2
        .p2align 5
.Lwrite:
# LLVM-MCA-BEGIN \name
        .irp    at, 0, 32, 64, 96, 128, 160, 192, 224
        \store  q0, q0, [x4, #\at]
        .endr
        add     x4, x4, #256
        cmp     x4, x3
        b.lo    .Lwrite
# LLVM-MCA-END
        stream_done
.endm

.macro copy_stream name, store
        ldr     x8, [x0, #YARDSTICK_BUFFER]
        ldr     x7, [x0, #YARDSTICK_BYTES]
        ldr     x1, [x0, #YARDSTICK_ITERATIONS]
        lsr     x7, x7, #1
        add     x2, x8, x7
        add     x3, x2, x7
        movi    v0.16b, #0
        cmp     x1, #0
        b.le    .Ldone
.Lpass:
        mov     x4, x2
        mov     x5, x8
        .p2align 5
.Lcopy:
# LLVM-MCA-BEGIN \name
        ldp     q0, q1, [x5]
        ldp     q2, q3, [x5, #32]
        ldp     q4, q5, [x5, #64]
        ldp     q6, q7, [x5, #96]
        \store  q0, q1, [x4]
        \store  q2, q3, [x4, #32]
        \store  q4, q5, [x4, #64]
        \store  q6, q7, [x4, #96]
        add     x5, x5, #128
        add     x4, x4, #128
        cmp     x4, x3
        b.lo    .Lcopy
# LLVM-MCA-END
        stream_done
.endm

.macro triad name, store
        ldr     x7, [x0, #YARDSTICK_BYTES]
        mov     x4, #768
        udiv    x7, x7, x4
        lsl     x7, x7, #8
        ldr     x2, [x0, #YARDSTICK_BUFFER]
        add     x3, x2, x7
        ldr     x1, [x0, #YARDSTICK_ITERATIONS]
        fmov    v24.4s, #0.5
        movi    v0.16b, #0
        cmp     x1, #0
        b.le    .Ldone
.Lpass:
        mov     x4, x2
        add     x5, x2, x7
        add     x6, x5, x7
        .p2align 5
.Ltriad:
# LLVM-MCA-BEGIN \name
        .irp    at, 0, 64
        ldp     q0, q1, [x5, #\at]
        ldp     q2, q3, [x5, #\at+32]
        ldp     q16, q17, [x6, #\at]
        ldp     q18, q19, [x6, #\at + 32]
        fmla    v0.4s, v16.4s, v24.4s
        fmla    v1.4s, v17.4s, v24.4s
        fmla    v2.4s, v18.4s, v24.4s
        fmla    v3.4s, v19.4s, v24.4s
        \store  q0, q1, [x4, #\at]
        \store  q2, q3, [x4, #\at + 32]
        .endr
        add     x6, x6, #128
        add     x5, x5, #128
        add     x4, x4, #128
        cmp     x4, x3
        b.lo    .Ltriad
# LLVM-MCA-END
        stream_done
.endm
