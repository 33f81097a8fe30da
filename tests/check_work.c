// SPDX-License-Identifier: MIT
// Kernels in slices (experiments/kernel_work.h): units cover a call exactly, cost what its formulas
// say, and compute in any slices what they compute at once. One case an op.
#include <math.h>

#include "experiments/failure.h"
#include "experiments/kernel_data.h"
#include "experiments/kernel_work.h"
#include "tests/case.h"

#define RING_BYTES 1500000
#define SEED 3

static const char *const shapes[] = {
    // the first that the op takes
    "200x96x7", "200x96", "700x3x2x64x70", "64x5x3", "192x7", "2048x9",
};

static int shape_of(enum op op, struct shape *s) {
    char message[256];
    bool yardstick = op_info(op)->op_class == CLASS_yardstick;
    if (strncmp(op_info(op)->name, "matmul_panel_", 13) == 0 ||
        layout_rows(op_info(op)->weights) > 1)
        return shape_parse(op, op_info(op)->op_class == CLASS_panel ? "208x96" : "208x96x7", s,
                           message, sizeof message);
    if (yardstick) return shape_parse(op, "2048x9", s, message, sizeof message);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (shape_parse(op, shapes[i], s, message, sizeof message) == 0) return 0;
    return -1;
}

static int open_work(struct kernel_work **w, enum op op, const struct shape *s,
                     const struct kernel *const *k, const unsigned char *ring) {
    const struct kernel_work_options o = {.threads = 2,
                                          .seed = SEED,
                                          .kernels = k,
                                          .kernel_count = 1,
                                          .ring = ring,
                                          .ring_bytes = ring != NULL ? RING_BYTES : 0,
                                          .layout_seed = ring != NULL};
    return kernel_work_open(w, op, s, &o);
}

static bool near(double a, double b) {
    return fabs(a - b) <= 1e-9 * fabs(b);
}

static int check_cost(const struct kernel_work *w, enum op op, const struct shape *s) {
    ptrdiff_t units = kernel_work_units(w), step = kernel_work_granule(w);
    double bytes = 0, ops = 0, b, o;
    for (ptrdiff_t u = 0; u < units; u += step) {
        kernel_work_cost(w, u, u + step < units ? u + step : units, &b, &o);
        bytes += b, ops += o;
    }
    if (near(bytes, op_info(op)->bytes(s)) && near(ops, op_info(op)->ops(s))) return 0;
    return case_fail("%s: units cost %.17g bytes and %.17g ops, the call %.17g and %.17g",
                     op_info(op)->name, bytes, ops, op_info(op)->bytes(s), op_info(op)->ops(s));
}

// A copy of what one call gives, at once by thread 0 or in slices by thread 1.
static unsigned char *results_of(enum op op, const struct shape *s, const struct kernel *k,
                                 bool sliced, const unsigned char *ring, size_t *bytes) {
    struct kernel_work *w;
    if (open_work(&w, op, s, &k, ring) != 0) return NULL;
    ptrdiff_t units = kernel_work_units(w), step = sliced ? kernel_work_granule(w) : units;
    if (sliced && op_info(op)->op_class == CLASS_panel) step *= 4; // what one panel holds
    int thread = sliced ? 1 : 0;
    size_t offset = 0;
    for (ptrdiff_t u = 0, end; u < units; u = end) {
        end = u + step < units ? u + step : units;
        offset = kernel_work_place(w, u, end, offset);
        kernel_work_call(w, k, thread, u, end);
    }
    const unsigned char *y = kernel_work_results(w, thread, bytes);
    unsigned char *copy = malloc(*bytes);
    if (copy != NULL) memcpy(copy, y, *bytes);
    kernel_work_close(w);
    return copy;
}

static int check_same(enum op op, const struct shape *s, const struct kernel *k, bool sliced,
                      const unsigned char *ring) {
    size_t bytes = 0, more = 0;
    unsigned char *call = results_of(op, s, k, false, NULL, &bytes);
    unsigned char *other = results_of(op, s, k, sliced, ring, &more);
    int failed = 0;
    if (call == NULL || other == NULL)
        failed = case_fail("%s: %s", k->symbol, failure());
    else if (bytes != more || memcmp(call, other, bytes) != 0)
        failed = case_fail("%s: %s other results than the call", k->symbol,
                           sliced ? "slices give" : "the same weights in the ring give");
    free(call);
    free(other);
    return failed;
}

// Many calls, from a ring that their weights go round, by two threads whose ranges meet anywhere.
static int check_wrapping(enum op op, const struct shape *s, const struct kernel *k,
                          const unsigned char *ring) {
    struct kernel_work *w;
    EXPECT(open_work(&w, op, s, &k, ring) == 0);
    ptrdiff_t granule = kernel_work_granule(w), begin = 0;
    size_t offset = RING_BYTES - 5000;
    for (int i = 0; i < 40; i++) {
        ptrdiff_t middle = begin + granule, end = middle + granule;
        size_t next = kernel_work_place(w, begin, end, offset);
        if (kernel_work_from_ring(w) ? next > RING_BYTES : next != offset)
            return case_fail("%s: the ring's offset became %zu", k->symbol, next);
        kernel_work_call(w, k, 0, begin, middle);
        kernel_work_call(w, k, 1, middle, end);
        offset = next, begin = end;
    }
    kernel_work_close(w);
    return 0;
}

static int check_op(const void *argument) {
    const enum op op = (enum op)op_find(argument);
    struct shape s;
    unsigned char *ring = aligned_alloc(64, RING_BYTES / 64 * 64 + 64);
    int failed = 0;
    EXPECT(ring != NULL);
    EXPECT(shape_of(op, &s) == 0);
    kernel_data_fill_ring(op_info(op)->weights, ring, RING_BYTES, SEED);
    for (size_t i = 0; failed == 0 && i < kernel_count(); i++) {
        const struct kernel *k = kernel_at(i);
        struct kernel_work *w;
        if (k->op != op || !kernel_usable(k)) continue;
        struct shape own = s;
        if (own.tokens < k->tokens_min) own.tokens = k->tokens_min;
        if (own.tokens > k->tokens_max) own.tokens = k->tokens_max;
        if (own.run < own.tokens && op_info(op)->op_class == CLASS_attention) own.run = own.tokens;
        EXPECT(open_work(&w, op, &own, &k, NULL) == 0);
        failed = check_cost(w, op, &own);
        kernel_work_close(w);
        enum op_class c = op_info(op)->op_class; // a yardstick's sink knows its iterations
        if (failed == 0 && c != CLASS_yardstick) failed = check_same(op, &own, k, true, NULL);
        // The ring begins as the operands of one call do; but a table has more rows there.
        if (failed == 0 && c != CLASS_yardstick && c != CLASS_embed)
            failed = check_same(op, &own, k, false, ring);
        if (failed == 0) failed = check_wrapping(op, &own, k, ring);
    }
    free(ring);
    return failed;
}

static int check_refusals(const void *argument) {
    struct kernel_work *w;
    const struct kernel *c = kernel_find(OP_matmul_q8_0_a8_32, "c"),
                        tile = {.symbol = "few",
                                .op = OP_matmul_q8_0_a8_32,
                                .tokens_min = 2,
                                .tokens_max = 16};
    const struct kernel *const few = &tile;
    const struct shape s = {64, 64, 17, 1, 1, 1, 1};
    (void)argument;
    EXPECT(open_work(&w, OP_matmul_q8_0_a8_32, &s, &few, NULL) == EXIT_USAGE && w == NULL);
    EXPECT(strcmp(failure(), "few takes 2 to 16 tokens, not 17") == 0);
    EXPECT(open_work(&w, OP_matmul_f32_f32, &s, &c, NULL) == EXIT_USAGE);
    EXPECT(strstr(failure(), "is no variant of matmul_f32_f32") != NULL);
    return 0;
}

int main(int argc, char **argv) {
    static struct test_case cases[OP_COUNT + 1];
    for (int op = 0; op < OP_COUNT; op++)
        cases[op] =
            (struct test_case){op_info((enum op)op)->name, check_op, op_info((enum op)op)->name};
    cases[OP_COUNT] = (struct test_case){"refusals", check_refusals, NULL};
    return case_main(argc, argv, cases, OP_COUNT + 1);
}
