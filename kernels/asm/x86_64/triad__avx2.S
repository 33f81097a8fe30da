// SPDX-License-Identifier: MIT
// a = b + 0.5 * c over the thirds of a buffer, 32-byte stores: see stream.h.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/stream.h"

FUNC triad__avx2
        triad triad__avx2, ymm, 32, vmovaps
ENDFUNC triad__avx2
