// SPDX-License-Identifier: MIT
// The planted loop with 0.5 % more instructions an iteration: see planted.h.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/planted.h"

FUNC planted__asm_05
        planted_loop planted__asm_05, 1
ENDFUNC planted__asm_05
