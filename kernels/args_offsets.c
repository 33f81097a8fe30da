// SPDX-License-Identifier: MIT
// Prints the offsets of the argument structs' fields for the assembler. Runs on the build machine;
// kernels/kernels.c asserts that they hold for the target (all fields are 8 bytes wide).
#include "kernels/args.h"

#include <stdio.h>

int main(void) {
#define FIELD(CLASS, class, NAME, name)                                                            \
    printf("#define " #CLASS "_" #NAME " %zu\n", offsetof(struct class##_args, name));
#include "kernels/args_fields.def"
#undef FIELD
    return 0;
}
