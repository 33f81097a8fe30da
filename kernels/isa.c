// SPDX-License-Identifier: MIT
// What the machine can execute: CPUID with the state that the OS saves (XGETBV), or HWCAP; less
// what INFEROMETER_ISA masks (a comma list: the sets that stay, with those they include; `c` always
// stays).
#include "kernels/kernels.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

static const struct {
    const char *name;
    unsigned includes;
} isas[ISA_COUNT] = {
#define ISA(name, arch, includes, meaning) {#name, includes},
#include "kernels/isa.def"
#undef ISA
};

const char *isa_name(enum isa isa) {
    return isas[isa].name;
}

int isa_find(const char *name) {
    for (int i = 0; i < ISA_COUNT; i++)
        if (!strcmp(isas[i].name, name)) return i;
    return -1;
}

unsigned isa_includes(enum isa isa) {
    return 1u << isa | isas[isa].includes | ISA_BIT(c);
}

#if defined(__x86_64__)
static uint64_t xcr0(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static bool all(unsigned word, unsigned bits) {
    return (word & bits) == bits;
}

static unsigned detect(void) {
    unsigned a, b, c, d, leaf1_c, leaf7_b, leaf7_c, leaf71_a = 0, extended_c, found = 0;
    if (!__get_cpuid(1, &a, &b, &leaf1_c, &d) || !(leaf1_c & bit_OSXSAVE)) return 0;
    if (!__get_cpuid_count(7, 0, &a, &leaf7_b, &leaf7_c, &d)) return 0;
    if (a >= 1) __get_cpuid_count(7, 1, &leaf71_a, &b, &c, &d);
    if (!__get_cpuid(0x80000001, &a, &b, &extended_c, &d)) return 0;
    uint64_t saved = xcr0();
    bool ymm_saved = (saved & 0x06) == 0x06, zmm_saved = (saved & 0xe6) == 0xe6;
    // All of x86-64-v3 and -v4, because the compiler variants may use all of it.
    if (ymm_saved && all(leaf1_c, bit_AVX | bit_FMA | bit_F16C | bit_MOVBE) &&
        all(leaf7_b, bit_AVX2 | bit_BMI | bit_BMI2) && (extended_c & 0x20 /* LZCNT */))
        found |= ISA_BIT(avx2);
    if (!found) return 0;
    if (leaf71_a & 0x10) found |= ISA_BIT(avxvnni);
    if (!zmm_saved ||
        !all(leaf7_b, bit_AVX512F | bit_AVX512BW | bit_AVX512CD | bit_AVX512DQ | bit_AVX512VL))
        return found;
    found |= ISA_BIT(avx512);
    if (leaf7_c & 0x800) found |= ISA_BIT(avx512vnni);
    if (leaf71_a & 0x20) found |= ISA_BIT(avx512bf16);
    return found;
}
#elif defined(__aarch64__)
static unsigned detect(void) {
    unsigned long capabilities = getauxval(AT_HWCAP);
    unsigned found = 0;
    if (capabilities & (1ul << 1)) found |= ISA_BIT(neon);                // HWCAP_ASIMD
    if (found && (capabilities & (1ul << 20))) found |= ISA_BIT(dotprod); // HWCAP_ASIMDDP
    return found;
}
#endif

static unsigned masked(unsigned found, const char *mask) {
    unsigned stay = 0;
    while (*mask) {
        size_t length = strcspn(mask, ",");
        int isa = 0;
        while (isa < ISA_COUNT &&
               (strlen(isas[isa].name) != length || memcmp(isas[isa].name, mask, length)))
            isa++;
        if (isa == ISA_COUNT) {
            fprintf(stderr, "INFEROMETER_ISA: no instruction set '%.*s'; there are:", (int)length,
                    mask);
            for (int i = 0; i < ISA_COUNT; i++) fprintf(stderr, " %s", isas[i].name);
            fputc('\n', stderr);
            exit(2);
        }
        stay |= 1u << isa | isas[isa].includes;
        mask += length + (mask[length] == ',');
    }
    return found & stay;
}

unsigned isa_available(void) {
    static atomic_uint known; // 0 until asked: ISA_BIT(c) is always among them
    unsigned isa = atomic_load_explicit(&known, memory_order_relaxed);
    if (isa) return isa;
    const char *mask = getenv("INFEROMETER_ISA");
    isa = detect();
    if (mask && *mask) isa = masked(isa, mask);
    isa |= ISA_BIT(c);
    atomic_store_explicit(&known, isa, memory_order_relaxed);
    return isa;
}

bool isa_has(enum isa isa) {
    return isa_available() >> isa & 1;
}
