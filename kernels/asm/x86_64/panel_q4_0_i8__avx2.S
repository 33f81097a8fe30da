// SPDX-License-Identifier: MIT
// Packs rows of q4_0 into a panel i8: 16 rows a group, transposed in dwords, a block of 32 columns
// at a time.
//
// void panel_q4_0_i8__avx2(const struct panel_args *a)      rdi
//   w      [rows][cols/32] block_q4_0 { f16 d; q[16] }: byte j = columns j (low), j + 16 (high)
//   panel  [groups][cols/32] { uint8 q[8][16][4]; float d[16] }, 64-byte aligned, written
// Dword transpose: vector A_i holds 16 bytes of rows i, i+4 in its lanes; unpacking A_0..A_3 in the
// lanes leaves dword c of 8 rows in order in vector c. A last group of fewer rows goes through a
// copy on the stack, whose missing rows are blocks of zero.
// Live: rdi panel, rsi r8 r9 r10 rows 0 4 8 12 of the group, rdx stride, rcx 3 * stride, rbx blocks
//       left, r11 rows left, r12 blocks a row, r13 bytes to the next block, r14 w, r15 w_stride,
//       rbp what is prefetched or copied from.
// Clobbers: rax rcx rdx rsi rdi r8-r11 ymm0-15 (ymm15 = 0x0f, ymm14 = 120 bytes).
// Stack: rbx rbp r12-r15 and 288 bytes of copy. Reads past the end: none.
#include "kernels/asm/asm.h"

#define BLOCK 18          // bytes of a row's 32 columns

// A_i: 16 bytes at `at` of rows i, i+4 from the row pointers a and b
.macro load2 x, y, a, b, row, at
        vmovdqu \x, [\a + \row + \at]
        vinserti128 \y, \y, [\b + \row + \at], 1
.endm

// 16 bytes of 8 rows -> ymm4..7: dword c of every row
.macro transpose a, b, at
        load2   xmm0, ymm0, \a, \b, 0, \at
        load2   xmm1, ymm1, \a, \b, rdx, \at
        load2   xmm2, ymm2, \a, \b, rdx*2, \at
        load2   xmm3, ymm3, \a, \b, rcx, \at
        vpunpckldq ymm8, ymm0, ymm1
        vpunpckhdq ymm9, ymm0, ymm1
        vpunpckldq ymm10, ymm2, ymm3
        vpunpckhdq ymm11, ymm2, ymm3
        vpunpcklqdq ymm4, ymm8, ymm10
        vpunpckhqdq ymm5, ymm8, ymm10
        vpunpcklqdq ymm6, ymm9, ymm11
        vpunpckhqdq ymm7, ymm9, ymm11
.endm

// Nibbles n of ymm4..7 as n - 8 + 128: the low ones from `to` on, the high ones 256 bytes later
.macro store4 to
        vpsrlw  ymm0, ymm4, 4
        vpand   ymm4, ymm4, ymm15
        vpand   ymm0, ymm0, ymm15
        vpaddb  ymm4, ymm4, ymm14
        vpaddb  ymm0, ymm0, ymm14
        vmovdqa [rdi + \to + 0], ymm4
        vmovdqa [rdi + \to + 256], ymm0
        vpsrlw  ymm1, ymm5, 4
        vpand   ymm5, ymm5, ymm15
        vpand   ymm1, ymm1, ymm15
        vpaddb  ymm5, ymm5, ymm14
        vpaddb  ymm1, ymm1, ymm14
        vmovdqa [rdi + \to + 64], ymm5
        vmovdqa [rdi + \to + 320], ymm1
        vpsrlw  ymm2, ymm6, 4
        vpand   ymm6, ymm6, ymm15
        vpand   ymm2, ymm2, ymm15
        vpaddb  ymm6, ymm6, ymm14
        vpaddb  ymm2, ymm2, ymm14
        vmovdqa [rdi + \to + 128], ymm6
        vmovdqa [rdi + \to + 384], ymm2
        vpsrlw  ymm3, ymm7, 4
        vpand   ymm7, ymm7, ymm15
        vpand   ymm3, ymm3, ymm15
        vpaddb  ymm7, ymm7, ymm14
        vpaddb  ymm3, ymm3, ymm14
        vmovdqa [rdi + \to + 192], ymm7
        vmovdqa [rdi + \to + 448], ymm3
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

FUNC panel_q4_0_i8__avx2
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
        vpbroadcastd ymm15, xmm15
        mov     eax, 0x78787878
        vmovd   xmm14, eax
        vpbroadcastd ymm14, xmm14
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
# LLVM-MCA-BEGIN panel_q4_0_i8__avx2
        cmp     r11, 16
        jl      .Lcopy
.Lpack:
        prefetch_next
        transpose rsi, r8, 2
        store4  0
        scales  xmm0, rsi, r8
        vcvtph2ps ymm0, xmm0
        vmovaps [rdi + 512], ymm0
        transpose r9, r10, 2
        store4  32
        scales  xmm0, r9, r10
        vcvtph2ps ymm0, xmm0
        vmovaps [rdi + 544], ymm0
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
ENDFUNC panel_q4_0_i8__avx2
