// SPDX-License-Identifier: MIT
// VEX-encoded dot products (AVX-VNNI) in software, for stepping through kernels that this machine
// could not run otherwise: the instructions of the kernel are counted, only their work is done
// here.
#pragma once
#include <stdbool.h>

// context: a ucontext_t of a SIGILL handler. Whether the instruction was one; the registers are as
// after it then, the instruction pointer behind it.
bool step_vnni(void *context);
