// SPDX-License-Identifier: MIT
// Regression: gcc 12.2 at -O3 with -mavx512vnni compiles `sum += (int8_t)u8[k] * s8[k]` to a dot
// product of UNSIGNED by signed bytes. So kernels' structs hold int8_t and are never cast to it;
// this checks that the form they use is compiled rightly under the same flags, and says whether
// this compiler has the trap. 77 where the machine lacks AVX-512 VNNI.
#include "kernels/block_formats.h"
#include "kernels/kernels.h"
#include "tests/case.h"

#if defined(__x86_64__)
#if defined(__clang__)
#define VNNI __attribute__((noinline, target("avx512f,avx512bw,avx512vl,avx512vnni")))
#else
#define VNNI                                                                                       \
    __attribute__((noinline, target("avx512f,avx512bw,avx512vl,avx512vnni"), optimize("O3")))
#endif

VNNI static int32_t dot_as_kernels(const struct block_q8_0 *w, const int8_t *x) {
    int32_t sum = 0;
    for (int k = 0; k < 32; k++) sum += w->q[k] * x[k];
    return sum;
}

VNNI static int32_t dot_with_cast(const uint8_t *w, const int8_t *x) {
    int32_t sum = 0;
    for (int k = 0; k < 32; k++) sum += (int8_t)w[k] * x[k];
    return sum;
}

static int check_dot(const void *argument) {
    (void)argument;
    struct block_q8_0 w = {0, {0}};
    uint8_t bytes[32];
    int8_t x[32];
    volatile int32_t want = 0; // one product at a time
    if (!isa_has(ISA_avx512vnni)) {
        puts("skipped: this machine lacks AVX-512 VNNI");
        return CASE_CANNOT;
    }
    for (int k = 0; k < 32; k++) {
        w.q[k] = (int8_t)(k * 97 % 251 - 128);
        x[k] = (int8_t)(k * 57 % 251 - 125);
        bytes[k] = (uint8_t)w.q[k];
        want = want + w.q[k] * x[k];
    }
    int32_t kernels = dot_as_kernels(&w, x), cast = dot_with_cast(bytes, x);
    printf("dot of signed bytes: %d, as the kernels write it %d; this compiler %s\n", want, kernels,
           cast == want ? "casts rightly too" : "HAS the trap of the cast");
    if (kernels == want) return 0;
    return case_fail("the form of the kernels is compiled wrongly");
}
#else
static int check_dot(const void *argument) {
    (void)argument;
    puts("skipped: an x86 trap");
    return CASE_CANNOT;
}
#endif

int main(int argc, char **argv) {
    static const struct test_case cases[] = {{"dot", check_dot, NULL}};
    return case_main(argc, argv, cases, 1);
}
