// SPDX-License-Identifier: MIT
// The planted loop with 1 % more instructions an iteration: see planted.h.
#include "kernels/asm/asm.h"
#include "kernels/asm/aarch64/planted.h"

FUNC planted__asm_1
        planted_loop planted__asm_1, 2
ENDFUNC planted__asm_1
