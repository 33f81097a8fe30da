// SPDX-License-Identifier: MIT
#include "experiments/events.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "engine/error.h"
#include "engine/model.h"
#include "experiments/failure.h"
#include "probes/counters.h"
#include "probes/encode.h"
#include "probes/error.h"
#include "probes/group.h"
#include "probes/passes.h"

static int directory(char *path, size_t size) {
    char *data;
    if (source_data_dir(&data)) return fail(EXIT_FAILED, "%s", engine_error());
    snprintf(path, size, "%s/probes/events", data);
    free(data);
    return 0;
}

int events_select(void) {
    static bool done;
    char path[4352];
    if (done) return 0;
    done = true;
    int status = directory(path, sizeof path);
    if (status != 0) return status;
    const int error = group_select(path);
    if (error == -ENOENT) {
        fprintf(stderr, "inferometer: %s; names like dram_fills cannot be counted\n",
                probes_error());
        return 0;
    }
    return error != 0 ? fail(EXIT_FAILED, "%s", probes_error()) : 0;
}

int events_read_group(const char *stem, struct event_group **out) {
    char path[4352];
    *out = NULL;
    if (stem == NULL || *stem == '\0') return 0;
    if (stem[strspn(stem, "abcdefghijklmnopqrstuvwxyz0123456789_")] != '\0')
        return fail(EXIT_FAILED, "'%s' is no name of a group file", stem);
    int status = directory(path, sizeof path);
    if (status != 0) return status;
    const size_t used = strlen(path);
    snprintf(path + used, sizeof path - used, "/%s.group", stem);
    return group_read(out, path) != 0 ? fail(EXIT_FAILED, "%s", probes_error()) : 0;
}

static const char *meaning_of(const char *name) {
    const struct group_name *shared;
    for (size_t i = 0; (shared = group_name_at(i)) != NULL; i++)
        if (!shared->metric && strcmp(shared->name, name) == 0) return shared->meaning;
    return "";
}

// libpfm4's thousands are not tried; what its tables and the kernel hold is listed.
static void event_row(void *arg, const char *name, enum source s, const char *description) {
    struct table *t = arg;
    struct event e;
    const bool tried = strstr(name, "::") == NULL;
    if (group_selected() != NULL && group_event(group_selected(), name, NULL) != NULL) return;
    if (tried) counters_try(name, &e);
    table_text(t, name);
    table_text(t, source_name(s));
    table_text(t, tried ? status_name(e.status) : "");
    table_text(t, description);
}

static void group_event_row(struct table *t, const struct group_event *own) {
    char text[512];
    struct event e;
    counters_try(own->name, &e);
    table_text(t, own->name);
    table_text(t, source_name(SOURCE_pmu));
    table_text(t, status_name(e.status));
    if (*own->absent)
        snprintf(text, sizeof text, "absent: %s", own->absent);
    else
        snprintf(text, sizeof text, "%s%s%s", meaning_of(own->name),
                 *meaning_of(own->name) ? ": " : "", own->spec);
    table_text(t, text);
}

int events_list(enum table_format format) {
    static const char *const columns[] = {"event", "source", "status", "description", NULL};
    struct table t;
    int status = events_select();
    if (status != 0) return status;
    table_open(&t, format, columns);
    const struct event_group *g = group_selected();
    for (size_t i = 0; g != NULL && i < g->event_count; i++) group_event_row(&t, &g->events[i]);
    counters_list(event_row, &t);
    return table_close(&t);
}

// Events that a metric needs, "instructions cycles".
static void needs(const struct event_group *g, const struct group_metric *m, char *text,
                  size_t size) {
    const char *names[32];
    size_t count = group_metric_events(g, m, names, 32), used = 0;
    text[0] = 0;
    for (size_t i = 0; i < count && i < 32 && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? " " : "", names[i]);
}

// Kinds of cores that the file tells apart; one, "", of most CPUs.
static size_t cores_of(const struct event_group *g, const char *cores[8]) {
    size_t count = 0;
    for (size_t i = 0; i < g->event_count; i++) {
        size_t k = 0;
        while (k < count && strcmp(cores[k], g->events[i].core) != 0) k++;
        if (k == count && count < 8) cores[count++] = g->events[i].core;
    }
    return count;
}

// Whether some kind of core has the metric, and why others have not: "cpu_atom: …".
static bool metric_had(const struct event_group *g, const struct group_metric *m, char *reason,
                       size_t size) {
    const char *cores[8];
    const size_t count = cores_of(g, cores);
    size_t used = 0, had = 0;
    reason[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const char *absent = group_metric_absent(g, m, cores[i]);
        if (*absent == '\0') had++;
        if (*absent != '\0' && used < size)
            used += (size_t)snprintf(reason + used, size - used, "%s%s%s%s", used > 0 ? "; " : "",
                                     cores[i], *cores[i] ? ": " : "", absent);
    }
    return had > 0;
}

static void group_rows(struct table *t, const struct event_group *g, bool here) {
    for (size_t i = 0; i < g->metric_count; i++) {
        const struct group_metric *m = &g->metrics[i];
        char events[512], reason[512];
        const bool had = metric_had(g, m, reason, sizeof reason);
        needs(g, m, events, sizeof events);
        table_text(t, g->stem);
        table_text(t, g->cpu);
        table_text(t, m->name);
        table_text(t, m->unit);
        table_text(t, m->text);
        table_text(t, *m->absent ? "" : events);
        table_text(t, here ? "yes" : "no");
        table_text(t, status_name(had ? STATUS_ok : STATUS_unsupported));
        table_text(t, reason);
    }
}

int events_list_groups(enum table_format format) {
    static const char *const columns[] = {"group",  "cpu",  "metric", "unit",   "formula",
                                          "events", "here", "status", "reason", NULL};
    char path[4352];
    struct table t;
    glob_t found;
    int status = events_select();
    if (status == 0) status = directory(path, sizeof path);
    if (status != 0) return status;
    strncat(path, "/*.group", sizeof path - strlen(path) - 1);
    if (glob(path, 0, NULL, &found) != 0) return fail(EXIT_FAILED, "%s: no such file", path);
    table_open(&t, format, columns);
    for (size_t i = 0; status == 0 && i < found.gl_pathc; i++) {
        struct event_group *g;
        if (group_read(&g, found.gl_pathv[i]) != 0) {
            status = fail(EXIT_FAILED, "%s", probes_error());
            break;
        }
        const struct event_group *own = group_selected();
        group_rows(&t, g, own != NULL && strcmp(own->stem, g->stem) == 0);
        group_free(g);
    }
    globfree(&found);
    const int closed = table_close(&t);
    return status != 0 ? status : closed;
}

int events_plan(struct passes *out, const char *const *words, size_t count) {
    int status = events_select();
    if (status != 0) return status;
    return passes_plan(out, words, count) != 0 ? fail(EXIT_USAGE, "%s", probes_error()) : 0;
}
