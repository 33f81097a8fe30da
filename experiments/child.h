// SPDX-License-Identifier: MIT
// Other programs (qemu, llvm-mca, objdump): started with files in memory for what they read and
// write, so that none blocks on a pipe and several may run at once.
#pragma once
#include <stdbool.h>
#include <sys/types.h>

struct child {
    pid_t pid; // 0: none
    int out, err;
};
// The path of a program: a name is looked for in PATH. malloc'ed; NULL: there is none.
char *child_program(const char *name);
// argv[0] is a path. input: its standard input, NULL: /dev/null. fixed: the same addresses and
// environment (INFEROMETER_ISA alone) every time, for simulators. 0, or EXIT_FAILED with failure().
int child_start(struct child *c, char *const argv[], const char *input, bool fixed);
// Waits; *status as of waitpid, *out and *err malloc'ed texts. 0, or EXIT_FAILED with failure()
// set.
int child_wait(struct child *c, int *status, char **out, char **err);
// Both; for one program that runs alone.
int child_run(char *const argv[], const char *input, int *status, char **out, char **err);
