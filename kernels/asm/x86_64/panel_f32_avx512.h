// SPDX-License-Identifier: MIT
// The body of panel_{f32, f16, bf16}_f32__avx512: 16 rows by 16 columns at a time, transposed in
// registers; and of panel_bf16_bf16__avx512, whose elements are pairs of columns. The file that
// includes it defines before
//   WEIGHT_BYTES                bytes of an element
//   PAIRS                       defined: an element is two bf16, k1 has their halves
//   load_row zmm, ymm, address  macro: 16 elements of a row as floats, those that k1 has, else 0
// and has `pack_f32` as the body of its function. Missing rows are read as the last one (their
// pointers are clamped) and masked to 0 on the way out. Live: rdi panel, rbx byte of the column in
// a row, rcx columns left, rdx w of the group's row 0, r8
//       w_stride, r9 rows left, r10 cols, rsp[16] the row pointers. zmm0-15 quads (4 * (row / 4) +
//       column % 4, lane = column / 4), then columns; zmm16-23 rows and pairs; k1 columns, k2 rows.
// Clobbers: rax rcx rdx rsi rdi r8-r11 zmm0-23 k1 k2. Stack: rbx, 128 bytes. Reads past the end:
//       none.
#pragma once
// clang-format off
#include "kernels/asm/asm.h"

.macro load_at to, row
        mov     rax, [rsp + 8 * (\row)]
        load_row zmm\to, ymm\to, rax+rbx
.endm

// Rows row..row+3 -> zmm a..d: columns 0, 1, 2, 3 of each lane's four, of the four rows
.macro quad row, a, b, c, d
        load_at 16, \row
        load_at 17, \row+1
        load_at 18, \row+2
        load_at 19, \row+3
        vunpcklps zmm20, zmm16, zmm17
        vunpckhps zmm21, zmm16, zmm17
        vunpcklps zmm22, zmm18, zmm19
        vunpckhps zmm23, zmm18, zmm19
        vunpcklpd zmm\a, zmm20, zmm22
        vunpckhpd zmm\b, zmm20, zmm22
        vunpcklpd zmm\c, zmm21, zmm23
        vunpckhpd zmm\d, zmm21, zmm23
.endm

// Columns j, j+4, j+8, j+12 of the four quads -> zmm a..d, whole columns
.macro lanes a, b, c, d
        vshuff32x4 zmm16, zmm\a, zmm\b, 0x44
        vshuff32x4 zmm17, zmm\a, zmm\b, 0xee
        vshuff32x4 zmm18, zmm\c, zmm\d, 0x44
        vshuff32x4 zmm19, zmm\c, zmm\d, 0xee
        vshuff32x4 zmm\a{k2}{z}, zmm16, zmm18, 0x88
        vshuff32x4 zmm\b{k2}{z}, zmm16, zmm18, 0xdd
        vshuff32x4 zmm\c{k2}{z}, zmm17, zmm19, 0x88
        vshuff32x4 zmm\d{k2}{z}, zmm17, zmm19, 0xdd
.endm

.macro transpose
        quad    0, 0, 1, 2, 3
        quad    4, 4, 5, 6, 7
        quad    8, 8, 9, 10, 11
        quad    12, 12, 13, 14, 15
        lanes   0, 4, 8, 12
        lanes   1, 5, 9, 13
        lanes   2, 6, 10, 14
        lanes   3, 7, 11, 15
.endm

.macro pack_f32
        push    rbx
        sub     rsp, 128
        mov     rdx, [rdi + PANEL_W]
        mov     r8, [rdi + PANEL_W_STRIDE]
        mov     r9, [rdi + PANEL_ROWS]
        mov     r10, [rdi + PANEL_COLS]
#ifdef PAIRS
        mov     r11d, r10d
        and     r11d, 1                 // the last pair may be half one: never whole in memory
        shr     r10, 1
#endif
        mov     rdi, [rdi + PANEL_PANEL]
.Lgroup:
        test    r9, r9
        jle     .Ldone
        mov     eax, 16
        cmp     r9, rax
        cmovl   rax, r9
        mov     esi, -1
        bzhi    esi, esi, eax
        kmovw   k2, esi
        xor     ecx, ecx
.Lpointer:
        mov     [rsp + rcx * 8], rdx
        lea     rsi, [rdx + r8]
        inc     rcx
        cmp     rcx, r9
        cmovl   rdx, rsi
        cmp     ecx, 16
        jl      .Lpointer
        xor     ebx, ebx
        mov     rcx, r10
        kxnord  k1, k1, k1
        sub     rcx, 16
        jl      .Ltail
        .p2align 5
.Lcolumns:
# LLVM-MCA-BEGIN pack_f32
        transpose
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        vmovaps [rdi + 64 * \n], zmm\n
        .endr
        add     rdi, 1024
        add     rbx, 16 * WEIGHT_BYTES
        sub     rcx, 16
        jge     .Lcolumns
# LLVM-MCA-END
.Ltail:
        add     ecx, 16
        mov     esi, ecx
#ifdef PAIRS
        add     ecx, r11d
        add     esi, ecx
#endif
        mov     eax, -1
        bzhi    eax, eax, esi
        kmovd   k1, eax
        test    ecx, ecx
        jz      .Lnext
        transpose
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        vmovaps [rdi], zmm\n
        add     rdi, 64
        dec     ecx
        jz      .Lnext
        .endr
.Lnext:
        sub     r9, 16
        jmp     .Lgroup
.Ldone:
        add     rsp, 128
        pop     rbx
        vzeroupper
        ret
.endm
