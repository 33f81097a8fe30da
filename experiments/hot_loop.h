// SPDX-License-Identifier: MIT
// The loop in which a kernel spends its instructions, as assembler text for a static analyser.
//
// Which one it is, a simulator's counts say: of all backward branches the one whose loop executed
// most. Where the kernel's source marks a loop (# LLVM-MCA-BEGIN) of that length, the text is the
// source's; else (compiled variants) it is disassembled, without what ran less than half as often
// as the loop went round.
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "experiments/simulate.h"

struct hot_loop {
    char *text; // malloc'ed; x86-64 in AT&T syntax
    size_t instructions;
    double iterations;    // in the call that `counts` counted
    double share;         // of that call's instructions that are the loop's
    bool marked;          // from the source's marks
    bool contains_a_loop; // or a call: an analyser takes it for straight code
};
// counts: of the kernel (not a pair), with blocks. 0, EXIT_CANNOT (a tool or the build tree is
// missing, or there is no loop) or EXIT_FAILED, with failure() set.
int hot_loop_find(const struct kernel *k, enum arch arch, const struct sim_counts *counts,
                  struct hot_loop *loop);
void hot_loop_free(struct hot_loop *loop);
