// SPDX-License-Identifier: MIT
// Writes a buffer front to back, 64-byte stores: see stream.h.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/stream.h"

FUNC write_stream__avx512
        write_stream write_stream__avx512, zmm, 64, vmovaps
ENDFUNC write_stream__avx512
