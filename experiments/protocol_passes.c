// SPDX-License-Identifier: MIT
// The passes of a case: what is counted, as this machine's counters take it.
#include <stdio.h>
#include <string.h>

#include "experiments/events.h"
#include "experiments/failure.h"
#include "experiments/protocol_parts.h"
#include "experiments/simulate.h"
#include "probes/encode.h"
#include "probes/passes.h"

static int keep_pass(struct reader *r, struct protocol_case *c, char *const *names, size_t count) {
    char **events = protocol_keep(r, count + 1, sizeof *events);
    char ***passes = protocol_keep(r, c->pass_count + 1, sizeof *passes);
    if (events == NULL || passes == NULL) return EXIT_FAILED;
    for (size_t i = 0; i < count; i++)
        if ((events[i] = protocol_keep_text(r, names[i], strlen(names[i]))) == NULL)
            return EXIT_FAILED;
    if (c->pass_count > 0) memcpy(passes, c->passes, c->pass_count * sizeof *passes);
    passes[c->pass_count++] = events;
    c->passes = passes;
    return 0;
}

// Simulators have events of their own, and no counters to run out of.
bool protocol_simulated(const struct protocol_case *c) {
    const char *source = c->point_count > 0 ? c->points[0].settings.source : NULL;
    return source != NULL && (strcmp(source, "sim") == 0 || strcmp(source, "static") == 0);
}

static int keep_words(struct reader *r, size_t case_index, struct protocol_case *c) {
    size_t count = 0;
    for (const struct statement *s = NULL;
         (s = protocol_next(r, WORD_pass, case_index, s)) != NULL;)
        count += s->count;
    if ((c->pass_words = protocol_keep(r, count + 1, sizeof *c->pass_words)) == NULL)
        return EXIT_FAILED;
    count = 0;
    for (const struct statement *s = NULL; (s = protocol_next(r, WORD_pass, case_index, s)) != NULL;
         count += s->count)
        memcpy(c->pass_words + count, s->args, s->count * sizeof *s->args);
    return 0;
}

// With `fallback sim`: the words that a simulator alone counts are no hardware's. Returns how many
// are left for the counters.
static size_t leave_simulated(const struct reader *r, const struct statement *s,
                              const char **words) {
    const bool sim = r->p.fallback != NULL && strcmp(r->p.fallback, "sim") == 0;
    size_t left = 0;
    for (size_t i = 0; i < s->count; i++) {
        bool simulated_alone = false;
        struct encoding ignored;
        for (int e = 0; sim && e < SIM_EVENT_COUNT; e++)
            if (strcmp(sim_event_info((enum sim_event)e)->name, s->args[i]) == 0)
                simulated_alone = encode_event(s->args[i], &ignored) != 0;
        if (!simulated_alone) words[left++] = s->args[i];
    }
    return left;
}

// A pass as this machine's counters take it: one or several. A copy in a run's directory keeps what
// is written.
int protocol_passes(struct reader *r, size_t case_index, struct protocol_case *c) {
    int status = keep_words(r, case_index, c);
    for (const struct statement *s = NULL;
         status == 0 && (s = protocol_next(r, WORD_pass, case_index, s)) != NULL;) {
        if (r->copy || protocol_simulated(c)) {
            status = keep_pass(r, c, s->args, s->count);
            continue;
        }
        struct passes *p = protocol_keep(r, 1, sizeof *p);
        const char **words = protocol_keep(r, s->count + 1, sizeof *words);
        if (p == NULL || words == NULL) return EXIT_FAILED;
        if ((status = events_select()) != 0) return status;
        const size_t count = leave_simulated(r, s, words);
        if (count == 0) continue;
        status = events_plan(p, words, count);
        if (status == EXIT_USAGE) {
            char why[512];
            snprintf(why, sizeof why, "%s", failure());
            return protocol_fail(r, BAD_PROTOCOL, s->line, "pass: %s", why);
        }
        for (size_t i = 0; status == 0 && i < p->count; i++)
            status = keep_pass(r, c, (char *const *)p->pass[i].names, p->pass[i].count);
    }
    return status;
}
