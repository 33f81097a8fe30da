// SPDX-License-Identifier: MIT
// Reads a buffer front to back, one stream of 32-byte pairs of loads, prefetched 4 KiB ahead.
//
// void read_stream__neon_pf(const struct yardstick_args *a)         x0
//   buffer  64-byte aligned, bytes a multiple of 1024, read `iterations` times
//   sink    64 bytes, of which 16 are written: the xor of all that was read
// Prefetches reach past the end of the buffer: they never fault.
// Live: x2 buffer, x4 read pointer, x3 end, x1 iterations left, v0-v7 xor of what was read, v16-v23 the
//   bytes read.
// Clobbers: x1-x8 v0-v7 v16-v23. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

FUNC read_stream__neon_pf
        ldr     x2, [x0, #YARDSTICK_BUFFER]
        ldr     x3, [x0, #YARDSTICK_BYTES]
        ldr     x1, [x0, #YARDSTICK_ITERATIONS]
        add     x3, x2, x3
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7
        movi    v\n\().16b, #0
        .endr
        cmp     x1, #0
        b.le    .Ldone
.Lpass:
        mov     x4, x2
        .p2align 5
.Lread:
# LLVM-MCA-BEGIN read_stream__neon_pf
        prfm    pldl1keep, [x4, #4096]
        prfm    pldl1keep, [x4, #4160]
        ldp     q16, q17, [x4, #0]
        ldp     q18, q19, [x4, #32]
        ldp     q20, q21, [x4, #64]
        ldp     q22, q23, [x4, #96]
        eor     v0.16b, v0.16b, v16.16b
        eor     v1.16b, v1.16b, v17.16b
        eor     v2.16b, v2.16b, v18.16b
        eor     v3.16b, v3.16b, v19.16b
        eor     v4.16b, v4.16b, v20.16b
        eor     v5.16b, v5.16b, v21.16b
        eor     v6.16b, v6.16b, v22.16b
        eor     v7.16b, v7.16b, v23.16b
        add     x4, x4, #128
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
ENDFUNC read_stream__neon_pf
