// SPDX-License-Identifier: MIT
#include "experiments/selftest.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "experiments/events.h"
#include "experiments/failure.h"
#include "experiments/random.h"
#include "kernels/chase.h"
#include "kernels/exact_counts.h"
#include "kernels/kernels.h"
#include "probes/machine.h"

#define RESULTS_MAX 128
#define PAGE_BYTES 4096

struct selftest_call {
    const struct kernel *kernel;
    struct yardstick_args args;
    _Alignas(64) unsigned char sink[64];
    bool chase; // goes on where the call before ended
};

static void run_call(void *arg, uint64_t iterations) {
    struct selftest_call *c = arg;
    c->args.iterations = (ptrdiff_t)iterations;
    c->kernel->run.yardstick(&c->args);
    if (c->chase) memcpy(&c->args.buffer, c->sink, sizeof c->args.buffer);
}

static void *buffer_of(struct selftest_loops *l, size_t bytes) {
    void *b = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (b == MAP_FAILED) return NULL;
    l->buffers[l->count] = b;
    l->bytes[l->count] = bytes;
    return b;
}

static struct selftest_call *add(struct selftest_loops *l, const struct kernel *k,
                                 enum selftest_quantity q, uint64_t iterations, double each,
                                 double variance) {
    struct selftest_call *c = &l->calls[l->count];
    c->kernel = k;
    l->loops[l->count] = (struct selftest_loop){.name = k->symbol,
                                                .run = run_call,
                                                .arg = c,
                                                .iterations = iterations,
                                                .quantity = q,
                                                .each = each,
                                                .variance = variance};
    return c;
}

// The first usable variant of the op whose counts are known, for one quantity.
static int add_exact(struct selftest_loops *l, enum op op, enum selftest_quantity q,
                     uint64_t iterations) {
    for (size_t i = 0; i < exact_counts_rows(); i++) {
        const struct exact_row *r = exact_counts_at(i);
        const struct kernel *k = kernel_find_symbol(r->symbol);
        if (k == NULL || k->op != op || !kernel_usable(k)) continue;
        const struct exact_counts *each = &r->iteration;
        const double known[SELFTEST_QUANTITIES] = {
            [SELFTEST_instructions] = each->instructions,
            [SELFTEST_loads] = each->loads,
            [SELFTEST_stores] = each->stores,
            [SELFTEST_branches] = each->branches,
            [SELFTEST_mispredictions] = each->mispredictions,
            [SELFTEST_vector] = each->vector,
            [SELFTEST_dot] = each->dot,
            [SELFTEST_cycles] = 64, // add_chain: 64 dependent additions, the loop beside them
        };
        struct selftest_call *c =
            add(l, k, q, iterations, known[q], q == SELFTEST_mispredictions ? r->variance : 0);
        const size_t bytes = r->buffer_bytes > 0 ? (size_t)r->buffer_bytes : 1024;
        void *b = buffer_of(l, bytes);
        if (b == NULL) return fail(EXIT_FAILED, "out of memory for the self-test");
        memcpy(b, &(uint64_t){20}, 8); // count_mispredictions: the seed of its pattern
        c->args = (struct yardstick_args){b, (ptrdiff_t)bytes, 0, c->sink};
        l->count++;
        return 0;
    }
    return 0;
}

// One 64-byte line a page, in a random cycle over all of them: every load walks the page table.
static void fill_pages(char *buffer, size_t pages) {
    struct random r = random_seeded(7);
    size_t *order = malloc(pages * sizeof *order);
    for (size_t i = 0; order != NULL && i < pages; i++) order[i] = i;
    if (order != NULL) random_shuffle(&r, order, pages);
    for (size_t i = 0; i < pages; i++) { // the lines differ, or one set of the caches held them all
        const size_t from = order != NULL ? order[i] : i,
                     to = order != NULL ? order[(i + 1) % pages] : (i + 1) % pages;
        char *next = buffer + to * PAGE_BYTES + to % 64 * CHASE_LINE_BYTES;
        memcpy(buffer + from * PAGE_BYTES + from % 64 * CHASE_LINE_BYTES, &next, sizeof next);
    }
    free(order);
}

// A chase over `bytes`: 64 loads an iteration, each of a line (or page) that was not there.
static int add_chase(struct selftest_loops *l, enum selftest_quantity q, size_t bytes) {
    const struct kernel *k = kernel_find(OP_pointer_chase, "asm");
    if (k == NULL || !kernel_usable(k)) return 0;
    // Every line once, or a share of them where there are many.
    uint64_t iterations = bytes / CHASE_LINE_BYTES / 64;
    if (q == SELFTEST_walks) iterations = 512;
    if (iterations > 4096) iterations = 4096;
    struct selftest_call *c = add(l, k, q, iterations, 64, 0);
    char *b = buffer_of(l, bytes);
    if (b == NULL) return fail(EXIT_FAILED, "out of memory for the self-test");
    madvise(b, bytes, q == SELFTEST_walks ? MADV_NOHUGEPAGE : MADV_HUGEPAGE);
    if (q == SELFTEST_walks)
        fill_pages(b, bytes / PAGE_BYTES);
    else
        chase_fill(b, bytes, 7);
    c->args = (struct yardstick_args){b, (ptrdiff_t)bytes, 0, c->sink};
    c->chase = true;
    l->count++;
    return 0;
}

static size_t fact_bytes(const char *key) {
    return strtoull(machine_value(machine_facts(), key), NULL, 10);
}

int selftest_loops_open(struct selftest_loops *l, const char *const *events, size_t count) {
    static const struct {
        enum selftest_quantity quantity;
        enum op op;
        uint64_t iterations;
    } exact[] = {
        {SELFTEST_instructions, OP_count_instructions, 10000},
        {SELFTEST_loads, OP_count_loads, 10000},
        {SELFTEST_stores, OP_count_stores, 10000},
        {SELFTEST_branches, OP_count_branches, 10000},
        {SELFTEST_mispredictions, OP_count_mispredictions, 100000},
        {SELFTEST_vector, OP_count_vector, 10000},
        {SELFTEST_dot, OP_count_dot, 10000},
        {SELFTEST_cycles, OP_add_chain, 10000},
    };
    const size_t l1 = fact_bytes("l1d_bytes"), l2 = fact_bytes("l2_bytes"),
                 l3 = fact_bytes("l3_bytes"), last = l3 > 0 ? l3 : l2;
    // Well beyond one cache and well inside the next. 0: this CPU has no such place, or says
    // nothing of its caches; memory of a last cache larger than 64 MiB would take seconds to fill.
    const struct {
        enum selftest_quantity quantity;
        size_t bytes;
    } chases[] = {
        {SELFTEST_l2_lines, l1 > 0 && l2 >= 4 * l1 ? l2 / 2 : 0},
        {SELFTEST_l3_lines, l2 > 0 && l3 >= 8 * l2 ? 4 * l2 : 0},
        {SELFTEST_dram_lines, last <= (size_t)64 << 20 ? 4 * last : 0},
        {SELFTEST_walks, (size_t)16384 * PAGE_BYTES},
    };
    *l = (struct selftest_loops){0};
    l->calls = aligned_alloc(64, SELFTEST_LOOPS_MAX * sizeof *l->calls);
    if (l->calls == NULL) return fail(EXIT_FAILED, "out of memory for the self-test");
    memset(l->calls, 0, SELFTEST_LOOPS_MAX * sizeof *l->calls);
    int status = 0;
    for (size_t i = 0; status == 0 && i < sizeof exact / sizeof exact[0]; i++)
        if (selftest_asks(events, count, exact[i].quantity))
            status = add_exact(l, exact[i].op, exact[i].quantity, exact[i].iterations);
    for (size_t i = 0; status == 0 && i < sizeof chases / sizeof chases[0]; i++)
        if (chases[i].bytes > 0 && selftest_asks(events, count, chases[i].quantity))
            status = add_chase(l, chases[i].quantity, chases[i].bytes);
    return status;
}

void selftest_loops_close(struct selftest_loops *l) {
    for (size_t i = 0; i < SELFTEST_LOOPS_MAX; i++)
        if (l->buffers[i] != NULL) munmap(l->buffers[i], l->bytes[i]);
    free(l->calls);
    *l = (struct selftest_loops){0};
}

// No loops where no event of the hardware can be counted: they take a second or two.
static int loops_if_needed(struct selftest_loops *l, const char *const *events, size_t count) {
    struct event e;
    *l = (struct selftest_loops){0};
    counters_try("instructions", &e);
    return counters_event_opened(&e) ? selftest_loops_open(l, events, count) : 0;
}

int selftest_print(enum table_format format) {
    static const char *const columns[] = {"event", "expected", "value", "source", "status", NULL};
    struct selftest_loops l;
    struct table t;
    int status = events_select();
    if (status == 0) status = loops_if_needed(&l, NULL, 0);
    if (status != 0) return status;
    struct selftest_result *results = calloc(RESULTS_MAX, sizeof *results);
    size_t count =
        results != NULL ? selftest_run(l.loops, l.count, NULL, 0, results, RESULTS_MAX) : 0;
    table_open(&t, format, columns);
    for (size_t i = 0; i < count && i < RESULTS_MAX; i++) {
        const struct selftest_result *r = &results[i];
        table_text(&t, r->event);
        table_number(&t, r->expected);
        table_number(&t, r->value);
        table_text(&t, source_name(r->source));
        table_text(&t, status_name(r->status));
    }
    const int closed = table_close(&t);
    for (size_t i = 0; i < count && i < RESULTS_MAX; i++)
        if (*results[i].reason)
            fprintf(stderr, "%s: %s: %s\n", results[i].event, status_name(results[i].status),
                    results[i].reason);
    free(results);
    selftest_loops_close(&l);
    return results == NULL ? fail(EXIT_FAILED, "out of memory for the self-test") : closed;
}

int selftest_session(const char *const *events, size_t count) {
    struct selftest_loops l;
    int status = loops_if_needed(&l, events, count);
    struct selftest_result *results = calloc(count + 1, sizeof *results);
    if (status == 0 && results == NULL) status = fail(EXIT_FAILED, "out of memory");
    if (status == 0 && l.count > 0) selftest_run(l.loops, l.count, events, count, results, count);
    free(results);
    selftest_loops_close(&l);
    return status;
}
