// SPDX-License-Identifier: MIT
// a = b + 0.5 * c over the thirds of a buffer, 32-byte stores past the caches: see stream.h.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/stream.h"

FUNC triad__avx2_nt
        triad triad__avx2_nt, ymm, 32, vmovntps
ENDFUNC triad__avx2_nt
