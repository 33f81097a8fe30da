// SPDX-License-Identifier: MIT
// The hot loop of a kernel as the running program has it, by objdump: of the innermost loops the
// one with the most instructions (the others are tails).
#pragma once
#include <stddef.h>

struct disassembly {
    char *text;          // of the loop, a line an instruction; malloc'ed; of the whole function
                         // where there is no loop
    size_t instructions; // of the loop
    size_t function_instructions;
    unsigned long long function_address, address; // of the function, of the loop
};
// 0, or an exit code with failure() set: no objdump, no such symbol in the program.
int disassembly_of(const char *symbol, struct disassembly *d);
void disassembly_free(struct disassembly *d);
