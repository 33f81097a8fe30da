// SPDX-License-Identifier: MIT
#include "experiments/core_cycles.h"

#include <math.h>

#include "experiments/failure.h"
#include "experiments/kernel_work.h"
#include "probes/clock.h"
#include "probes/counters.h"

#define ROUNDS 60
#define ROUND_NS 40000.0
#define CHAIN_ITERATIONS 1000
#define CHAIN_CYCLES 64.0 // of an iteration of add_chain

static double chain_ghz(const struct kernel *chain) {
    static _Alignas(64) unsigned char sink[64];
    const struct yardstick_args a = {sink, 0, CHAIN_ITERATIONS, sink};
    const uint64_t begin = clock_ticks_fenced();
    chain->run.yardstick(&a);
    return CHAIN_CYCLES * CHAIN_ITERATIONS / clock_ns(clock_ticks_fenced() - begin);
}

int core_cycles_measure(const struct kernel *k, const struct shape *s, struct core_cycles *out) {
    static const char *const cycles_event[] = {"cycles"};
    struct kernel_work *w;
    struct counters *counters = NULL;
    if (!kernel_usable(k))
        return fail(EXIT_CANNOT, "%s needs %s, which this machine has not", k->symbol,
                    isa_name(k->isa));
    const struct kernel_work_options o = {
        .threads = 1, .seed = 1, .kernels = &k, .kernel_count = 1};
    int rc = kernel_work_open(&w, k->op, s, &o);
    if (rc != 0) return rc;
    clock_hz();
    const struct kernel *chain = kernel_select(OP_add_chain, 1, 0, NULL);
    const ptrdiff_t units = kernel_work_units(w);
    if (counters_open(&counters, cycles_event, 1) != 0) counters = NULL;
    const bool pmu = counters != NULL && counters_event_opened(counters_event(counters, 0));
    *out = (struct core_cycles){INFINITY, INFINITY, pmu ? "pmu" : "soft"};
    double before = chain_ghz(chain);
    int calls = 1;
    for (int round = 0; round < ROUNDS; round++) {
        struct counters_reading c0, c1;
        if (pmu) counters_read(counters, &c0);
        const uint64_t begin = clock_ticks_fenced();
        for (int i = 0; i < calls; i++) kernel_work_call(w, k, 0, 0, units);
        const double ns = clock_ns(clock_ticks_fenced() - begin);
        if (pmu) counters_read(counters, &c1);
        const double after = chain_ghz(chain), each = ns / calls;
        // What disturbs a chain makes it seem slow: the better of its two neighbours.
        double cycles = each * (before > after ? before : after);
        if (pmu) {
            struct count count;
            counters_difference(counters, &c0, &c1, &count);
            cycles = count.value_raw / calls;
        }
        if (each < out->ns) *out = (struct core_cycles){cycles, each, out->source};
        if (ns < ROUND_NS / 2 && calls < 1 << 20) {
            calls *= 2;
            round = 0;
        }
        before = after;
    }
    counters_close(counters);
    kernel_work_close(w);
    return 0;
}
