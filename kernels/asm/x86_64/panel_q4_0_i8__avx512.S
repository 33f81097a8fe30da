// SPDX-License-Identifier: MIT
// Packs rows of q4_0 into a panel i8: 16 rows a group, transposed in dwords, a block of 32 columns
// at a time.
//
// void panel_q4_0_i8__avx512(const struct panel_args *a)      rdi
//   w      [rows][cols/32] block_q4_0 { f16 d; q[16] }: byte j = columns j (low), j + 16 (high)
//   panel  [groups][cols/32] { uint8 q[8][16][4]; float d[16] }, 64-byte aligned, written
// Dword transpose: vector A_i holds 16 bytes of rows i, i+4, i+8, i+12 in its lanes; unpacking
// A_0..A_3 in the lanes leaves dword c of all 16 rows in order in vector c. A last group of fewer
// rows goes through a copy on the stack, whose missing rows are blocks of zero.
// Live: rdi panel, rsi r8 r9 r10 rows 0 4 8 12 of the group, rdx stride, rcx 3 * stride, rbx blocks
//       left, r11 rows left, r12 blocks a row, r13 bytes to the next block, r14 w, r15 w_stride,
//       rbp what is prefetched or copied from.
// Clobbers: rax rcx rdx rsi rdi r8-r11 zmm0-15 (zmm15 = 0x0f, zmm14 = 120 bytes).
// Stack: rbx rbp r12-r15 and 288 bytes of copy. Reads past the end: none.
#include "kernels/asm/asm.h"

#define BLOCK 18          // bytes of a row's 32 columns

// A_i: 16 bytes at `at` of rows i, i+4, i+8, i+12
.macro load4 v, x, y, row, at
        vmovdqu \x, [rsi + \row + \at]
        vinserti128 \y, \y, [r8 + \row + \at], 1
        vinserti32x4 \v, \v, [r9 + \row + \at], 2
        vinserti32x4 \v, \v, [r10 + \row + \at], 3
.endm

// 16 bytes of 16 rows -> zmm4..7: dword c of every row
.macro transpose at
        load4   zmm0, xmm0, ymm0, 0, \at
        load4   zmm1, xmm1, ymm1, rdx, \at
        load4   zmm2, xmm2, ymm2, rdx*2, \at
        load4   zmm3, xmm3, ymm3, rcx, \at
        vpunpckldq zmm8, zmm0, zmm1
        vpunpckhdq zmm9, zmm0, zmm1
        vpunpckldq zmm10, zmm2, zmm3
        vpunpckhdq zmm11, zmm2, zmm3
        vpunpcklqdq zmm4, zmm8, zmm10
        vpunpckhqdq zmm5, zmm8, zmm10
        vpunpcklqdq zmm6, zmm9, zmm11
        vpunpckhqdq zmm7, zmm9, zmm11
.endm

// Nibbles n of zmm4..7 as n - 8 + 128: the low ones from `to` on, the high ones 256 bytes later
.macro store4 to
        vpsrlw  zmm0, zmm4, 4
        vpandd  zmm4, zmm4, zmm15
        vpandd  zmm0, zmm0, zmm15
        vpaddb  zmm4, zmm4, zmm14
        vpaddb  zmm0, zmm0, zmm14
        vmovdqa64 [rdi + \to + 0], zmm4
        vmovdqa64 [rdi + \to + 256], zmm0
        vpsrlw  zmm1, zmm5, 4
        vpandd  zmm5, zmm5, zmm15
        vpandd  zmm1, zmm1, zmm15
        vpaddb  zmm5, zmm5, zmm14
        vpaddb  zmm1, zmm1, zmm14
        vmovdqa64 [rdi + \to + 64], zmm5
        vmovdqa64 [rdi + \to + 320], zmm1
        vpsrlw  zmm2, zmm6, 4
        vpandd  zmm6, zmm6, zmm15
        vpandd  zmm2, zmm2, zmm15
        vpaddb  zmm6, zmm6, zmm14
        vpaddb  zmm2, zmm2, zmm14
        vmovdqa64 [rdi + \to + 128], zmm6
        vmovdqa64 [rdi + \to + 384], zmm2
        vpsrlw  zmm3, zmm7, 4
        vpandd  zmm7, zmm7, zmm15
        vpandd  zmm3, zmm3, zmm15
        vpaddb  zmm7, zmm7, zmm14
        vpaddb  zmm3, zmm3, zmm14
        vmovdqa64 [rdi + \to + 192], zmm7
        vmovdqa64 [rdi + \to + 448], zmm3
.endm

// xmm = the f16 scales of 8 rows from the row pointers a and b
.macro scales x, a, b
        movzx   eax, word ptr [\a]
        vmovd   \x, eax
        vpinsrw \x, \x, [\a + rdx], 1
        vpinsrw \x, \x, [\a + rdx*2], 2
        vpinsrw \x, \x, [\a + rcx], 3
        vpinsrw \x, \x, [\b + 0], 4
        vpinsrw \x, \x, [\b + rdx], 5
        vpinsrw \x, \x, [\b + rdx*2], 6
        vpinsrw \x, \x, [\b + rcx], 7
.endm

// The same block of the next 16 rows (a prefetch never faults)
.macro prefetch_next
.irp at, 0, 64, 128, 192, 256
        prefetcht2 [rbp + \at]
.endr
        add     rbp, 16 * BLOCK
.endm

FUNC panel_q4_0_i8__avx512
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        sub     rsp, 16 * BLOCK + 8
        mov     r14, [rdi + PANEL_W]
        mov     r15, [rdi + PANEL_W_STRIDE]
        mov     r11, [rdi + PANEL_ROWS]
        mov     r12, [rdi + PANEL_COLS]
        mov     rdi, [rdi + PANEL_PANEL]
        shr     r12, 5
        mov     eax, 0x0f0f0f0f
        vmovd   xmm15, eax
        vpbroadcastd zmm15, xmm15
        mov     eax, 0x78787878
        vmovd   xmm14, eax
        vpbroadcastd zmm14, xmm14
.Lgroup:
        test    r11, r11
        jle     .Ldone
        mov     rbx, r12
        cmp     r11, 16
        jl      .Lshort
        mov     rsi, r14
        mov     rdx, r15
        mov     r13d, BLOCK
        mov     rbp, r15
        shl     rbp, 4
        add     rbp, r14                // the next group
.Lpointers:
        lea     rcx, [rdx + rdx * 2]
        lea     r8, [rsi + rdx * 4]
        lea     r9, [rsi + rdx * 8]
        lea     r10, [r8 + rdx * 8]
        .p2align 5
.Lblock:
# LLVM-MCA-BEGIN panel_q4_0_i8__avx512
        cmp     r11, 16
        jl      .Lcopy
.Lpack:
        prefetch_next
        transpose 2
        store4  0
        scales  xmm0, rsi, r8
        scales  xmm1, r9, r10
        vinserti128 ymm0, ymm0, xmm1, 1
        vcvtph2ps zmm0, ymm0
        vmovaps [rdi + 512], zmm0
        add     rdi, 576
        add     rsi, r13
        add     r8, r13
        add     r9, r13
        add     r10, r13
        dec     rbx
        jnz     .Lblock
# LLVM-MCA-END
        lea     rax, [r15 + r15]
        lea     r14, [r14 + rax * 8]
        sub     r11, 16
        jmp     .Lgroup

// A group of fewer than 16 rows: blocks are copied to the stack first.
.Lshort:
        mov     eax, 16 * BLOCK         // d = 0, nibbles of 8
.Lclear:
        mov     word ptr [rsp + rax - 18], 0
        mov     rcx, 0x8888888888888888
        mov     [rsp + rax - 16], rcx
        mov     [rsp + rax - 8], rcx
        sub     eax, BLOCK
        jnz     .Lclear
        mov     rsi, rsp
        mov     edx, BLOCK
        xor     r13d, r13d
        jmp     .Lpointers
.Lcopy:
        mov     rbp, r12
        sub     rbp, rbx                // this block
        imul    rbp, rbp, BLOCK
        add     rbp, r14
        mov     rax, r11
        push    rsi
.Lcopy_row:
        vmovdqu xmm0, [rbp]
        vmovdqu [rsi], xmm0
        movzx   r13d, word ptr [rbp + 16]
        mov     [rsi + 16], r13w
        add     rsi, BLOCK
        add     rbp, r15
        dec     rax
        jnz     .Lcopy_row
        pop     rsi
        xor     r13d, r13d
        jmp     .Lpack

.Ldone:
        add     rsp, 16 * BLOCK + 8
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     rbp
        pop     rbx
        vzeroupper
        ret
ENDFUNC panel_q4_0_i8__avx512
