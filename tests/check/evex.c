// SPDX-License-Identifier: MIT
// The AVX-VNNI rows of kernels.def with their EVEX twins (Makefile: tests/evex/), see check.h.
#include "tests/check/check.h"

#include <stdio.h>

#if defined(__x86_64__)
// Rows of other ISAs fall out: EVEX_<isa> is empty for all but one.
#define EVEX_c(of, op, variant)
#define EVEX_avx2(of, op, variant)
#define EVEX_avx512(of, op, variant)
#define EVEX_avx512vnni(of, op, variant)
#define EVEX_avx512bf16(of, op, variant)
#define EVEX_neon(of, op, variant)
#define EVEX_dotprod(of, op, variant)
#define EVEX_avxvnni(of, op, variant) of(op, variant)
#define PAIR(...)

#define TWIN(op, variant) void evex_##op##__##variant(const void *a);
#define KERNEL(arch, op, variant, isa, ...) EVEX_##isa(TWIN, op, variant)
#include "kernels/kernels.def"
#undef KERNEL
#undef TWIN

static const struct {
    const char *symbol;
    void (*run)(const void *a);
} twins[] = {
#define TWIN(op, variant) {#op "__" #variant, evex_##op##__##variant},
#define KERNEL(arch, op, variant, isa, ...) EVEX_##isa(TWIN, op, variant)
#include "kernels/kernels.def"
#undef KERNEL
};
enum { COUNT = sizeof twins / sizeof *twins };

size_t evex_count(void) {
    return COUNT;
}

const struct kernel *evex_at(size_t i) {
    static struct kernel made[COUNT];
    static char names[COUNT][96];
    struct kernel *k = &made[i];
    *k = *kernel_find_symbol(twins[i].symbol);
    snprintf(names[i], sizeof names[i], "evex_%s", twins[i].symbol);
    k->symbol = names[i];
    k->isa = ISA_avx512vnni;
    k->run.any = (void (*)(void))twins[i].run;
    return k;
}
#else
size_t evex_count(void) {
    return 0;
}

const struct kernel *evex_at(size_t i) {
    (void)i;
    return NULL;
}
#endif
