// SPDX-License-Identifier: MIT
// Copies the first half of a buffer to the second, 64-byte stores: see stream.h.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/stream.h"

FUNC copy_stream__avx512
        copy_stream copy_stream__avx512, zmm, 64, vmovaps
ENDFUNC copy_stream__avx512
