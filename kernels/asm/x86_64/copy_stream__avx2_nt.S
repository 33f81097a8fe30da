// SPDX-License-Identifier: MIT
// Copies the first half of a buffer to the second, 32-byte stores past the caches: see stream.h.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/stream.h"

FUNC copy_stream__avx2_nt
        copy_stream copy_stream__avx2_nt, ymm, 32, vmovntps
ENDFUNC copy_stream__avx2_nt
