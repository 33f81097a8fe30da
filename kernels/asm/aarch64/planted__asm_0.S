// SPDX-License-Identifier: MIT
// The planted loop with no more instructions an iteration: see planted.h.
#include "kernels/asm/asm.h"
#include "kernels/asm/aarch64/planted.h"

FUNC planted__asm_0
        planted_loop planted__asm_0, 0
ENDFUNC planted__asm_0
