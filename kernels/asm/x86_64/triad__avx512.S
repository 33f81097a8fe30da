// SPDX-License-Identifier: MIT
// a = b + 0.5 * c over the thirds of a buffer, 64-byte stores: see stream.h.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/stream.h"

FUNC triad__avx512
        triad triad__avx512, zmm, 64, vmovaps
ENDFUNC triad__avx512
