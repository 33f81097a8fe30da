// SPDX-License-Identifier: MIT
#include "kernels/exact_counts.h"

#include <string.h>

#if defined(__CET__) && (__CET__ & 1)
#define ENDBR 1 // kernels/asm/asm.h begins each function with endbr64
#else
#define ENDBR 0
#endif
#if defined(__x86_64__)
#define ROW_x86_64(...) {__VA_ARGS__},
#define ROW_aarch64(...)
#else
#define ROW_x86_64(...)
#define ROW_aarch64(...) {__VA_ARGS__},
#endif

#define EACH(...)                                                                                  \
    { __VA_ARGS__ }
#define CALL(instructions, ...)                                                                    \
    { (instructions) + ENDBR, __VA_ARGS__ }
#define EXACT(arch, op, variant, bytes, iteration, call, variance)                                 \
    ROW_##arch(#op "__" #variant, bytes, iteration, call, variance)
static const struct exact_row rows[] = {
#include "kernels/exact_counts.def"
};
#undef EXACT
#undef EACH
#undef CALL

size_t exact_counts_rows(void) {
    return sizeof rows / sizeof *rows;
}

const struct exact_row *exact_counts_at(size_t i) {
    return &rows[i];
}

const struct exact_row *exact_counts_find(const struct kernel *k) {
    for (size_t i = 0; i < exact_counts_rows(); i++)
        if (!strcmp(rows[i].symbol, k->symbol)) return &rows[i];
    return NULL;
}
