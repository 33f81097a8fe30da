// SPDX-License-Identifier: MIT
// machine: the facts that probes/machine.h gathers.
#include "experiments/table.h"
#include "probes/machine.h"

int verb_machine(const struct command *c);

int verb_machine(const struct command *c) {
    static const char *const columns[] = {"key", "value", "unit", "source", "status", NULL};
    const struct machine *m = machine_facts();
    struct table t;
    table_open(&t, table_format(c), columns);
    for (size_t i = 0; i < machine_fact_count(m); i++) {
        const struct machine_fact *f = machine_fact_at(m, i);
        table_text(&t, f->key);
        table_text(&t, f->value);
        table_text(&t, f->unit);
        table_text(&t, f->source);
        table_text(&t, status_name(f->status));
    }
    return table_close(&t);
}
