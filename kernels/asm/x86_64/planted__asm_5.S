// SPDX-License-Identifier: MIT
// The planted loop with 5 % more instructions an iteration: see planted.h.
#include "kernels/asm/asm.h"
#include "kernels/asm/x86_64/planted.h"

FUNC planted__asm_5
        planted_loop planted__asm_5, 10
ENDFUNC planted__asm_5
