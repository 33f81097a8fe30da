// SPDX-License-Identifier: MIT
// Checks one kernel against its op's meaning in double, or times it.
//   check_kernels --list                        the kernels in this build, one a line
//   check_kernels SYMBOL [--seed N] [--case N]  exit 0 right, 1 wrong, 77 the machine lacks its ISA
//   check_kernels --bench SYMBOL [--shape S] [--ring MIB]
#include "tests/check/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int usage(void) {
    fputs("usage: check_kernels --list\n"
          "       check_kernels SYMBOL [--seed N] [--case N]\n"
          "       check_kernels --bench SYMBOL [--shape SHAPE] [--ring MIB]\n",
          stderr);
    return 2;
}

static int list(void) {
    for (size_t i = 0; i < kernel_count(); i++)
        if (kernel_at(i)->built) puts(kernel_at(i)->symbol);
    for (size_t i = 0; i < evex_count(); i++) puts(evex_at(i)->symbol);
    return 0;
}

static const struct kernel *find(const char *symbol) {
    for (size_t i = 0; i < evex_count(); i++)
        if (!strcmp(evex_at(i)->symbol, symbol)) return evex_at(i);
    return kernel_find_symbol(symbol);
}

static int check(const char *program, const struct kernel *k, uint64_t seed, long only_case) {
    struct check c = {.kernel = k, .seed = seed, .only_case = only_case, .program = program};
    switch (op_info(k->op)->op_class) {
    case CLASS_matmul:
        check_matmul(&c);
        break;
    case CLASS_panel:
        check_panel(&c);
        break;
    case CLASS_attention:
        if (op_of(CLASS_attention, op_info(k->op)->weights, FORMAT_f32) == (int)k->op)
            check_attention(&c);
        else
            check_attention_pieces(&c);
        break;
    case CLASS_state:
        check_state(&c);
        break;
    case CLASS_row:
        check_row(&c);
        break;
    case CLASS_rope_angles:
        check_rope_angles(&c);
        break;
    case CLASS_rope:
        check_rope(&c);
        break;
    case CLASS_embed:
        check_embed(&c);
        break;
    case CLASS_kv_store:
        check_kv_store(&c);
        break;
    case CLASS_yardstick:
        check_yardstick(&c);
        break;
    }
    if (c.failed) return 1;
    if (!c.cases) {
        printf("FAILED %s: no case was run\n", k->symbol);
        return 1;
    }
    printf("ok %s: %ld cases, seed %llu", k->symbol, c.cases, (unsigned long long)seed);
    if (c.worst_share > 0)
        printf("; largest error %.2g of its tolerance, %.2g ulp", c.worst_share, c.worst_ulp);
    putchar('\n');
    return 0;
}

int main(int argc, char **argv) {
    const char *symbol = NULL, *shape = NULL;
    bool timed = false;
    uint64_t seed = 1;
    long only_case = 0, ring_mib = 0;
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (!strcmp(argv[i], "--list") && argc == 2) return list();
        if (!strcmp(argv[i], "--bench"))
            timed = true;
        else if (!strcmp(argv[i], "--shape") && more)
            shape = argv[++i];
        else if (!strcmp(argv[i], "--ring") && more)
            ring_mib = strtol(argv[++i], NULL, 10);
        else if (!strcmp(argv[i], "--seed") && more)
            seed = strtoull(argv[++i], NULL, 10);
        else if (!strcmp(argv[i], "--case") && more)
            only_case = strtol(argv[++i], NULL, 10);
        else if (argv[i][0] != '-' && !symbol)
            symbol = argv[i];
        else
            return usage();
    }
    if (!symbol) return usage();
    const struct kernel *k = find(symbol);
    if (!k) {
        fprintf(stderr, "check_kernels: no kernel '%s' (see --list)\n", symbol);
        return 2;
    }
    if (!kernel_usable(k)) {
        printf("skipped %s: %s\n", symbol,
               k->built ? "this machine lacks its instruction set" : "not for this architecture");
        return 77;
    }
    return timed ? bench(k, shape, ring_mib) : check(argv[0], k, seed, only_case);
}
