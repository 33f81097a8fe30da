// SPDX-License-Identifier: MIT
// A tile of six rows for attention_avx512_many.h: scores, softmax, weighted sums. rdi args, rbx
// exp's constants, rsp the frame of attention_tile.h. Row r's vector v of sums is zmm(8 + 4 r + v).
#pragma once
// clang-format off

// Row \r += \value (a float in memory) times zmm0-3.
.macro row_add vectors, value, a, b, c, d
        vbroadcastss zmm4, \value
        vfmadd231ps zmm\a, zmm4, zmm0
        .if     \vectors > 1
        vfmadd231ps zmm\b, zmm4, zmm1
        .endif
        .if     \vectors > 2
        vfmadd231ps zmm\c, zmm4, zmm2
        vfmadd231ps zmm\d, zmm4, zmm3
        .endif
.endm
// zmm0-3 = \vectors vectors at [\at], and the sums are cleared with \clear.
.macro tile_load vectors, at
        vmovaps zmm0, [\at]
        .if     \vectors > 1
        vmovaps zmm1, [\at + 64]
        .endif
        .if     \vectors > 2
        vmovaps zmm2, [\at + 128]
        vmovaps zmm3, [\at + 192]
        .endif
.endm
.macro tile_clear
        .irp    n, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19
        vpxord  xmm\n, xmm\n, xmm\n
        .endr
        .irp    n, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
        vpxord  xmm\n, xmm\n, xmm\n
        .endr
.endm

// SCORES (rbp) = scale * the rows r8-r13 times the transposed keys at rsi, for 16 \vectors keys; rcx
// columns. Clobbers rax rsi.
.macro dots6x64 vectors
        tile_clear
        xor     eax, eax
        .p2align 5
.Lcolumn\@:
# LLVM-MCA-BEGIN scores@v\vectors
        tile_load \vectors, rsi
        row_add \vectors, [r8+rax*4], 8, 9, 10, 11
        row_add \vectors, [r9+rax*4], 12, 13, 14, 15
        row_add \vectors, [r10+rax*4], 16, 17, 18, 19
        row_add \vectors, [r11+rax*4], 20, 21, 22, 23
        row_add \vectors, [r12+rax*4], 24, 25, 26, 27
        row_add \vectors, [r13+rax*4], 28, 29, 30, 31
        add     rsi, 4 * KEYS
        inc     rax
        cmp     rax, rcx
        jb      .Lcolumn\@
# LLVM-MCA-END
        vcvtsd2ss xmm0, xmm0, [rdi + ATTENTION_SCALE]
        vbroadcastss zmm0, xmm0
        .irp    n, 8, 12, 16, 20, 24, 28
        vmulps  zmm\n, zmm\n, zmm0
        vmovaps [rbp + (\n - 8) * KEYS], zmm\n
        .endr
        .if     \vectors > 1
        .irp    n, 9, 13, 17, 21, 25, 29
        vmulps  zmm\n, zmm\n, zmm0
        vmovaps [rbp + (\n - 9) * KEYS + 64], zmm\n
        .endr
        .endif
        .if     \vectors > 2
        .irp    n, 10, 14, 18, 22, 26, 30
        vmulps  zmm\n, zmm\n, zmm0
        vmovaps [rbp + (\n - 10) * KEYS + 128], zmm\n
        .endr
        .irp    n, 11, 15, 19, 23, 27, 31
        vmulps  zmm\n, zmm\n, zmm0
        vmovaps [rbp + (\n - 11) * KEYS + 192], zmm\n
        .endr
        .endif
.endm

.macro over16 op, x, t
        vshuff32x4 zmm\t, zmm\x, zmm\x, 0x4e
        \op     zmm\x, zmm\x, zmm\t
        vshuff32x4 zmm\t, zmm\x, zmm\x, 0xb1
        \op     zmm\x, zmm\x, zmm\t
        vpermilps zmm\t, zmm\x, 0x4e
        \op     zmm\x, zmm\x, zmm\t
        vpermilps zmm\t, zmm\x, 0xb1
        \op     zmm\x, zmm\x, zmm\t
.endm

// zmm0-3 = row r15's scores at [rsi], -inf outside [LO, HI); k1-k4 = that range. A row that sees
// nothing jumps to \next. Clobbers rax rcx rdx zmm7.
.macro visible_of_row next
        mov     rax, [rsp + LO + r15 * 8]
        mov     rcx, [rsp + HI + r15 * 8]
        cmp     rax, rcx
        jge     \next
        mov     rdx, -1
        cmp     rcx, 64
        jae     1f
        bzhi    rdx, rdx, rcx
1:      mov     rcx, -1
        bzhi    rax, rcx, rax
        andn    rax, rax, rdx           // visible keys
        masks4  16
        mov     eax, 0xff800000
        vpbroadcastd zmm7, eax
        vblendmps zmm0{k1}, zmm7, [rsi]
        vblendmps zmm1{k2}, zmm7, [rsi + 64]
        vblendmps zmm2{k3}, zmm7, [rsi + 128]
        vblendmps zmm3{k4}, zmm7, [rsi + 192]
.endm

// Each row's scores in [LO, HI) become exp(s - m), the others 0; m, l and FACTOR follow. A row that
// sees nothing is left out. Clobbers rax rcx rdx rsi r8 r15 zmm0-12 k1-k7.
.macro tile_softmax
        mov     rsi, SCORES
        xor     r15d, r15d
        vxorpd  xmm12, xmm12, xmm12
        vcvtsd2ss xmm12, xmm12, [rdi + ATTENTION_SOFTCAP]
        vbroadcastss zmm12, xmm12
.Lrow\@:
        visible_of_row .Lnext\@
        vxorps  xmm4, xmm4, xmm4
        vucomiss xmm12, xmm4
        jbe     .Lcapped\@
        cap16   0, k1
        cap16   1, k2
        cap16   2, k3
        cap16   3, k4
.Lcapped\@:
        mov     rdx, [rsp + M_AT + r15 * 8]
        mov     r8, [rsp + L_AT + r15 * 8]
        vmaxps  zmm4, zmm0, zmm1
        vmaxps  zmm5, zmm2, zmm3
        vmaxps  zmm4, zmm4, zmm5
        vbroadcastss zmm5, [rdx]
        over16  vmaxps, 4, 6
        vmaxps  zmm4, zmm4, zmm5
        vmovss  [rdx], xmm4
        vsubps  zmm5, zmm5, zmm4
        .irp    n, 0, 1, 2, 3
        vsubps  zmm\n, zmm\n, zmm4
        .endr
        exp16   rbx, zmm0, zmm6, zmm7, k5
        exp16   rbx, zmm1, zmm8, zmm9, k6
        exp16   rbx, zmm2, zmm6, zmm7, k5
        exp16   rbx, zmm3, zmm8, zmm9, k6
        exp16   rbx, zmm5, zmm10, zmm11, k7
        .irp    n, 0, 1, 2, 3
        vmovaps [rsi + 64 * \n], zmm\n
        .endr
        vaddps  zmm0, zmm0, zmm1
        vaddps  zmm2, zmm2, zmm3
        vaddps  zmm0, zmm0, zmm2
        vmovss  [rsp + FACTOR + r15 * 4], xmm5
        over16  vaddps, 0, 1
        vfmadd231ss xmm0, xmm5, [r8]
        vmovss  [r8], xmm0
.Lnext\@:
        add     rsi, 4 * KEYS
        inc     r15
        cmp     r15, ROWS
        jl      .Lrow\@
.endm
// softcap * tanh(x / softcap) where \k is set. zmm12 softcap.
.macro cap16 x, k
        vdivps  zmm\x{\k}, zmm\x, zmm12
        vmovaps zmm4, zmm\x
        tanh16  rbx, zmm4, zmm5, zmm6, zmm8, zmm9, k7
        vmulps  zmm\x{\k}, zmm4, zmm12
.endm

// One strip of 16 \vectors columns (1: masked) of the weighted sums, for as many keys as the last
// row sees, and acc = acc * factor + sums. r12 byte of acc and of the strip, r13 columns left.
// Clobbers rax rcx rdx rsi r8 r15 zmm0-31 k1.
.macro sums6x64 vectors
        tile_clear
        mov     rsi, VALUES_AT
        mov     rax, SCORES
        mov     rcx, V_ROW
        mov     rdx, ROWS
        mov     rdx, [rsp + HI + rdx * 8 - 8]
        lea     rdx, [rax + rdx * 4]
        .p2align 5
.Lvalue\@:
# LLVM-MCA-BEGIN weigh@v\vectors
        tile_load \vectors, rsi
        row_add \vectors, [rax], 8, 9, 10, 11
        row_add \vectors, [rax+4*KEYS], 12, 13, 14, 15
        row_add \vectors, [rax+8*KEYS], 16, 17, 18, 19
        row_add \vectors, [rax+12*KEYS], 20, 21, 22, 23
        row_add \vectors, [rax+16*KEYS], 24, 25, 26, 27
        row_add \vectors, [rax+20*KEYS], 28, 29, 30, 31
        add     rsi, rcx
        add     rax, 4
        cmp     rax, rdx
        jb      .Lvalue\@
# LLVM-MCA-END
        .if     \vectors == 1
        mov     eax, -1
        bzhi    eax, eax, r13d
        kmovw   k1, eax
        .endif
        row_store \vectors, 0, 8, 9, 10, 11
        row_store \vectors, 1, 12, 13, 14, 15
        row_store \vectors, 2, 16, 17, 18, 19
        row_store \vectors, 3, 20, 21, 22, 23
        row_store \vectors, 4, 24, 25, 26, 27
        row_store \vectors, 5, 28, 29, 30, 31
9:      add     qword ptr VALUES_AT, 64 * \vectors
        add     r12, 64 * \vectors
        sub     r13, 16 * \vectors
.endm
.macro row_store vectors, r, a, b, c, d
        .if     \r > 0
        cmp     qword ptr ROWS, \r
        jle     9f
        .endif
        mov     rax, [rsp + LO + 8 * \r]
        cmp     rax, [rsp + HI + 8 * \r]
        jge     1f                      // sees nothing here: its state stays as it is
        vbroadcastss zmm4, [rsp + FACTOR + 4 * \r]
        mov     rax, [rsp + ACC_ROW + 8 * \r]
        .if     \vectors == 1
        vmovups zmm5{k1}{z}, [rax + r12]
        vfmadd231ps zmm\a, zmm4, zmm5
        vmovups [rax + r12]{k1}, zmm\a
        .else
        vfmadd231ps zmm\a, zmm4, [rax + r12]
        vfmadd231ps zmm\b, zmm4, [rax + r12 + 64]
        vmovups [rax + r12], zmm\a
        vmovups [rax + r12 + 64], zmm\b
        .endif
        .if     \vectors > 2
        vfmadd231ps zmm\c, zmm4, [rax + r12 + 128]
        vfmadd231ps zmm\d, zmm4, [rax + r12 + 192]
        vmovups [rax + r12 + 128], zmm\c
        vmovups [rax + r12 + 192], zmm\d
        .endif
1:
.endm
