// SPDX-License-Identifier: MIT
// y = the a8_32 planes of x: for each 32 columns d = amax / 127, q = round(x * (127 / amax)), sum
// of q.
//
// void quantize_a8_32__avx2(const struct row_args *a)               rdi
//   x  [tokens][cols] float             cols a multiple of 32, tokens any
//   y  [tokens] planes: int8 q[cols], float d[cols/32], int32 sum[cols/32], each 64-byte aligned
// Pinned to the last bit (kernels/ops.def): both divisions in float, round to nearest even, and
// where amax < 2^-100 the block is zero.
// Live: rsi x, rdx q, r8 d, r9 sum, rcx blocks left, r10 x and r11 y of the token, rax tokens left,
//       ymm0-3 the block, ymm14 lanes in order, xmm13 127, xmm12 2^-100, ymm15 |.| mask.
// Clobbers: rax rcx rdx rsi r8-r11 ymm0-8 ymm12-15. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"

FUNC quantize_a8_32__avx2
        mov     r10, [rdi + ROW_X]
        mov     r11, [rdi + ROW_Y]
        mov     rax, [rdi + ROW_TOKENS]
        test    rax, rax
        jle     .Ldone
        vpcmpeqd ymm15, ymm15, ymm15
        vpsrld  ymm15, ymm15, 1
        mov     ecx, 0x42fe0000         // 127.0
        vmovd   xmm13, ecx
        mov     ecx, 0x0d800000         // 2^-100
        vmovd   xmm12, ecx
        vmovdqa ymm14, [rip + .Lorder]
.Ltoken:
        mov     rsi, r10
        mov     rdx, r11
        mov     rcx, [rdi + ROW_COLS]
        lea     r8, [rcx + 63]
        and     r8, -64
        add     r8, rdx
        shr     rcx, 5
        lea     r9, [rcx * 4 + 63]
        and     r9, -64
        add     r9, r8
        test    rcx, rcx
        jz      .Lnext
        .p2align 5
.Lblock:
# LLVM-MCA-BEGIN quantize_a8_32__avx2
        vmovups ymm0, [rsi]
        vmovups ymm1, [rsi + 32]
        vmovups ymm2, [rsi + 64]
        vmovups ymm3, [rsi + 96]
        vandps  ymm4, ymm0, ymm15
        vandps  ymm5, ymm1, ymm15
        vandps  ymm6, ymm2, ymm15
        vandps  ymm7, ymm3, ymm15
        vmaxps  ymm4, ymm4, ymm5
        vmaxps  ymm6, ymm6, ymm7
        vmaxps  ymm4, ymm4, ymm6
        vextractf128 xmm5, ymm4, 1
        vmaxps  xmm4, xmm4, xmm5
        vmovhlps xmm5, xmm4, xmm4
        vmaxps  xmm4, xmm4, xmm5
        vmovshdup xmm5, xmm4
        vmaxss  xmm4, xmm4, xmm5        // amax
        vcmpss  xmm8, xmm4, xmm12, 1    // below 2^-100: all ones
        vdivss  xmm6, xmm13, xmm4
        vdivss  xmm7, xmm4, xmm13
        vandnps xmm6, xmm8, xmm6
        vandnps xmm7, xmm8, xmm7
        vmovss  [r8], xmm7
        vbroadcastss ymm6, xmm6
        .irp    n, 0, 1, 2, 3
        vmulps  ymm\n, ymm\n, ymm6
        vcvtps2dq ymm\n, ymm\n          // to nearest even
        .endr
        vpaddd  ymm4, ymm0, ymm1
        vpaddd  ymm5, ymm2, ymm3
        vpaddd  ymm4, ymm4, ymm5
        vextracti128 xmm5, ymm4, 1
        vpaddd  xmm4, xmm4, xmm5
        vpshufd xmm5, xmm4, 0x4e
        vpaddd  xmm4, xmm4, xmm5
        vpshufd xmm5, xmm4, 0xb1
        vpaddd  xmm4, xmm4, xmm5
        vmovd   [r9], xmm4
        vpackssdw ymm0, ymm0, ymm1
        vpackssdw ymm2, ymm2, ymm3
        vpacksswb ymm0, ymm0, ymm2      // 0-3 8-11 16-19 24-27 | 4-7 12-15 20-23 28-31
        vpermd  ymm0, ymm14, ymm0
        vmovdqu [rdx], ymm0
        sub     rsi, -128
        add     rdx, 32
        add     r8, 4
        add     r9, 4
        dec     rcx
        jnz     .Lblock
# LLVM-MCA-END
.Lnext:
        add     r10, [rdi + ROW_X_STRIDE]
        add     r11, [rdi + ROW_Y_STRIDE]
        dec     rax
        jnz     .Ltoken
.Ldone:
        vzeroupper
        ret
ENDFUNC quantize_a8_32__avx2

        .section .rodata
        .p2align 5
.Lorder:
        .long   0, 4, 1, 5, 2, 6, 3, 7
