// SPDX-License-Identifier: MIT
// Packs groups of q4_0x16 into a panel i8: the nibbles are spread, the scales widened.
//
// void panel_q4_0x16_i8__avx2(const struct panel_args *a)      rdi
//   w      [groups of 16 rows][cols/32] { uint8 q[4][16][4]; f16 d[16] }, w_stride is not needed; of
//          the last group those rows are taken that are there
//   panel  [groups][cols/32] { uint8 q[8][16][4]; float d[16] }, 64-byte aligned, written
// Live: rdi panel, rsi w, prefetched 8 KiB ahead (it never faults), rcx rows left, rdx blocks a row,
//       rbx blocks left; ymm10 ymm11 which of rows 0-7 and 8-15 are there, ymm13 120 bytes, ymm14
//       128 bytes, ymm15 0x0f bytes.
// Clobbers: rax rcx rdx rsi rdi ymm0-3 ymm10-15. Stack: rbx. Reads past the end: none.
#include "kernels/asm/asm.h"

#define BLOCK 288
#define PREFETCH_BYTES 8192

        .section .rodata
        .p2align 5
.Liota: .long   0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15

.macro bytes ymm, xmm, value
        mov     eax, \value
        vmovd   \xmm, eax
        vpbroadcastd \ymm, \xmm
.endm

// 32 bytes of nibbles at \at: low ones there, high ones 256 bytes later
.macro spread at, there
        vmovdqu ymm0, [rsi + \at]
        vpsrlw  ymm1, ymm0, 4
        vpand   ymm0, ymm0, ymm15
        vpand   ymm1, ymm1, ymm15
        vpaddb  ymm0, ymm0, ymm13
        vpaddb  ymm1, ymm1, ymm13
        vpblendvb ymm0, ymm14, ymm0, \there
        vpblendvb ymm1, ymm14, ymm1, \there
        vmovdqa [rdi + \at], ymm0
        vmovdqa [rdi + \at + 256], ymm1
.endm

FUNC panel_q4_0x16_i8__avx2
        push    rbx
        mov     rsi, [rdi + PANEL_W]
        mov     rcx, [rdi + PANEL_ROWS]
        mov     rdx, [rdi + PANEL_COLS]
        mov     rdi, [rdi + PANEL_PANEL]
        shr     rdx, 5
        bytes   ymm15, xmm15, 0x0f0f0f0f
        bytes   ymm14, xmm14, 0x80808080
        bytes   ymm13, xmm13, 0x78787878        // 120 = 128 - 8
.Lgroup:
        test    rcx, rcx
        jle     .Ldone
        mov     eax, 16
        cmp     rcx, rax
        cmovl   eax, ecx
        vmovd   xmm12, eax
        vpbroadcastd ymm12, xmm12
        vpcmpgtd ymm10, ymm12, [rip + .Liota]
        vpcmpgtd ymm11, ymm12, [rip + .Liota + 32]
        mov     rbx, rdx
        .p2align 5
.Lblock:
# LLVM-MCA-BEGIN panel_q4_0x16_i8__avx2
.irp at, 0, 64, 128, 192, 256
        prefetcht0 [rsi + PREFETCH_BYTES + \at]
.endr
.irp at, 0, 64, 128, 192
        spread  \at, ymm10
        spread  \at+32, ymm11
.endr
        vcvtph2ps ymm0, [rsi + 256]
        vcvtph2ps ymm1, [rsi + 272]
        vandps  ymm0, ymm0, ymm10
        vandps  ymm1, ymm1, ymm11
        vmovaps [rdi + 512], ymm0
        vmovaps [rdi + 544], ymm1
        add     rsi, BLOCK
        add     rdi, 576
        dec     rbx
        jnz     .Lblock
# LLVM-MCA-END
        sub     rcx, 16
        jmp     .Lgroup
.Ldone:
        pop     rbx
        vzeroupper
        ret
ENDFUNC panel_q4_0x16_i8__avx2
