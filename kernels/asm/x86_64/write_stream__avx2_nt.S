// SPDX-License-Identifier: MIT
// Writes a buffer front to back, 32-byte stores past the caches: see stream.h.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/stream.h"

FUNC write_stream__avx2_nt
        write_stream write_stream__avx2_nt, ymm, 32, vmovntps
ENDFUNC write_stream__avx2_nt
