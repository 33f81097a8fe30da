// SPDX-License-Identifier: MIT
// Copies the first half of a buffer to the second, 32-byte stores: see stream.h.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/stream.h"

FUNC copy_stream__avx2
        copy_stream copy_stream__avx2, ymm, 32, vmovaps
ENDFUNC copy_stream__avx2
