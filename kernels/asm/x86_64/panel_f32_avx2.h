// SPDX-License-Identifier: MIT
// The body of panel_{f32, f16, bf16}_f32__avx2: 8 rows by 8 columns at a time, transposed in
// registers; and of panel_bf16_bf16__avx2, whose elements are pairs of columns. The file that
// includes it defines before
//   WEIGHT_BYTES                bytes of an element
//   PAIRS                       defined: an element is two bf16
//   load_row ymm, xmm, address  macro: 8 elements of a row as floats
// and has `pack_f32` as the body of its function. Missing rows are read as the last one (their
// pointers are clamped) and masked to 0 on the way out; a last block of fewer than 8 columns is
// copied to the stack first. Live: rdi panel, rbx byte of the column in a row, rcx columns left,
// rdx w of the group's row 0, r8
//       w_stride, r9 rows left, r10 cols. ymm0-7 rows, then columns; ymm8-15 between. Stack: 16 row
//       pointers, at 128 a mask of 16 rows, at 192 16 rows of 32 bytes, at 704 half pairs of a row.
// Clobbers: rax rcx rdx rsi rdi r8-r11 ymm0-15. Stack: rbx, 720 bytes. Reads past the end: none.
#pragma once
// clang-format off
#include "kernels/asm/asm.h"

.macro load_at to, row
        mov     rax, [rsp + 8 * (\row)]
        load_row ymm\to, xmm\to, rax+rbx
.endm

// ymm0-7: rows half*8 .. half*8+7 -> columns
.macro transpose half
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7
        load_at \n, \half*8+\n
        .endr
        vunpcklps ymm8, ymm0, ymm1
        vunpckhps ymm9, ymm0, ymm1
        vunpcklps ymm10, ymm2, ymm3
        vunpckhps ymm11, ymm2, ymm3
        vunpcklps ymm12, ymm4, ymm5
        vunpckhps ymm13, ymm4, ymm5
        vunpcklps ymm14, ymm6, ymm7
        vunpckhps ymm15, ymm6, ymm7
        vunpcklpd ymm0, ymm8, ymm10     // column 0 and 4 of rows 0-3
        vunpckhpd ymm1, ymm8, ymm10
        vunpcklpd ymm2, ymm9, ymm11
        vunpckhpd ymm3, ymm9, ymm11
        vunpcklpd ymm4, ymm12, ymm14    // of rows 4-7
        vunpckhpd ymm5, ymm12, ymm14
        vunpcklpd ymm6, ymm13, ymm15
        vunpckhpd ymm7, ymm13, ymm15
        vmovups ymm15, [rsp + 128 + 32 * \half]
        column  0, 4, 8
        column  1, 5, 9
        column  2, 6, 10
        column  3, 7, 11
.endm

// Columns n and n + 4 from the quads a (rows 0-3) and b (rows 4-7), missing rows 0
.macro column a, b, t
        vperm2f128 ymm\t, ymm\a, ymm\b, 0x20
        vperm2f128 ymm\b, ymm\a, ymm\b, 0x31
        vandps  ymm\a, ymm\t, ymm15
        vandps  ymm\b, ymm\b, ymm15
.endm

.macro pack_f32
        push    rbx
        sub     rsp, 720
        mov     rdx, [rdi + PANEL_W]
        mov     r8, [rdi + PANEL_W_STRIDE]
        mov     r9, [rdi + PANEL_ROWS]
        mov     r10, [rdi + PANEL_COLS]
#ifdef PAIRS
        mov     eax, r10d
        and     eax, 1                  // the last pair may be half one: never whole in memory
        mov     [rsp + 704], eax
        shr     r10, 1
#endif
        mov     rdi, [rdi + PANEL_PANEL]
.Lgroup:
        test    r9, r9
        jle     .Ldone
        xor     ecx, ecx
.Lpointer:
        xor     eax, eax
        cmp     rcx, r9
        setge   al
        dec     eax                     // -1 where the row is there
        mov     [rsp + 128 + rcx * 4], eax
        mov     [rsp + rcx * 8], rdx
        lea     rsi, [rdx + r8]
        inc     rcx
        cmp     rcx, r9
        cmovl   rdx, rsi
        cmp     ecx, 16
        jl      .Lpointer
        xor     ebx, ebx
        mov     rcx, r10
        sub     rcx, 8
        jl      .Ltail
        .p2align 5
.Lcolumns:
# LLVM-MCA-BEGIN pack_f32
.irp half, 0, 1
        transpose \half
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7
        vmovaps [rdi + 64 * \n + 32 * \half], ymm\n
        .endr
.endr
        add     rdi, 512
        add     rbx, 8 * WEIGHT_BYTES
        sub     rcx, 8
        jge     .Lcolumns
# LLVM-MCA-END
.Ltail:
        add     ecx, 8
#ifdef PAIRS
        mov     eax, ecx
        or      eax, [rsp + 704]
#endif
        jz      .Lnext
        xor     r11d, r11d
.Lcopy_row:                             // the columns left of 16 rows, to the stack
        mov     rsi, [rsp + r11 * 8]
        add     rsi, rbx
        mov     eax, r11d
        shl     eax, 5
        lea     rax, [rsp + rax + 192]
        mov     [rsp + r11 * 8], rax
        push    rdx
        push    rcx
#ifdef PAIRS
        test    ecx, ecx
        jz      .Lhalf_pair
#endif
.Lcopy:
.if WEIGHT_BYTES == 4
        mov     edx, [rsi]
        mov     [rax], edx
.else
        movzx   edx, word ptr [rsi]
        mov     [rax], dx
.endif
        add     rsi, WEIGHT_BYTES
        add     rax, WEIGHT_BYTES
        dec     ecx
        jnz     .Lcopy
#ifdef PAIRS
.Lhalf_pair:
        cmp     dword ptr [rsp + 704 + 16], 0
        je      .Lcopied
        movzx   edx, word ptr [rsi]
        mov     [rax], edx
.Lcopied:
#endif
        pop     rcx
        pop     rdx
        inc     r11d
        cmp     r11d, 16
        jl      .Lcopy_row
#ifdef PAIRS
        add     ecx, [rsp + 704]
#endif
        xor     ebx, ebx
.irp half, 0, 1
        mov     rsi, rdi
        mov     r11d, ecx
        transpose \half
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7
        vmovaps [rsi + 32 * \half], ymm\n
        add     rsi, 64
        dec     r11d
        jz      .Lhalf\half
        .endr
.Lhalf\half:
.endr
        mov     rdi, rsi
.Lnext:
        sub     r9, 16
        jmp     .Lgroup
.Ldone:
        add     rsp, 720
        pop     rbx
        vzeroupper
        ret
.endm
