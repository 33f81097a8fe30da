// SPDX-License-Identifier: MIT
// The internal verb `region OP=VARIANT:SHAPE`: one call of a kernel at a shape, on one thread over
// operands at fixed addresses, between the marks of probes/region_mark.h. A simulator that runs
// this program counts what lies between them; `--step` counts it here, by single-stepping.
// Prints `entry,SYMBOL,ADDRESS` (in decimal), and with --step the rows of the plugin.
#include "experiments/region.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "experiments/command.h"
#include "experiments/failure.h"
#include "experiments/kernel_work.h"
#include "experiments/region_model.h"
#include "probes/error.h"
#include "probes/region_mark.h"
#include "probes/step.h"

// Free in every process we know, and below program and stack both here and under qemu: compilers
// ask which of two pointers is higher before they take a vector loop.
#define OPERANDS_ADDRESS ((void *)(uintptr_t)0x200000000)
#define STEPS_MAX 20000000ull // minutes

int region_parse(const char *spec, const struct kernel **k, struct shape *s) {
    char op_name[64], variant[64], message[512];
    int shape_at = 0;
    if (sscanf(spec, "%63[a-z0-9_]=%63[a-z0-9_]:%n", op_name, variant, &shape_at) != 2 ||
        shape_at == 0)
        return fail(EXIT_USAGE, "'%s' is not OP=VARIANT:SHAPE", spec);
    const int op = op_find(op_name);
    if (op < 0) return fail(EXIT_USAGE, "no op '%s' (`inferometer list ops`)", op_name);
    *k = kernel_find((enum op)op, variant);
    if (*k == NULL)
        return fail(EXIT_USAGE, "%s has no variant '%s' (`inferometer list kernels`)", op_name,
                    variant);
    if (shape_parse((enum op)op, spec + shape_at, s, message, sizeof message) != 0)
        return fail(EXIT_USAGE, "%s", message);
    return 0;
}

// ---- a kernel whose entry is a trampoline: each of its calls is a region of its own, without the
// C that cuts the shape into calls
static region_function *inner;
static bool stepping;
static int step_status;
static uint64_t calls;
static struct step_counts total;
static struct step_block blocks[8192];
static size_t block_count;

static void add_block(const struct step_block *b) {
    size_t i = 0;
    while (i < block_count && blocks[i].address != b->address) i++;
    if (i == sizeof blocks / sizeof *blocks) return; // the hot ones came first
    if (i == block_count) blocks[block_count++] = (struct step_block){.address = b->address};
    blocks[i].executions += b->executions;
}

static void count_call(region_function *fn, const void *a, const void *b) {
    struct step_counts c;
    if (!stepping) {
        region_call(fn, a, b);
        return;
    }
    if (step_status != 0) {
        fn(a, b);
        return;
    }
    step_status = step_count(fn, a, b, STEPS_MAX - total.instructions, &c);
    if (step_status != 0) return;
    calls++;
    total.instructions += c.instructions;
    total.branches += c.branches;
    total.vector += c.vector;
    total.dot += c.dot;
    total.scalar_float += c.scalar_float;
    for (size_t i = 0; i < c.block_count; i++) add_block(&c.blocks[i]);
}

static void trampoline(const void *args) {
    count_call(inner, args, NULL);
}

static void call_whole(const void *work, const void *kernel) {
    const struct kernel_work *w = work;
    kernel_work_call(w, kernel, 0, 0, kernel_work_units(w));
}

// As the plugin's, without the call between the marks but with what it adds: a simulator's rows and
// these are read alike.
static void print_steps(void) {
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"calls", calls},
        {"instructions", total.instructions + calls * REGION_CALL_INSTRUCTIONS},
        {"branches", total.branches + calls},
        {"vector_instructions", total.vector},
        {"dot_instructions", total.dot},
        {"scalar_float_instructions", total.scalar_float},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        printf("count,0,0,%s,%" PRIu64 "\n", rows[i].name, rows[i].value);
    for (size_t i = 0; i < block_count; i++)
        printf("block,%" PRIu64 ",%" PRIu64 ",1,%" PRIu64 "\n", blocks[i].address,
               blocks[i].address + 1, blocks[i].executions);
}

int region_main(const struct command *c) {
    const struct kernel *k;
    struct shape s;
    struct kernel_work *w;
    if (strncmp(c->positional[0], "eval:", 5) == 0) return region_model(c, c->positional[0] + 5);
    int status = region_parse(c->positional[0], &k, &s);
    if (status != 0) return status;
    stepping = command_has(c, "--step");
    // AVX-VNNI is stepped through in software where the rest can run.
    const bool emulated =
        stepping && k->built && k->isa == ISA_avxvnni && isa_has(ISA_avx2) && !isa_has(ISA_avxvnni);
    if (!kernel_usable(k) && !emulated)
        return fail(EXIT_CANNOT, "%s: %s", k->symbol,
                    k->built ? "this machine has not its instructions (or they are masked)"
                             : "is for another architecture than this build");
    const struct kernel_work_options o = {
        .threads = 1, .seed = 1, .kernels = &k, .kernel_count = 1, .address = OPERANDS_ADDRESS};
    if ((status = kernel_work_open(&w, k->op, &s, &o)) != 0) return status;
    struct kernel counted = *k;
    if (k->packer != NULL) { // a pair is two kernels and the C between them
        printf("entry,%s,0\n", k->symbol);
        fflush(stdout);
        count_call(call_whole, w, k);
    } else {
        inner = (region_function *)(uintptr_t)k->run.any;
        counted.run.any = (void (*)(void))trampoline;
        printf("entry,%s,%" PRIuPTR "\n", k->symbol, (uintptr_t)inner);
        fflush(stdout);
        call_whole(w, &counted);
    }
    kernel_work_close(w);
    if (step_status != 0)
        return fail(step_status == -EFBIG || step_status == -ENOTSUP ? EXIT_CANNOT : EXIT_FAILED,
                    "%s: %s", c->positional[0], probes_error());
    if (stepping) print_steps();
    return 0;
}
