// SPDX-License-Identifier: MIT
// The grammar of variants, the choice by tokens, and the words of shapes.
#include "kernels/isa_units.h"
#include "kernels/kernels.h"
#include "tests/case.h"

static int failures;

static void expect(bool right, const char *what, const char *message) {
    if (right) return;
    failures++;
    case_fail("%s: '%s'", what, message);
}

static void rules(const char *text, int status, const char *part) {
    struct kernel_rules r = {0};
    char message[512] = "";
    int got = kernel_rules_parse(&r, text, message, sizeof message);
    expect(got == status && strstr(message, part), text, message);
}

static void chosen(const char *text, enum op op, ptrdiff_t tokens, const char *variant) {
    struct kernel_rules r = {0};
    char message[512] = "";
    int status = kernel_rules_parse(&r, text, message, sizeof message);
    const struct kernel *k = kernel_select(op, tokens, 0, &r);
    expect(!status && !strcmp(k->variant, variant), text, k->symbol);
}

static void shape(enum op op, const char *text, int status, const char *part) {
    struct shape s;
    char message[256] = "";
    int got = shape_parse(op, text, &s, message, sizeof message);
    expect(got == status && strstr(message, part), text, message);
}

static int check_rules(const void *argument) {
    (void)argument;
    failures = 0;
    rules("", 0, "");
    rules("*=c", 0, "");
    rules("*=c,add=c,*=default", 0, "");
    rules("*=avx2", 2, "only *=c and *=default");
    rules("rmsnrm=c", 2, "did you mean 'rmsnorm'");
    rules("add=d", 2, "did you mean 'c'");
    rules("add", 2, "is not OP=VARIANT");
    rules("add=c,", 2, "last comma");
    rules("=c", 2, "is not OP=VARIANT");
#if defined(__x86_64__)
    rules("matmul_f32_f32=c_neon", 77, "another architecture");
#else
    rules("matmul_f32_f32=c_v3", 77, "another architecture");
#endif
    return failures > 0;
}

static int check_choice(const void *argument) {
    (void)argument;
    failures = 0;
    chosen("*=c", OP_matmul_q8_0_a8_32, 1, "c");
    chosen("*=c", OP_matmul_q8_0_a8_32, 100000, "c");
    chosen("matmul_q8_0_a8_32=c", OP_matmul_q8_0_a8_32, 7, "c");
    chosen("matmul_q8_0_a8_32=c,*=default,*=c", OP_add, 7, "c");
    bool avx512 = isa_has(ISA_avx512), vnni = isa_has(ISA_avx512vnni);
    if (isa_has(ISA_avx2)) {
        chosen("", OP_read_stream, 1, avx512 ? "avx512_s4" : "avx2_s4");
        chosen("", OP_matmul_q8_0_a8_32, 1, vnni ? "avx512vnni_s8" : "avx2_s8");
        chosen("", OP_matmul_q8_0_a8_32, 16, vnni ? "avx512vnni_r16" : "avx2_r8");
        chosen("", OP_matmul_q8_0_a8_32, 33, vnni ? "panel_avx512vnni_48x4" : "panel_avx2");
        chosen("", OP_matmul_f32_f32, 1, avx512 ? "avx512_s8" : "avx2_s4");
        chosen("", OP_matmul_f32_f32, 512, avx512 ? "panel_avx512" : "panel_avx2");
    }
    if (isa_has(ISA_dotprod)) chosen("", OP_matmul_q8_0_a8_32, 1, "dotprod_r4");
    return failures > 0;
}

// Of each architecture: what is written by hand, then what the compiler made of C, then c.
static void check_order(enum op op, enum arch arch) {
    int last = 0;
    for (size_t i = 0; i < kernel_count(); i++) {
        const struct kernel *k = kernel_at(i);
        if (k->op != op || (k->arch != arch && k->arch != ARCH_any)) continue;
        int place = !strcmp(k->variant, "c") ? 2 : !strncmp(k->variant, "c_", 2) ? 1 : 0;
        expect(place >= last, "behind what the compiler made", k->symbol);
        last = place;
    }
    expect(last == 2, "the last row is not c", op_info(op)->name);
}

static int check_table(const void *argument) {
    (void)argument;
    failures = 0;
    for (int op = 0; op < OP_COUNT; op++) {
        check_order((enum op)op, ARCH_x86_64);
        check_order((enum op)op, ARCH_aarch64);
    }
    for (int op = 0; op < OP_COUNT; op++) { // every op has a reference that fits everything
        const struct kernel *c = kernel_find((enum op)op, "c");
        expect(c && kernel_usable(c) && c->tokens_min == 1 && c->tokens_max == TOKENS_ANY,
               "a reference", op_info((enum op)op)->name);
    }
    for (size_t i = 0; i < kernel_count(); i++) { // no variant hides behind another of its name
        const struct kernel *k = kernel_at(i);
        expect(kernel_find_symbol(k->symbol) == k, "one row a symbol", k->symbol);
        expect(!k->packer || (kernel_find_symbol(k->packer) && kernel_find_symbol(k->tile)),
               "halves of a pair", k->symbol);
    }
    return failures > 0;
}

static int check_shapes(const void *argument) {
    (void)argument;
    failures = 0;
    shape(OP_matmul_q8_0_a8_32, "64x96", 0, "");
    shape(OP_matmul_q8_0_a8_32, "64x96x5", 0, "");
    shape(OP_matmul_q8_0_a8_32, "64x97", -1, "multiple of 32");
    shape(OP_matmul_q8_0_a8_32, "64", -1, "ROWSxCOLS[xTOKENS]");
    shape(OP_matmul_q8_0_a8_32, "64x96x5x1", -1, "ROWSxCOLS[xTOKENS]");
    shape(OP_matmul_q8_0_a8_32, "64x96x0", -1, "ROWSxCOLS[xTOKENS]");
    shape(OP_matmul_q8_0_a8_32, "64x96x99999999999999999999", -1, "ROWSxCOLS[xTOKENS]");
    shape(OP_attention_f16, "100x8x4x64x5", 0, "");
    shape(OP_attention_f16, "4x8x4x64x5", -1, "last of the RUN");
    shape(OP_read_stream, "1000x5", -1, "multiple of 1024");
    return failures > 0;
}

// Units of CPUs that are not here: Sapphire Rapids, a plain AVX-512 machine, Neoverse V1, one with
// SME.
static int check_units(const void *argument) {
    (void)argument;
    char text[ISA_UNITS_BYTES];
    failures = 0;
    isa_units_x86_64(1u << 22 | 1u << 24 | 1u << 25, 0, text);
    expect(!strcmp(text, "AMX-INT8 (int8) AMX-BF16 (bf16)"), "AMX", text);
    isa_units_x86_64(1u << 24 | 1u << 23, 0x30, text);
    expect(!strcmp(text, "none"), "tiles alone", text);
    isa_units_aarch64(1u << 22, 1u << 13 | 1u << 14, text);
    expect(!strcmp(text, "I8MM (int8) BF16 (bf16) SVE (fma, int8)"), "SVE", text);
    isa_units_aarch64(0, 1u << 23, text);
    expect(!strcmp(text, "SME (fma, int8, bf16)"), "SME", text);
    expect(*isa_units() != 0, "this machine", isa_units());
    return failures > 0;
}

int main(int argc, char **argv) {
    static const struct test_case cases[] = {
        {"rules", check_rules, NULL}, {"choice", check_choice, NULL},
        {"table", check_table, NULL}, {"shapes", check_shapes, NULL},
        {"units", check_units, NULL},
    };
    return case_main(argc, argv, cases, sizeof cases / sizeof *cases);
}
