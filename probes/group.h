// SPDX-License-Identifier: MIT
// Event groups: probes/events/<cpu>.group gives the events of a CPU the names that every CPU shares
// (probes/events/names.def), and metrics as formulas over them. The form of a file:
// probes/README.md.
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "probes/counters.h"

#define GROUP_NAME_BYTES 40
struct group_event {
    char name[GROUP_NAME_BYTES]; // ours: "dram_fills"
    char core[48]; // sysfs name of the core PMU whose event it is; "" on CPUs with one kind of core
    char spec[256];   // what encode_event takes, with the PMU before it; "" where absent
    char absent[160]; // why this CPU cannot answer; "" where it can
    int line;
};

#define FORMULA_MAX 48
struct formula { // in postfix order
    struct formula_step {
        enum formula_op { FORMULA_number, FORMULA_term, FORMULA_operator } op;
        double number;
        char operator;               // + - * / or ~ (negated)
        char term[GROUP_NAME_BYTES]; // an event, a metric above this one, time_ns or line_bytes
    } steps[FORMULA_MAX];
    int count;
};
struct group_metric {
    char name[GROUP_NAME_BYTES], unit[24]; // unit "1": a plain ratio
    char text[200];                        // the formula as written; "" where absent
    char absent[160];                      // stated in the file; group_metric_absent() knows more
    struct formula formula;
    int line;
};

struct event_group {
    char path[512], stem[64]; // stem: the file's name without ".group"
    char cpu[80];             // "AMD Zen 4"
    char pmu[48];             // libpfm4's name of the PMU; "" where events are raw
    struct group_match {
        char vendor[32];
        int family, model_low, model_high;
    } * matches; // [match_count]; none: any CPU (generic)
    size_t match_count;
    struct group_event *events;
    size_t event_count;
    struct group_metric *metrics;
    size_t metric_count;
    char *notes; // prose
};

// Reads a file. 0, or -errno with a message (probes/error.h) that names file, line and remedy.
int group_read(struct event_group **out, const char *path);
void group_free(struct event_group *g);
bool group_matches(const struct event_group *g, const char *vendor, int family, int model);

// The event of this name for a thread on a core of the PMU `core` ("" or NULL: any). NULL: none.
const struct group_event *group_event(const struct event_group *g, const char *name,
                                      const char *core);
const struct group_metric *group_metric(const struct event_group *g, const char *name);
// Why the metric cannot be had on such a core: stated, or because an event that it needs is absent.
// "" where it can.
const char *group_metric_absent(const struct event_group *g, const struct group_metric *m,
                                const char *core);
// Names of the events that a metric needs, metrics in it resolved; each once. Returns how many
// there are; fills at most max. Names belong to the group.
size_t group_metric_events(const struct event_group *g, const struct group_metric *m,
                           const char **names, size_t max);

// A metric's value from the values of its events. `term` gives an event's (or time_ns's) value and
// status; statuses without values make the metric that status. A divisor of zero gives
// STATUS_zero_suspect. *value is NaN unless the status is ok, unverified, multiplexed, inexact or
// below_min_region. line_bytes is 64 unless `term` knows better.
typedef enum status group_term(void *arg, const char *name, double *value);
enum status group_evaluate(const struct event_group *g, const struct group_metric *m,
                           group_term *term, void *arg, double *value);

// ---- this machine's group -----------------------------------------------------------------------
// Chooses the file of this CPU in a directory (generic.group where none matches) for the whole
// process: encode_event and counters_open know its names from then on. Once, before threads start.
// 0, or -errno with a message; -ENOENT: the directory has none.
int group_select(const char *directory);
const struct event_group *group_selected(void); // NULL: none
// The names that all files share: probes/events/names.def. NULL behind the last.
struct group_name {
    const char *name, *unit, *meaning; // unit "" of events
    bool metric;
};
const struct group_name *group_name_at(size_t i);
