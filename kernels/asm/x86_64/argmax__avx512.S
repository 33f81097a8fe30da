// SPDX-License-Identifier: MIT
// The lowest index of the largest x of each token; a NaN is never the largest, all -inf gives 0.
//
// void argmax__avx512(const struct row_args *a)                     rdi
//   x  [tokens][cols] float; y [tokens] int32, packed; cols below 2^31, tokens any
// Live: rsi x, rdx y, rcx tokens left, r8 column bytes, r9 columns left, zmm0-1 largest of each lane,
//       zmm2-3 its index, zmm4-5 indices of this step, zmm8 32s, zmm9 0-15, zmm10 16-31, k1 the
//       tail's mask.
// Clobbers: rax rcx rdx rsi r8 r9 zmm0-10 k1-k3. Stack: none. Reads past the end: none.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/rows_avx512.h"

FUNC argmax__avx512
        mov     rsi, [rdi + ROW_X]
        mov     rdx, [rdi + ROW_Y]
        mov     rcx, [rdi + ROW_TOKENS]
        TAIL_MASK
        mov     eax, 32
        vpbroadcastd zmm8, eax
        vpsrld  zmm10, zmm8, 1
        vpmovzxbd zmm9, [rip + .Lcount]
        vpaddd  zmm10, zmm10, zmm9
        test    rcx, rcx
        jle     .Ldone
.Ltoken:
        mov     eax, 0xff800000                 // -inf
        vpbroadcastd zmm0, eax
        vmovaps zmm1, zmm0
        vpxor   xmm2, xmm2, xmm2
        vpxor   xmm3, xmm3, xmm3
        vmovdqa32 zmm4, zmm9
        vmovdqa32 zmm5, zmm10
        xor     r8d, r8d
        mov     r9, [rdi + ROW_COLS]
        sub     r9, 32
        jl      .Lrest
        .p2align 5
.Lcols32:
# LLVM-MCA-BEGIN argmax__avx512
        vmovups zmm6, [rsi + r8]
        vmovups zmm7, [rsi + r8 + 64]
        vcmpgtps k2, zmm6, zmm0
        vcmpgtps k3, zmm7, zmm1
        vmaxps  zmm0, zmm6, zmm0                // the second where the first is NaN
        vmovdqa32 zmm2{k2}, zmm4
        vmaxps  zmm1, zmm7, zmm1
        vmovdqa32 zmm3{k3}, zmm5
        vpaddd  zmm4, zmm4, zmm8
        vpaddd  zmm5, zmm5, zmm8
        add     r8, 128
        sub     r9, 32
        jge     .Lcols32
# LLVM-MCA-END
.Lrest:
        add     r9, 16
        jl      .Ltail
        vmovups zmm6, [rsi + r8]
        vcmpgtps k2, zmm6, zmm0
        vmovaps zmm0{k2}, zmm6
        vmovdqa32 zmm2{k2}, zmm4
        vmovdqa32 zmm4, zmm5
        add     r8, 64
        sub     r9, 16
.Ltail:
        cmp     r9, -16
        je      .Lreduce
        vmovups zmm6{k1}{z}, [rsi + r8]
        vcmpgtps k2{k1}, zmm6, zmm1
        vmovaps zmm1{k2}, zmm6
        vmovdqa32 zmm3{k2}, zmm4
.Lreduce:                               // the largest in all lanes, then the lowest index that has it
        vmovaps zmm6, zmm0
        vmovaps zmm7, zmm1
        vmaxps  zmm0, zmm0, zmm1
        vextractf64x4 ymm1, zmm0, 1
        vmaxps  ymm0, ymm0, ymm1
        vextractf128 xmm1, ymm0, 1
        vmaxps  xmm0, xmm0, xmm1
        vmovhlps xmm1, xmm0, xmm0
        vmaxps  xmm0, xmm0, xmm1
        vmovshdup xmm1, xmm0
        vmaxps  xmm0, xmm0, xmm1
        vbroadcastss zmm0, xmm0
        mov     eax, 0x7fffffff
        vpbroadcastd zmm4, eax
        vcmpeqps k2, zmm6, zmm0
        vcmpeqps k3, zmm7, zmm0
        vmovdqa32 zmm5, zmm4
        vmovdqa32 zmm4{k2}, zmm2
        vmovdqa32 zmm5{k3}, zmm3
        vpminsd zmm4, zmm4, zmm5
        vextracti64x4 ymm5, zmm4, 1
        vpminsd ymm4, ymm4, ymm5
        vextracti128 xmm5, ymm4, 1
        vpminsd xmm4, xmm4, xmm5
        vpshufd xmm5, xmm4, 0x4e
        vpminsd xmm4, xmm4, xmm5
        vpshufd xmm5, xmm4, 0xb1
        vpminsd xmm4, xmm4, xmm5
        vmovd   [rdx], xmm4
        add     rdx, 4
        add     rsi, [rdi + ROW_X_STRIDE]
        dec     rcx
        jnz     .Ltoken
.Ldone:
        vzeroupper
        ret
ENDFUNC argmax__avx512

        .section .rodata
.Lcount:
        .byte   0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
