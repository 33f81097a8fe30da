// SPDX-License-Identifier: MIT
// Writes a buffer front to back, 32-byte pairs of stores that need not stay cached: see stream.h.
#include "kernels/asm/asm.h"
#include "kernels/asm/aarch64/stream.h"

FUNC write_stream__neon_nt
        write_stream write_stream__neon_nt, stnp
ENDFUNC write_stream__neon_nt
