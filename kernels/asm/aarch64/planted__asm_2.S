// SPDX-License-Identifier: MIT
// The planted loop with 2 % more instructions an iteration: see planted.h.
#include "kernels/asm/asm.h"
#include "kernels/asm/aarch64/planted.h"

FUNC planted__asm_2
        planted_loop planted__asm_2, 4
ENDFUNC planted__asm_2
