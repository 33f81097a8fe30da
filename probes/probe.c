// SPDX-License-Identifier: MIT
#include "probes/probe.h"

void probe_read_begin(struct probe *p) {
    counters_read(p->counters, &p->begin);
}

void probe_read_end(struct probe *p, struct probe_sum *sum) {
    struct counters_reading end;
    counters_read(p->counters, &end);
    counters_add(p->counters, &sum->counts, &p->begin, &end);
}
