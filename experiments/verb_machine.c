// SPDX-License-Identifier: MIT
// machine: the facts that probes/machine.h gathers, units that no kernel uses, and the state of the
// events that everyone asks for.
#include <stdio.h>

#include "experiments/selftest.h"
#include "experiments/table.h"
#include "kernels/isa_units.h"
#include "probes/counters.h"
#include "probes/machine.h"

int verb_machine(const struct command *c);

int verb_machine(const struct command *c) {
    static const char *const columns[] = {"key", "value", "unit", "source", "status", NULL};
    const struct machine *m = machine_facts();
    struct table t;
    if (command_has(c, "--selftest")) return selftest_print(table_format(c));
    table_open(&t, table_format(c), columns);
    for (size_t i = 0; i < machine_fact_count(m); i++) {
        const struct machine_fact *f = machine_fact_at(m, i);
        table_text(&t, f->key);
        table_text(&t, f->value);
        table_text(&t, f->unit);
        table_text(&t, f->source);
        table_text(&t, status_name(f->status));
    }
    table_text(&t, "units_without_kernel"); // ceilings lie below what these could do
    table_text(&t, isa_units());
    table_text(&t, "");
    table_text(&t, isa_units_source());
    table_text(&t, status_name(STATUS_ok));
    struct event events[16];
    const size_t event_count = counters_standard(events, 16);
    for (size_t i = 0; i < event_count && i < 16; i++) {
        char key[128];
        snprintf(key, sizeof key, "event:%.95s", events[i].name);
        table_text(&t, key);
        table_text(&t, counters_event_opened(&events[i]) ? events[i].encoding : "");
        table_text(&t, "");
        table_text(&t, source_name(events[i].source));
        table_text(&t, status_name(events[i].status));
    }
    return table_close(&t);
}
