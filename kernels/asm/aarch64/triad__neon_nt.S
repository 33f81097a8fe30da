// SPDX-License-Identifier: MIT
// a = b + 0.5 * c over the thirds of a buffer, 32-byte pairs of stores that need not stay cached: see stream.h.
#include "kernels/asm/asm.h"
#include "kernels/asm/aarch64/stream.h"

FUNC triad__neon_nt
        triad triad__neon_nt, stnp
ENDFUNC triad__neon_nt
