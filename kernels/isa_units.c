// SPDX-License-Identifier: MIT
#include "kernels/isa_units.h"

#include <stdio.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

struct unit {
    const char *name, *exceeds;
    int word, bit;
};

static void describe(const struct unit *units, size_t count, const uint64_t words[2],
                     char text[ISA_UNITS_BYTES]) {
    size_t used = 0;
    text[0] = 0;
    for (size_t i = 0; i < count; i++) {
        if (!(words[units[i].word] >> units[i].bit & 1)) continue;
        int n = snprintf(text + used, ISA_UNITS_BYTES - used, "%s%s (%s)", used ? " " : "",
                         units[i].name, units[i].exceeds);
        if (n > 0 && (size_t)n < ISA_UNITS_BYTES - used) used += (size_t)n;
    }
    if (!used) snprintf(text, ISA_UNITS_BYTES, "none");
}

void isa_units_x86_64(uint32_t leaf7_edx, uint32_t leaf71_eax, char text[ISA_UNITS_BYTES]) {
    static const struct unit units[] = {
        {"AMX-INT8", "int8", 0, 25}, {"AMX-BF16", "bf16", 0, 22}, {"AMX-FP16", "fma", 1, 21}};
    describe(units, sizeof units / sizeof *units, (uint64_t[]){leaf7_edx, leaf71_eax}, text);
}

// SVE exceeds NEON where its vectors are longer than 16 bytes; SME's outer products wherever it is.
void isa_units_aarch64(uint64_t hwcap, uint64_t hwcap2, char text[ISA_UNITS_BYTES]) {
    static const struct unit units[] = {{"I8MM", "int8", 1, 13},
                                        {"BF16", "bf16", 1, 14},
                                        {"SVE", "fma, int8", 0, 22},
                                        {"SME", "fma, int8, bf16", 1, 23}};
    describe(units, sizeof units / sizeof *units, (uint64_t[]){hwcap, hwcap2}, text);
}

const char *isa_units(void) {
    static _Thread_local char text[ISA_UNITS_BYTES];
#if defined(__x86_64__)
    unsigned a = 0, b, c, d = 0, subleaves = 0, unused;
    if (__get_cpuid_count(7, 0, &subleaves, &b, &c, &d) && subleaves >= 1)
        __get_cpuid_count(7, 1, &a, &b, &c, &unused);
    isa_units_x86_64(d, a, text);
#else
    isa_units_aarch64(getauxval(AT_HWCAP), getauxval(AT_HWCAP2), text);
#endif
    return text;
}

const char *isa_units_source(void) {
#if defined(__x86_64__)
    return "cpuid 7";
#else
    return "AT_HWCAP, AT_HWCAP2";
#endif
}
