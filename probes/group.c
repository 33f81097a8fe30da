// SPDX-License-Identifier: MIT
#include "probes/group.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probes/error.h"
#include "probes/group_formula.h"
#include "probes/machine.h"

bool group_matches(const struct event_group *g, const char *vendor, int family, int model) {
    for (size_t i = 0; i < g->match_count; i++) {
        const struct group_match *m = &g->matches[i];
        if (!strcmp(m->vendor, vendor) && m->family == family && model >= m->model_low &&
            model <= m->model_high)
            return true;
    }
    return false;
}

const struct group_event *group_event(const struct event_group *g, const char *name,
                                      const char *core) {
    for (size_t i = 0; i < g->event_count; i++) {
        const struct group_event *e = &g->events[i];
        if (strcmp(e->name, name)) continue;
        if (!core || !*core || !*e->core || !strcmp(e->core, core)) return e;
    }
    return NULL;
}

const struct group_metric *group_metric(const struct event_group *g, const char *name) {
    for (size_t i = 0; i < g->metric_count; i++)
        if (!strcmp(g->metrics[i].name, name)) return &g->metrics[i];
    return NULL;
}

const char *group_metric_absent(const struct event_group *g, const struct group_metric *m,
                                const char *core) {
    if (*m->absent) return m->absent;
    for (int i = 0; i < m->formula.count; i++) {
        if (m->formula.steps[i].op != FORMULA_term) continue;
        const char *term = m->formula.steps[i].term;
        const struct group_event *e = group_event(g, term, core);
        if (e && *e->absent) return e->absent;
        const struct group_metric *inner = e ? NULL : group_metric(g, term);
        const char *why = inner ? group_metric_absent(g, inner, core) : "";
        if (*why) return why;
    }
    return "";
}

static size_t add_events(const struct event_group *g, const struct group_metric *m,
                         const char **names, size_t max, size_t count) {
    for (int i = 0; i < m->formula.count; i++) {
        if (m->formula.steps[i].op != FORMULA_term) continue;
        const char *term = m->formula.steps[i].term;
        const struct group_event *e = group_event(g, term, NULL);
        const struct group_metric *inner = e ? NULL : group_metric(g, term);
        if (inner) count = add_events(g, inner, names, max, count);
        if (!e) continue;
        size_t k = 0;
        while (k < count && k < max && strcmp(names[k], e->name)) k++;
        if (k < count) continue;
        if (count < max) names[count] = e->name;
        count++;
    }
    return count;
}

size_t group_metric_events(const struct event_group *g, const struct group_metric *m,
                           const char **names, size_t max) {
    return add_events(g, m, names, max, 0);
}

struct resolver {
    const struct event_group *g;
    group_term *term;
    void *arg;
};

static enum status resolve(void *arg, const char *name, double *value) {
    const struct resolver *r = arg;
    const struct group_metric *m = group_event(r->g, name, NULL) ? NULL : group_metric(r->g, name);
    if (m) return group_evaluate(r->g, m, r->term, r->arg, value);
    *value = 0;
    enum status s = r->term(r->arg, name, value);
    if (s == STATUS_unsupported && !strcmp(name, "line_bytes")) {
        *value = 64;
        return STATUS_ok;
    }
    return s;
}

enum status group_evaluate(const struct event_group *g, const struct group_metric *m,
                           group_term *term, void *arg, double *value) {
    struct resolver r = {g, term, arg};
    if (*m->absent) {
        *value = (double)__builtin_nanf("");
        return STATUS_unsupported;
    }
    return formula_evaluate(&m->formula, resolve, &r, value);
}

static struct event_group *selected;

const struct event_group *group_selected(void) {
    return selected;
}

int group_select(const char *directory) {
    char pattern[4352];
    glob_t found;
    const struct machine *m = machine_facts();
    const char *vendor = machine_value(m, "cpu_vendor");
    const int family = atoi(machine_value(m, "cpu_family"));
    const int model = atoi(machine_value(m, "cpu_model"));
    snprintf(pattern, sizeof pattern, "%s/*.group", directory);
    if (glob(pattern, 0, NULL, &found))
        return probes_fail(ENOENT, "%s: no group file lies there", directory);
    struct event_group *best = NULL;
    int error = 0;
    for (size_t i = 0; !error && i < found.gl_pathc; i++) {
        struct event_group *g;
        if ((error = group_read(&g, found.gl_pathv[i])) != 0) break;
        bool here = group_matches(g, vendor, family, model);
        if (!here && (best || g->match_count)) {
            group_free(g);
            continue;
        }
        group_free(best);
        best = g;
        if (here) break;
    }
    globfree(&found);
    if (error) {
        group_free(best);
        return error;
    }
    group_free(selected);
    selected = best;
    return best ? 0 : probes_fail(ENOENT, "%s: no generic.group lies there", directory);
}

static const struct group_name names[] = {
#define EVENT_NAME(name, meaning) {#name, "", meaning, false},
#define METRIC_NAME(name, unit, meaning) {#name, unit, meaning, true},
#include "probes/events/names.def"
};

const struct group_name *group_name_at(size_t i) {
    return i < sizeof names / sizeof names[0] ? &names[i] : NULL;
}
