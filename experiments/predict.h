// SPDX-License-Identifier: MIT
// llvm-mca's prediction for a loop (source `static`): no run, a model of a CPU's ports, latencies
// and front end; caches always hit, branches are always predicted.
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "kernels/kernels.h"

struct prediction { // of one round of the loop, in the steady state
    double cycles, uops, instructions;
    double busiest; // cycles for which its most used resource is taken
    char bound[48]; // what the cycles are made of: that resource, "dispatch" or "dependencies"
    char model[32]; // the CPU whose model it is: "znver4"
    char version[32];
};
// text: assembler (x86-64 in AT&T or, with its directive, Intel syntax). cpu: LLVM's name, or
// "native". 0, EXIT_CANNOT (no llvm-mca 19, or the model lacks an instruction) or EXIT_FAILED, with
// failure() set.
int predict(const char *text, size_t instructions, enum arch arch, const char *cpu,
            struct prediction *p);
// The models that predictions are made for besides the host's; NULL ends them.
const char *const *predict_models(enum arch arch);
