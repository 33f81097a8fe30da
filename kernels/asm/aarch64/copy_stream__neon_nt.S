// SPDX-License-Identifier: MIT
// Copies the first half of a buffer to the second, 32-byte pairs of stores that need not stay cached: see stream.h.
#include "kernels/asm/asm.h"
#include "kernels/asm/aarch64/stream.h"

FUNC copy_stream__neon_nt
        copy_stream copy_stream__neon_nt, stnp
ENDFUNC copy_stream__neon_nt
