// SPDX-License-Identifier: MIT
// Keys and values of the three KV formats as floats, AVX-512. Define one of KV_F16, KV_F32, KV_Q8_0
// before including it.
#pragma once
// clang-format off

// KV_BYTES(n): bytes of n columns, n a multiple of 16 (of 32 where a step is 32 columns).
// KV_STEP: columns of a step of the dots. KV_TAIL_BITS: columns that one of the masks k1 to k4
// names in a tail of keys.
#if defined(KV_F16)
#define KV_BYTES(n) ((n) * 2)
#define KV_STEP 16
#define KV_TAIL_BITS 8
#elif defined(KV_F32)
#define KV_BYTES(n) ((n) * 4)
#define KV_STEP 16
#define KV_TAIL_BITS 4
#elif defined(KV_Q8_0)
#define KV_BYTES(n) ((n) / 32 * 34)
#define KV_STEP 32
#endif

// Four rows a, b, c, d at byte rax + \at, 16 columns: zmm p0-p3 hold columns 0-3, 4-7, 8-11, 12-15,
// of row a in lane 0 (128 bits), of b in lane 1 and so on. q8_0: the quants, not yet times d.
.macro quad16 p0, p1, p2, p3, a, b, c, d, at=0
#if defined(KV_F16)
        quad8   \p0, \p1, \p2, \a, \b, \c, \d, \at
        quad8   \p2, \p3, 10, \a, \b, \c, \d, \at+16
#elif defined(KV_F32)
        .irp    row, \a
        vmovups xmm\p0, [\row + rax + \at]
        vmovups xmm\p1, [\row + rax + \at + 16]
        vmovups xmm\p2, [\row + rax + \at + 32]
        vmovups xmm\p3, [\row + rax + \at + 48]
        .endr
        .irp    row, \b
        vinsertf32x4 ymm\p0, ymm\p0, [\row + rax + \at], 1
        vinsertf32x4 ymm\p1, ymm\p1, [\row + rax + \at + 16], 1
        vinsertf32x4 ymm\p2, ymm\p2, [\row + rax + \at + 32], 1
        vinsertf32x4 ymm\p3, ymm\p3, [\row + rax + \at + 48], 1
        .endr
        .irp    row, \c
        vinsertf32x4 zmm\p0, zmm\p0, [\row + rax + \at], 2
        vinsertf32x4 zmm\p1, zmm\p1, [\row + rax + \at + 16], 2
        vinsertf32x4 zmm\p2, zmm\p2, [\row + rax + \at + 32], 2
        vinsertf32x4 zmm\p3, zmm\p3, [\row + rax + \at + 48], 2
        .endr
        .irp    row, \d
        vinsertf32x4 zmm\p0, zmm\p0, [\row + rax + \at], 3
        vinsertf32x4 zmm\p1, zmm\p1, [\row + rax + \at + 16], 3
        vinsertf32x4 zmm\p2, zmm\p2, [\row + rax + \at + 32], 3
        vinsertf32x4 zmm\p3, zmm\p3, [\row + rax + \at + 48], 3
        .endr
#else
        vmovdqu xmm\p0, [\a + rax + \at]
        vmovdqu xmm\p1, [\c + rax + \at]
        vpunpckhdq xmm\p2, xmm\p0, [\b + rax + \at]
        vpunpckhdq xmm\p3, xmm\p1, [\d + rax + \at]
        vpunpckldq xmm\p0, xmm\p0, [\b + rax + \at]
        vpunpckldq xmm\p1, xmm\p1, [\d + rax + \at]
        vpunpckhqdq xmm10, xmm\p0, xmm\p1
        vpunpcklqdq xmm\p0, xmm\p0, xmm\p1
        vpunpckhqdq xmm11, xmm\p2, xmm\p3
        vpunpcklqdq xmm\p2, xmm\p2, xmm\p3
        vpmovsxbd zmm\p0, xmm\p0
        vpmovsxbd zmm\p1, xmm10
        vpmovsxbd zmm\p2, xmm\p2
        vpmovsxbd zmm\p3, xmm11
        vcvtdq2ps zmm\p0, zmm\p0
        vcvtdq2ps zmm\p1, zmm\p1
        vcvtdq2ps zmm\p2, zmm\p2
        vcvtdq2ps zmm\p3, zmm\p3
#endif
.endm

#if defined(KV_F16)
// 8 columns of four rows: zmm p0, p1; t scratch.
.macro quad8 p0, p1, t, a, b, c, d, at
        vmovdqu xmm\p0, [\a + rax + \at]
        vmovdqu xmm\p1, [\b + rax + \at]
        vinserti128 ymm\p0, ymm\p0, [\c + rax + \at], 1
        vinserti128 ymm\p1, ymm\p1, [\d + rax + \at], 1
        vpunpcklqdq ymm\t, ymm\p0, ymm\p1
        vpunpckhqdq ymm\p1, ymm\p0, ymm\p1
        vcvtph2ps zmm\p0, ymm\t
        vcvtph2ps zmm\p1, ymm\p1
.endm
#endif

// The same of the columns that k1 (the first 8 of f16, the first 4 of f32) to k4 name; zeros beyond.
.macro quad16_tail p0, p1, p2, p3, a, b, c, d
#if defined(KV_F16)
        quad8_tail \p0, \p1, \p2, \a, \b, \c, \d, 0, k1
        quad8_tail \p2, \p3, 10, \a, \b, \c, \d, 16, k2
#elif defined(KV_F32)
        quad4_tail \p0, \a, \b, \c, \d, 0, k1
        quad4_tail \p1, \a, \b, \c, \d, 16, k2
        quad4_tail \p2, \a, \b, \c, \d, 32, k3
        quad4_tail \p3, \a, \b, \c, \d, 48, k4
#endif
.endm
#if defined(KV_F16)
.macro quad8_tail p0, p1, t, a, b, c, d, at, k
        vmovdqu16 xmm\p0{\k}{z}, [\a + rax + \at]
        vmovdqu16 xmm\t{\k}{z}, [\c + rax + \at]
        vinserti128 ymm\p0, ymm\p0, xmm\t, 1
        vmovdqu16 xmm\p1{\k}{z}, [\b + rax + \at]
        vmovdqu16 xmm\t{\k}{z}, [\d + rax + \at]
        vinserti128 ymm\p1, ymm\p1, xmm\t, 1
        vpunpcklqdq ymm\t, ymm\p0, ymm\p1
        vpunpckhqdq ymm\p1, ymm\p0, ymm\p1
        vcvtph2ps zmm\p0, ymm\t
        vcvtph2ps zmm\p1, ymm\p1
.endm
#elif defined(KV_F32)
.macro quad4_tail p, a, b, c, d, at, k
        vmovups xmm\p{\k}{z}, [\a + rax + \at]
        vmovups xmm10{\k}{z}, [\b + rax + \at]
        vinsertf32x4 ymm\p, ymm\p, xmm10, 1
        vmovups xmm10{\k}{z}, [\c + rax + \at]
        vinsertf32x4 zmm\p, zmm\p, xmm10, 2
        vmovups xmm10{\k}{z}, [\d + rax + \at]
        vinsertf32x4 zmm\p, zmm\p, xmm10, 3
.endm
#endif

#if defined(KV_Q8_0)
// zmm d = the scales of the block at rax of four rows, each in its lane. zmm14: SCALE_LANES.
.macro scales4 d, a, b, c, e
        vpbroadcastw xmm\d, [\a + rax]
        vpinsrw xmm\d, xmm\d, [\b + rax], 1
        vpinsrw xmm\d, xmm\d, [\c + rax], 2
        vpinsrw xmm\d, xmm\d, [\e + rax], 3
        vcvtph2ps xmm\d, xmm\d
        vpermps zmm\d, zmm14, zmm\d
.endm
#endif

// One row's columns 16 \v to 16 \v + 15 from [\row] on (a strip of whole 64s): zmm\z. \k: a mask
// suffix such as {k6}{z}, or nothing. q8_0: quants, not yet times d.
.macro load16 z, row, v, k
#if defined(KV_F16)
        vcvtph2ps zmm\z\k, [\row + \v * 32]
#elif defined(KV_F32)
        vmovups zmm\z\k, [\row + \v * 64]
#else
        vpmovsxbd zmm\z, [\row + \v / 2 * 34 + 2 + \v % 2 * 16]
        vcvtdq2ps zmm\z, zmm\z
#endif
.endm

// \k = the first \count of 16 lanes (at most all; count below 0 is not allowed). Clobbers rax.
.macro lanes_mask k, count
        mov     eax, 0xffff
        cmp     \count, 16
        jae     .Lall\@
        bzhi    rax, rax, \count
.Lall\@:
        kmovw   \k, eax
.endm

// Prefetches \bytes from [\at] on; at moves on.
.macro ahead at, bytes
        .set    line, 0
        .rept   (\bytes + 63) / 64
        prefetcht0 [\at + line]
        .set    line, line + 64
        .endr
        add     \at, \bytes
.endm

// k1-k4 = the bits of rax from 0, \by, 2 \by and 3 \by on. Clobbers rax.
.macro masks4 by
        kmovq   k1, rax
        shr     rax, \by
        kmovq   k2, rax
        shr     rax, \by
        kmovq   k3, rax
        shr     rax, \by
        kmovq   k4, rax
.endm
