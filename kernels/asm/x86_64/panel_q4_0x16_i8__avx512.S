// SPDX-License-Identifier: MIT
// Packs groups of q4_0x16 into a panel i8: the nibbles are spread, the scales widened.
//
// void panel_q4_0x16_i8__avx512(const struct panel_args *a)      rdi
//   w      [groups of 16 rows][cols/32] { uint8 q[4][16][4]; f16 d[16] }, w_stride is not
//          needed; of the last group those rows are taken that are there
//   panel  [groups][cols/32] { uint8 q[8][16][4]; float d[16] }, 64-byte aligned, written
// Live: rdi panel, rsi w, prefetched 8 KiB ahead (it never faults), rcx rows left, rdx blocks a row,
//       rbx blocks left; k1 rows that are missing, zmm14 128 bytes for them, zmm15 0x0f, zmm13 120
//       bytes.
// Clobbers: rax rcx rdx rsi rdi zmm0-8 zmm13-15 k1 k2. Stack: rbx. Reads past the end: none.
#include "kernels/asm/asm.h"

#define BLOCK 288
#define PREFETCH_BYTES 8192

FUNC panel_q4_0x16_i8__avx512
        push    rbx
        mov     rsi, [rdi + PANEL_W]
        mov     rcx, [rdi + PANEL_ROWS]
        mov     rdx, [rdi + PANEL_COLS]
        mov     rdi, [rdi + PANEL_PANEL]
        shr     rdx, 5
        mov     eax, 0x0f0f0f0f
        vpbroadcastd zmm15, eax
        mov     eax, 0x78787878
        vpbroadcastd zmm13, eax         // 120 = 128 - 8
        mov     eax, 0x80808080
        vpbroadcastd zmm14, eax
.Lgroup:
        test    rcx, rcx
        jle     .Ldone
        xor     eax, eax
        cmp     rcx, 16
        jge     .Lwhole
        mov     eax, 0xffff
        shlx    eax, eax, ecx
.Lwhole:
        kmovw   k1, eax
        knotw   k2, k1
        mov     rbx, rdx
        .p2align 5
.Lblock:
# LLVM-MCA-BEGIN panel_q4_0x16_i8__avx512
.irp at, 0, 64, 128, 192, 256
        prefetcht0 [rsi + PREFETCH_BYTES + \at]
.endr
        vmovdqu64 zmm0, [rsi + 0]
        vmovdqu64 zmm1, [rsi + 64]
        vmovdqu64 zmm2, [rsi + 128]
        vmovdqu64 zmm3, [rsi + 192]
        vpsrlw  zmm4, zmm0, 4
        vpsrlw  zmm5, zmm1, 4
        vpsrlw  zmm6, zmm2, 4
        vpsrlw  zmm7, zmm3, 4
.irp c, 0, 1, 2, 3, 4, 5, 6, 7
        vpandd  zmm\c, zmm\c, zmm15
        vpaddb  zmm\c, zmm\c, zmm13
        vmovdqa32 zmm\c{k1}, zmm14
        vmovdqa64 [rdi + 64 * \c], zmm\c
.endr
        vcvtph2ps zmm8{k2}{z}, [rsi + BLOCK - 32]
        vmovaps [rdi + 512], zmm8
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
ENDFUNC panel_q4_0x16_i8__avx512
