// SPDX-License-Identifier: MIT
// Reads a buffer as four streams at once, each a quarter of it.
//
// void read_stream__neon_s4(const struct yardstick_args *a)         x0
//   buffer  64-byte aligned, bytes a multiple of 1024, read `iterations` times
//   sink    64 bytes, of which 16 are written: the xor of all that was read
// Live: x2 buffer, x4-x7 the four read pointers, x8 bytes of a quarter, x3 end of the first, x1 iterations left, v0-v7 xor of what was read, v16-v31 the
//   bytes read.
// Clobbers: x1-x8 v0-v7 v16-v31. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

FUNC read_stream__neon_s4
        ldr     x2, [x0, #YARDSTICK_BUFFER]
        ldr     x3, [x0, #YARDSTICK_BYTES]
        ldr     x1, [x0, #YARDSTICK_ITERATIONS]
        lsr     x8, x3, #2
        add     x3, x2, x8
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7
        movi    v\n\().16b, #0
        .endr
        cmp     x1, #0
        b.le    .Ldone
.Lpass:
        mov     x4, x2
        add     x5, x4, x8
        add     x6, x5, x8
        add     x7, x6, x8
        .p2align 5
.Lread:
# LLVM-MCA-BEGIN read_stream__neon_s4
        ldp     q16, q17, [x4]
        ldp     q24, q25, [x4, #32]
        ldp     q18, q19, [x5]
        ldp     q26, q27, [x5, #32]
        ldp     q20, q21, [x6]
        ldp     q28, q29, [x6, #32]
        ldp     q22, q23, [x7]
        ldp     q30, q31, [x7, #32]
        eor     v0.16b, v0.16b, v16.16b
        eor     v1.16b, v1.16b, v17.16b
        eor     v2.16b, v2.16b, v18.16b
        eor     v3.16b, v3.16b, v19.16b
        eor     v4.16b, v4.16b, v20.16b
        eor     v5.16b, v5.16b, v21.16b
        eor     v6.16b, v6.16b, v22.16b
        eor     v7.16b, v7.16b, v23.16b
        eor     v0.16b, v0.16b, v24.16b
        eor     v1.16b, v1.16b, v25.16b
        eor     v2.16b, v2.16b, v26.16b
        eor     v3.16b, v3.16b, v27.16b
        eor     v4.16b, v4.16b, v28.16b
        eor     v5.16b, v5.16b, v29.16b
        eor     v6.16b, v6.16b, v30.16b
        eor     v7.16b, v7.16b, v31.16b
        .irp    n, 4, 5, 6, 7
        add     x\n, x\n, #64
        .endr
        cmp     x4, x3
        b.lo    .Lread
# LLVM-MCA-END
        subs    x1, x1, #1
        b.ne    .Lpass
.Ldone:
        .irp    n, 1, 2, 3, 4, 5, 6, 7
        eor     v0.16b, v0.16b, v\n\().16b
        .endr
        ldr     x4, [x0, #YARDSTICK_SINK]
        str     q0, [x4]
        ret
ENDFUNC read_stream__neon_s4
