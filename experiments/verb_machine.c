// SPDX-License-Identifier: MIT
// machine: the facts that probes/machine.h gathers, units that no kernel uses, and the state of the
// events that everyone asks for.
#include <stdio.h>
#include <string.h>

#include "experiments/ceilings_run.h"
#include "experiments/selftest.h"
#include "experiments/table.h"
#include "kernels/isa_units.h"
#include "probes/counters.h"
#include "probes/environment.h"
#include "probes/machine.h"

int verb_machine(const struct command *c);

static void event_rows(struct table *t) {
    struct event events[16];
    const size_t event_count = counters_standard(events, 16);
    for (size_t i = 0; i < event_count && i < 16; i++) {
        char key[128];
        snprintf(key, sizeof key, "event:%.95s", events[i].name);
        table_text(t, key);
        table_text(t, counters_event_opened(&events[i]) ? events[i].encoding : "");
        table_text(t, "");
        table_text(t, source_name(events[i].source));
        table_text(t, status_name(events[i].status));
    }
}

static void calibration_row(struct table *t, const char *what, const struct event *e,
                            double value) {
    char key[160];
    const bool time = strstr(e->name, "clock") != NULL;
    snprintf(key, sizeof key, "%s:%.95s", what, e->name);
    table_text(t, key);
    table_number(t, value);
    table_text(t, time ? "ns" : "");
    table_text(t, source_name(e->source));
    table_text(t, status_name(e->status));
}

// What an empty region counts, by how much that scatters, and the least that a region must count.
static void calibration_rows(struct table *t) {
    static const char *const sets[][3] = {{"cycles", "instructions"},
                                          {"task-clock", "page-faults", "context-switches"}};
    for (size_t s = 0; s < sizeof sets / sizeof sets[0]; s++) {
        struct counters *c;
        if (counters_open(&c, sets[s], s == 0 ? 2 : 3) != 0) continue;
        for (size_t i = 0; i < counters_event_count(c); i++) {
            const struct event *e = counters_event(c, i);
            const struct calibration k = counters_calibration(c, i);
            calibration_row(t, "overhead", e, k.overhead);
            calibration_row(t, "overhead_spread", e, k.spread);
            calibration_row(t, "least_region", e, k.least);
        }
        if (s == 0) {
            const struct event *e = counters_event(c, 0);
            table_text(t, "counters_read_by");
            table_text(t, !counters_event_opened(e)        ? ""
                          : counters_read_in_user_space(c) ? "user space"
                                                           : "read()");
            table_text(t, "");
            table_text(t, "perf_event_mmap_page");
            table_text(t, status_name(counters_event_opened(e) ? STATUS_ok : e->status));
        }
        counters_close(c);
    }
}

static void warning_rows(struct table *t, const struct machine *m) {
    struct environment e;
    struct environment_line lines[ENVIRONMENT_MAX];
    environment_read(&e, m);
    table_text(t, "prefetchers");
    table_text(t, e.prefetchers);
    table_text(t, "");
    table_text(t, *e.prefetchers_by ? e.prefetchers_by : "no register is known");
    table_text(t, status_name(*e.prefetchers         ? STATUS_ok
                              : e.prefetchers_denied ? STATUS_denied
                                                     : STATUS_unsupported));
    const size_t count = environment_judge(&e, lines);
    for (size_t i = 0; i < count; i++) {
        char key[64];
        snprintf(key, sizeof key, "warning:%s", lines[i].key);
        table_text(t, key);
        table_text(t, lines[i].text);
        table_text(t, "");
        table_text(t, "environment");
        table_text(t, status_name(STATUS_ok));
    }
}

int verb_machine(const struct command *c) {
    static const char *const columns[] = {"key", "value", "unit", "source", "status", NULL};
    const struct machine *m = machine_facts();
    struct table t;
    if (command_has(c, "--selftest")) return selftest_print(table_format(c));
    if (command_has(c, "--ceilings")) return ceilings_print(table_format(c));
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
    event_rows(&t);
    calibration_rows(&t);
    warning_rows(&t, m);
    return table_close(&t);
}
