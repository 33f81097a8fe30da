// SPDX-License-Identifier: MIT
// Counts by simulation. agree/SYMBOL: where the plugin and single-stepping can both count a kernel
// they count the same instructions, of every class. exact/SYMBOL: a loop of known counts
// (kernels/exact_counts.def) gives its known ones, on both architectures. emulated/SYMBOL: AVX-VNNI
// done in software computes what the reference does. instructions/SYMBOL: no
// hand-written kernel grew (tests/instruction_counts.csv; `check_sim --update` rewrites it).
// missing/…: what is said where a tool is not there.
#include <math.h>

#include "experiments/failure.h"
#include "experiments/kernel_work.h"
#include "experiments/simulate.h"
#include "probes/error.h"
#include "probes/step.h"
#include "tests/case.h"

#define CASES_MAX 1024
#define GROWTH_MAX 0.02
#define COUNTS_FILE "tests/instruction_counts.csv"

static struct test_case cases[CASES_MAX];
static size_t case_count;

static void add(const char *group, const char *name, case_function *run, const void *argument) {
    char *full = NULL;
    if (case_count == CASES_MAX || asprintf(&full, "%s/%s", group, name) < 0) abort();
    cases[case_count++] = (struct test_case){full, run, argument};
}

// A small shape that the variant takes, with tails.
static void small_shape(const struct kernel *k, char *shape, size_t size) {
    const ptrdiff_t tokens = k->tokens_min;
    switch (op_info(k->op)->op_class) {
    case CLASS_matmul:
        snprintf(shape, size, "32x96x%td", tokens);
        break;
    case CLASS_panel:
        snprintf(shape, size, "32x96");
        break;
    case CLASS_attention:
        snprintf(shape, size, "40x1x4x32x%td", tokens);
        break;
    case CLASS_state:
        snprintf(shape, size, "32x4x2");
        break;
    case CLASS_yardstick:
        snprintf(shape, size, "4096x3");
        break;
    default:
        snprintf(shape, size, "96x%td", tokens);
        break;
    }
}

static int count(const struct sim_request *r, struct sim_counts *c) {
    if (simulate(r, 1, c) != 0) return case_fail("%s", failure());
    if (c->ok) return 0;
    fprintf(stderr, "  %s: %s\n", r->kernel->symbol, c->message);
    sim_free(c);
    return CASE_CANNOT;
}

static int check_agreement(const void *argument) {
    const struct kernel *k = argument;
    char shape[64];
    struct sim_counts plugin, steps;
    small_shape(k, shape, sizeof shape);
    const struct sim_request a = {k, shape, sim_host_arch(), SIM_TOOL_qemu};
    const struct sim_request b = {k, shape, sim_host_arch(), SIM_TOOL_step};
    int rc = count(&a, &plugin), wrong = 0;
    if (rc != 0) return rc;
    rc = count(&b, &steps);
    for (int e = 0; rc == 0 && e < SIM_EVENT_COUNT; e++) {
        if (isnan(steps.net[e])) continue; // only the plugin counts it
        if (plugin.net[e] != steps.net[e])
            wrong +=
                case_fail("%s at %s: %s: %.17g by the plugin, %.17g by steps", k->symbol, shape,
                          sim_event_info((enum sim_event)e)->name, plugin.net[e], steps.net[e]);
    }
    sim_free(&plugin);
    if (rc == 0) sim_free(&steps);
    return rc != 0 ? rc : wrong > 0;
}

// ---- AVX-VNNI in software: what a stepped kernel computes is what the reference does
static void call_all(const void *work, const void *kernel) {
    kernel_work_call(work, kernel, 0, 0, kernel_work_units(work));
}

static int check_emulated(const void *argument) {
    const struct kernel *k = argument, *both[] = {k, kernel_find(k->op, "c")};
    struct shape s = {.rows = 32, .cols = 96, .tokens = k->tokens_min};
    const struct kernel_work_options o = {
        .threads = 1, .seed = 7, .kernels = both, .kernel_count = 2};
    struct kernel_work *w;
    struct step_counts counts;
    size_t bytes = 0;
    if (!isa_has(ISA_avx2) || isa_has(ISA_avxvnni)) return CASE_CANNOT;
    if (kernel_work_open(&w, k->op, &s, &o) != 0) return case_fail("%s", failure());
    call_all(w, both[1]);
    const float *y = (const float *)(uintptr_t)kernel_work_results(w, 0, &bytes);
    float *want = malloc(bytes);
    if (want == NULL) return case_fail("out of memory");
    memcpy(want, y, bytes);
    memset((void *)(uintptr_t)y, 0xff, bytes);
    int rc =
        step_count(call_all, w, k, 10000000, &counts) == 0 ? 0 : case_fail("%s", probes_error());
    if (rc == 0 && counts.dot == 0) rc = case_fail("no dot product was counted");
    for (ptrdiff_t i = 0; rc == 0 && i < s.rows * s.tokens; i++)
        if (!(fabs((double)y[i] - (double)want[i]) <= 1e-4 * (1 + fabs((double)want[i]))))
            rc = case_fail("%s: y[%td] is %g, the reference's %g", k->symbol, i, (double)y[i],
                           (double)want[i]);
    free(want);
    kernel_work_close(w);
    return rc;
}

// ---- loops of known counts: of both architectures, whatever this build is
struct exact {
    enum arch arch;
    const char *symbol;
    long bytes;
    double each[11], call[11]; // in the order of kernels/exact_counts.def
    double variance;
};
#define EACH(...)                                                                                  \
    { __VA_ARGS__ }
#define CALL(...)                                                                                  \
    { __VA_ARGS__ }
#define EXACT(arch, op, variant, bytes, each, call, variance)                                      \
    {ARCH_##arch, #op "__" #variant, bytes, each, call, variance},
static const struct exact exact_rows[] = {
#include "kernels/exact_counts.def"
};
#undef EXACT
#undef EACH
#undef CALL
#if defined(__CET__) && (__CET__ & 1)
#define ENDBR 1.0 // kernels/asm/asm.h begins each function of this build with endbr64
#else
#define ENDBR 0.0
#endif

static int check_exact(const void *argument) {
    static const struct {
        enum sim_event event;
        int column;
    } known[] = {{SIM_instructions, 0},     {SIM_branches, 3},     {SIM_vector_instructions, 6},
                 {SIM_dot_instructions, 7}, {SIM_loaded_bytes, 9}, {SIM_stored_bytes, 10}};
    const struct exact *x = argument;
    const struct kernel *k = kernel_find_symbol(x->symbol);
    const double iterations = 7;
    char shape[64];
    struct sim_counts c;
    if (k == NULL) return case_fail("no kernel %s", x->symbol);
    snprintf(shape, sizeof shape, "%ldx%.0f", x->bytes != 0 ? x->bytes : 1024, iterations);
    const struct sim_request r = {k, shape, x->arch, SIM_TOOL_any};
    const int rc = count(&r, &c);
    int wrong = 0;
    for (size_t i = 0; rc == 0 && i < sizeof known / sizeof *known; i++) {
        const double got = c.net[known[i].event];
        double want = x->call[known[i].column] + iterations * x->each[known[i].column];
        if (known[i].column == 0 && x->arch == ARCH_x86_64) want += ENDBR;
        if (!isnan(got) && got != want)
            wrong += case_fail("%s at %s: %s: %.17g, known to be %.17g", x->symbol, shape,
                               sim_event_info(known[i].event)->name, got, want);
    }
    if (rc == 0) sim_free(&c);
    return rc != 0 ? rc : wrong > 0;
}

// ---- the gate: tests/instruction_counts.csv is symbol,arch,shape,instructions
struct gate {
    char symbol[96], arch[16], shape[64];
    double instructions; // NaN: never counted (no machine of ours executes it)
};
static struct gate gates[CASES_MAX];
static size_t gate_count;

static bool hand_written(const struct kernel *k) {
    return k->packer == NULL && strcmp(k->variant, "c") != 0 && strncmp(k->variant, "c_", 2) != 0;
}
static enum arch arch_of(const char *word) {
    return strcmp(word, "aarch64") == 0 ? ARCH_aarch64 : ARCH_x86_64;
}

static int check_growth(const void *argument) {
    const struct gate *g = argument;
    const struct kernel *k = kernel_find_symbol(g->symbol);
    struct sim_counts c;
    if (k == NULL) return case_fail(COUNTS_FILE ": no kernel %s", g->symbol);
    const struct sim_request r = {k, g->shape, arch_of(g->arch), SIM_TOOL_any};
    const int rc = count(&r, &c);
    if (rc != 0) return rc;
    const double got = c.net[SIM_instructions];
    sim_free(&c);
    if (isnan(g->instructions) || got > g->instructions * (1 + GROWTH_MAX))
        return case_fail("%s executes %.0f instructions at %s, " COUNTS_FILE
                         " says %.0f: make it shorter, or, if that was meant, update the row "
                         "%s,%s (make instruction-counts)",
                         g->symbol, got, g->shape, g->instructions, g->symbol, g->arch);
    return 0;
}

static void gate_read(void) {
    char *path = case_tree_path(COUNTS_FILE);
    FILE *f = fopen(path, "r");
    char line[512], count_text[64];
    bool header = true;
    while (f != NULL && fgets(line, sizeof line, f) != NULL && gate_count < CASES_MAX) {
        struct gate *g = &gates[gate_count];
        *count_text = '\0';
        if (header || sscanf(line, "%95[^,],%15[^,],%63[^,],%63[0-9]", g->symbol, g->arch, g->shape,
                             count_text) < 3) {
            header = false;
            continue;
        }
        g->instructions = *count_text ? strtod(count_text, NULL) : NAN;
        gate_count++;
    }
    if (f != NULL) fclose(f);
    free(path);
}

static const struct gate *gate_find(const char *symbol, const char *arch) {
    for (size_t i = 0; i < gate_count; i++)
        if (strcmp(gates[i].symbol, symbol) == 0 && strcmp(gates[i].arch, arch) == 0)
            return &gates[i];
    return NULL;
}

// Every hand-written kernel must have a row: a new one cannot stay uncounted.
static int check_rows(const void *argument) {
    (void)argument;
    int missing = 0;
    for (size_t i = 0; i < kernel_count(); i++) {
        const struct kernel *k = kernel_at(i);
        if (!hand_written(k)) continue;
        for (int a = ARCH_x86_64; a <= ARCH_aarch64; a++) {
            const char *word = a == ARCH_aarch64 ? "aarch64" : "x86_64";
            if ((k->arch == ARCH_any || k->arch == (enum arch)a) && !gate_find(k->symbol, word))
                missing += case_fail(COUNTS_FILE ": no row %s,%s: make instruction-counts adds it",
                                     k->symbol, word);
        }
    }
    return missing > 0;
}

// Rows of kernels that this machine cannot count keep what they say.
static int update(void) {
    static struct sim_request requests[CASES_MAX];
    static struct sim_counts counts[CASES_MAX];
    static char shapes[CASES_MAX][64];
    size_t n = 0;
    for (size_t i = 0; i < kernel_count(); i++) {
        const struct kernel *k = kernel_at(i);
        for (int a = ARCH_x86_64; hand_written(k) && a <= ARCH_aarch64; a++) {
            if (k->arch != ARCH_any && k->arch != (enum arch)a) continue;
            const struct gate *old = gate_find(k->symbol, a == ARCH_aarch64 ? "aarch64" : "x86_64");
            if (old != NULL)
                snprintf(shapes[n], sizeof shapes[n], "%s", old->shape);
            else
                small_shape(k, shapes[n], sizeof shapes[n]);
            requests[n] = (struct sim_request){k, shapes[n], (enum arch)a, SIM_TOOL_any};
            n++;
        }
    }
    if (simulate(requests, n, counts) != 0) return case_fail("%s", failure());
    char *path = case_tree_path(COUNTS_FILE);
    FILE *f = fopen(path, "w");
    if (f == NULL) return case_fail("%s: cannot write it", path);
    fprintf(f, "symbol,arch,shape,instructions\n");
    for (size_t i = 0; i < n; i++) {
        const char *symbol = requests[i].kernel->symbol;
        const char *arch = requests[i].arch == ARCH_aarch64 ? "aarch64" : "x86_64";
        const struct gate *old = gate_find(symbol, arch);
        double value = counts[i].ok ? counts[i].net[SIM_instructions]
                       : old        ? old->instructions
                                    : NAN;
        if (!counts[i].ok) fprintf(stderr, "%s: not counted: %s\n", symbol, counts[i].message);
        if (old == NULL || (counts[i].ok && value != old->instructions))
            fprintf(stderr, "%s,%s: %.0f, was %.0f\n", symbol, arch, value,
                    old ? old->instructions : NAN);
        fprintf(f, "%s,%s,%s,", symbol, arch, requests[i].shape);
        if (!isnan(value)) fprintf(f, "%.0f", value);
        fputc('\n', f);
        sim_free(&counts[i]);
    }
    free(path);
    return fclose(f) == 0 ? 0 : 1;
}

// ---- tools that are not there
static int expect_refusal(const char *path, const char *words) {
    const struct kernel *k = kernel_find_symbol("matmul_q8_0_a8_32__c");
    const struct sim_request r = {k, "4x32", sim_host_arch(), SIM_TOOL_qemu};
    struct sim_counts c;
    char *before = strdup(getenv("PATH") ? getenv("PATH") : "");
    setenv("PATH", path, 1);
    const int rc = simulate(&r, 1, &c);
    setenv("PATH", before, 1);
    free(before);
    if (rc != 0) return case_fail("%s", failure());
    const bool right = !c.ok && strstr(c.message, words) != NULL && isnan(c.net[0]);
    const int status =
        right ? 0 : case_fail("ok %d, \"%s\"; wanted \"%s\"", c.ok, c.message, words);
    sim_free(&c);
    return status;
}
static int check_no_qemu(const void *argument) {
    (void)argument;
    return expect_refusal("/nowhere", "apt-get install qemu-user");
}
// qemu-user built without plugins: the option is unknown to it.
static int check_no_plugins(const void *argument) {
    (void)argument;
    const char *directory = case_make_directory();
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/%s", directory,
             sim_host_arch() == ARCH_aarch64 ? "qemu-aarch64" : "qemu-x86_64");
    FILE *f = fopen(path, "w");
    if (f == NULL) return case_fail("%s: cannot write it", path);
    fputs("#!/bin/sh\n[ \"$1\" = --version ] && { echo 'qemu version 10.0.0'; exit 0; }\n"
          "echo \"qemu: unknown option 'plugin'\" >&2\nexit 1\n",
          f);
    fclose(f);
    if (chmod(path, 0755) != 0) return case_fail("%s: chmod", path);
    return expect_refusal(directory, "takes no plugin");
}

int main(int argc, char **argv) {
    gate_read();
    if (argc == 2 && strcmp(argv[1], "--update") == 0) return update();
    for (size_t i = 0; i < kernel_count(); i++) {
        const struct kernel *k = kernel_at(i);
        if (k->built && (k->isa == ISA_c || k->isa == ISA_avx2) && sim_host_arch() == ARCH_x86_64)
            add("agree", k->symbol, check_agreement, k);
    }
    for (size_t i = 0; i < kernel_count(); i++) {
        const struct kernel *k = kernel_at(i);
        if (k->built && k->isa == ISA_avxvnni && k->packer == NULL &&
            op_info(k->op)->op_class == CLASS_matmul)
            add("emulated", k->symbol, check_emulated, k);
    }
    for (size_t i = 0; i < sizeof exact_rows / sizeof *exact_rows; i++)
        if (exact_rows[i].variance == 0)
            add(exact_rows[i].arch == ARCH_aarch64 ? "exact/aarch64" : "exact/x86_64",
                exact_rows[i].symbol, check_exact, &exact_rows[i]);
    for (size_t i = 0; i < gate_count; i++) {
        char group[32];
        snprintf(group, sizeof group, "instructions/%s", gates[i].arch);
        add(group, gates[i].symbol, check_growth, &gates[i]);
    }
    add("instructions", "rows", check_rows, NULL);
    add("missing", "qemu", check_no_qemu, NULL);
    add("missing", "plugins", check_no_plugins, NULL);
    return case_main(argc, argv, cases, case_count);
}
