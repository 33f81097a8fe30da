// SPDX-License-Identifier: MIT
// a = b + 0.5 * c over the thirds of a buffer, 32-byte pairs of stores: see stream.h.
#include "kernels/asm/asm.h"
#include "kernels/asm/aarch64/stream.h"

FUNC triad__neon
        triad triad__neon, stp
ENDFUNC triad__neon
