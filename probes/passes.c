// SPDX-License-Identifier: MIT
#include "probes/passes.h"

#include <errno.h>
#include <string.h>

#include "probes/encode.h"
#include "probes/error.h"
#include "probes/group.h"
#include "probes/nearest.h"

#define EVENTS_MAX 64
struct wanted {
    const char *names[EVENTS_MAX];
    size_t count;
};

static int want(struct wanted *w, const char *name) {
    for (size_t i = 0; i < w->count; i++)
        if (!strcmp(w->names[i], name)) return 0;
    if (w->count == EVENTS_MAX)
        return probes_fail(EINVAL, "more than %d events in one pass: use several", EVENTS_MAX);
    w->names[w->count++] = name;
    return 0;
}

static int want_word(struct wanted *w, const char *word) {
    const struct event_group *g = group_selected();
    const struct group_metric *m = g && !group_event(g, word, NULL) ? group_metric(g, word) : NULL;
    const char *names[EVENTS_MAX];
    if (!m) return want(w, word);
    size_t count = group_metric_events(g, m, names, EVENTS_MAX);
    if (count == 0) { // absent as a whole: its name stays, with the reason
        return want(w, word);
    }
    int error = 0;
    for (size_t i = 0; !error && i < count && i < EVENTS_MAX; i++) error = want(w, names[i]);
    return error;
}

// Whether all of a pass's events are on the PMU together.
static bool fits(const struct pass *p) {
    struct counters *c;
    bool room = true;
    if (counters_open(&c, p->names, p->count)) return true; // not for want of counters
    for (size_t i = 0; i < p->count; i++) room = room && !counters_event(c, i)->no_room;
    counters_close(c);
    return room;
}

static void push(struct pass *p, const char *name) {
    p->names[p->count++] = name;
    p->names[p->count] = NULL;
}

static int next_pass(struct passes *p, bool anchored) {
    if (p->count == PASSES_MAX)
        return probes_fail(EINVAL, "the events need more than %d passes", PASSES_MAX);
    p->pass[p->count++] = (struct pass){0};
    if (anchored) push(&p->pass[p->count - 1], "cycles");
    if (anchored) push(&p->pass[p->count - 1], "instructions");
    return 0;
}

static bool anchor(const char *name) {
    return !strcmp(name, "cycles") || !strcmp(name, "instructions");
}

int passes_plan(struct passes *p, const char *const *words, size_t count) {
    struct wanted w = {.count = 0};
    bool hardware = false;
    int error = 0;
    p->count = 0;
    for (size_t i = 0; !error && i < count; i++) error = want_word(&w, words[i]);
    for (size_t i = 0; !error && i < w.count; i++) {
        struct encoding e;
        error = encode_event(w.names[i], &e);
        hardware = hardware || e.source != SOURCE_soft;
    }
    if (!error) error = next_pass(p, hardware);
    for (size_t i = 0; !error && i < w.count; i++) {
        struct pass *now = &p->pass[p->count - 1];
        if (hardware && anchor(w.names[i])) continue;
        if (now->count < COUNTERS_MAX) {
            push(now, w.names[i]);
            if (fits(now)) continue;
            now->names[--now->count] = NULL;
        }
        // Alone with the anchors it stays even where it does not fit: it says so itself.
        if ((error = next_pass(p, hardware)) == 0) push(&p->pass[p->count - 1], w.names[i]);
    }
    return error;
}
