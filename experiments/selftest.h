// SPDX-License-Identifier: MIT
// Hands the loops of kernels/ whose counts are known to the self-test of probes/.
#pragma once
#include <stddef.h>

#include "experiments/table.h"
#include "probes/selftest.h"

#define SELFTEST_LOOPS_MAX 16
struct selftest_loops {
    struct selftest_loop loops[SELFTEST_LOOPS_MAX];
    size_t count;
    struct selftest_call *calls; // [count]
    void *buffers[SELFTEST_LOOPS_MAX];
    size_t bytes[SELFTEST_LOOPS_MAX];
};
// Those that this CPU can run and that the events ask for (NULL: all); buffers sized by its caches.
// 0, or an exit code with failure() set.
int selftest_loops_open(struct selftest_loops *l, const char *const *events, size_t count);
void selftest_loops_close(struct selftest_loops *l);
// `machine --selftest`: the table on stdout, what is not ok with its reason on stderr.
int selftest_print(enum table_format format);
// Before a session: tests these events. 0, or an exit code with failure() set.
#define SELFTEST_EVENTS_MAX 128
int selftest_session(const char *const *events, size_t count);
