// SPDX-License-Identifier: MIT
// Reads a group file: a head (cpu, match, pmu), sections "events [CORE]", "metrics", "notes".
#include "probes/group.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probes/error.h"
#include "probes/group_formula.h"
#include "probes/nearest.h"

struct reader {
    struct event_group *g;
    enum { PART_head, PART_events, PART_metrics, PART_notes } part;
    char core[48], where[600]; // "file:line"
    int line;
    size_t notes_bytes;
};

// The next word of *text, which ends behind it; "" at the end.
static char *word(char **text) {
    char *begin = *text + strspn(*text, " \t");
    size_t n = strcspn(begin, " \t");
    *text = begin + n;
    if (**text) *(*text)++ = 0;
    return begin;
}

static char *trimmed(char *text) {
    text += strspn(text, " \t");
    size_t n = strlen(text);
    while (n && isspace((unsigned char)text[n - 1])) text[--n] = 0;
    return text;
}

static void *more(void *array, size_t count, size_t size) {
    void *grown = realloc(array, (count + 1) * size);
    if (grown) memset((char *)grown + count * size, 0, size);
    return grown;
}

static int no_memory(const struct reader *r) {
    return probes_fail(ENOMEM, "%s: no memory", r->where);
}

static int check_name(const struct reader *r, const char *name) {
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    if (n == 0 || name[n] || n >= GROUP_NAME_BYTES || isdigit((unsigned char)*name))
        return probes_fail(EINVAL,
                           "%s: \"%s\" is no name: small letters, digits and _, at most %d of them",
                           r->where, name, GROUP_NAME_BYTES - 1);
    return 0;
}

static int absent_reason(const struct reader *r, char *text, char *reason, size_t size) {
    text = trimmed(text);
    if (!*text) return probes_fail(EINVAL, "%s: `absent` needs the reason behind it", r->where);
    snprintf(reason, size, "%s", text);
    return 0;
}

static int head_line(struct reader *r, char *key, char *rest) {
    struct event_group *g = r->g;
    if (!strcmp(key, "cpu")) {
        snprintf(g->cpu, sizeof g->cpu, "%s", trimmed(rest));
        return 0;
    }
    if (!strcmp(key, "pmu")) {
        snprintf(g->pmu, sizeof g->pmu, "%s", trimmed(rest));
        return 0;
    }
    if (strcmp(key, "match"))
        return probes_fail(EINVAL,
                           "%s: \"%s\" is no word of the head; it takes cpu, match and pmu, then a "
                           "line `events`",
                           r->where, key);
    char *vendor = word(&rest), *family = word(&rest), *models = word(&rest), *end;
    do {
        struct group_match *m = more(g->matches, g->match_count, sizeof *m);
        if (!m) return no_memory(r);
        g->matches = m;
        m += g->match_count++;
        snprintf(m->vendor, sizeof m->vendor, "%s", vendor);
        m->family = (int)strtol(family, &end, 0);
        bool good = *family && !*end && *models;
        m->model_low = m->model_high = (int)strtol(models, &end, 0);
        good = good && end != models;
        if (good && *end == '-') {
            models = end + 1;
            m->model_high = (int)strtol(models, &end, 0);
            good = end != models && m->model_high >= m->model_low;
        }
        if (!good || *end)
            return probes_fail(EINVAL,
                               "%s: a match is VENDOR FAMILY MODEL[-MODEL] …, as in "
                               "`match AuthenticAMD 25 16-31`",
                               r->where);
        models = word(&rest);
    } while (*models);
    return 0;
}

static int event_line(struct reader *r, char *name, char *rest) {
    struct event_group *g = r->g;
    int error = check_name(r, name);
    if (error) return error;
    for (size_t i = 0; i < g->event_count; i++)
        if (!strcmp(g->events[i].name, name) && !strcmp(g->events[i].core, r->core))
            return probes_fail(EINVAL, "%s: \"%s\" stands on line %d already", r->where, name,
                               g->events[i].line);
    struct group_event *e = more(g->events, g->event_count, sizeof *e);
    if (!e) return no_memory(r);
    g->events = e;
    e += g->event_count++;
    e->line = r->line;
    memcpy(e->name, name, strlen(name) + 1);
    memcpy(e->core, r->core, sizeof e->core);
    char *spec = word(&rest);
    if (!strcmp(spec, "absent")) return absent_reason(r, rest, e->absent, sizeof e->absent);
    rest = trimmed(rest);
    if (!*spec || (*rest && *rest != '#'))
        return probes_fail(EINVAL, "%s: an event is NAME EVENT [# remark], or NAME absent REASON",
                           r->where);
    bool whole = strstr(spec, "::") || !strncmp(spec, "raw:", 4);
    if (!whole && !*g->pmu)
        return probes_fail(EINVAL,
                           "%s: \"%s\" names no PMU: write PMU::EVENT, perf::EVENT or raw:0xCODE, "
                           "or a line `pmu NAME` above the events",
                           r->where, spec);
    if (strlen(g->pmu) + strlen(spec) + 3 > sizeof e->spec)
        return probes_fail(EINVAL,
                           "%s: the event's name is longer than %zu characters; raw:0xCODE is "
                           "shorter",
                           r->where, sizeof e->spec - 3 - strlen(g->pmu));
    snprintf(e->spec, sizeof e->spec, "%s%s%s", whole ? "" : g->pmu, whole ? "" : "::", spec);
    return 0;
}

static bool known_term(const struct event_group *g, const char *name, size_t metrics) {
    if (!strcmp(name, "time_ns") || !strcmp(name, "line_bytes")) return true;
    for (size_t i = 0; i < g->event_count; i++)
        if (!strcmp(g->events[i].name, name)) return true;
    for (size_t i = 0; i < metrics; i++)
        if (!strcmp(g->metrics[i].name, name)) return true;
    return false;
}

static int metric_line(struct reader *r, char *name, char *rest) {
    struct event_group *g = r->g;
    int error = check_name(r, name);
    if (error) return error;
    if (known_term(g, name, g->metric_count))
        return probes_fail(EINVAL, "%s: the name \"%s\" is taken", r->where, name);
    struct group_metric *m = more(g->metrics, g->metric_count, sizeof *m);
    if (!m) return no_memory(r);
    g->metrics = m;
    m += g->metric_count++;
    m->line = r->line;
    memcpy(m->name, name, strlen(name) + 1);
    snprintf(m->unit, sizeof m->unit, "%s", word(&rest));
    char *text = trimmed(rest);
    if (!strncmp(text, "absent ", 7))
        return absent_reason(r, text + 7, m->absent, sizeof m->absent);
    if (!*m->unit || !*text)
        return probes_fail(EINVAL, "%s: a metric is NAME UNIT FORMULA, or NAME UNIT absent REASON",
                           r->where);
    text[strcspn(text, "#")] = 0;
    snprintf(m->text, sizeof m->text, "%s", trimmed(text));
    if ((error = formula_parse(&m->formula, m->text, r->where)) != 0) return error;
    for (int i = 0; i < m->formula.count; i++) {
        const struct formula_step *s = &m->formula.steps[i];
        if (s->op != FORMULA_term || known_term(g, s->term, g->metric_count - 1)) continue;
        struct nearest near;
        char names[400];
        nearest_begin(&near, s->term);
        for (size_t k = 0; k < g->event_count; k++) nearest_offer(&near, g->events[k].name);
        for (size_t k = 0; k + 1 < g->metric_count; k++) nearest_offer(&near, g->metrics[k].name);
        nearest_offer(&near, "time_ns");
        return probes_fail(
            EINVAL, "%s: metric %s: no event or metric above it is called \"%s\"; nearest: %s",
            r->where, name, s->term, nearest_names(&near, names, sizeof names));
    }
    return 0;
}

static int one_line(struct reader *r, char *line) {
    if (r->part == PART_notes) {
        size_t n = strlen(line);
        char *notes = realloc(r->g->notes, r->notes_bytes + n + 2);
        if (!notes) return no_memory(r);
        r->g->notes = notes;
        memcpy(notes + r->notes_bytes, line, n);
        memcpy(notes + r->notes_bytes + n, "\n", 2);
        r->notes_bytes += n + 1;
        return 0;
    }
    line = trimmed(line);
    if (!*line || *line == '#') return 0;
    char *rest = line, *key = word(&rest);
    if (!strcmp(key, "events")) {
        r->part = PART_events;
        snprintf(r->core, sizeof r->core, "%s", trimmed(rest));
        return 0;
    }
    if (!strcmp(key, "metrics") || !strcmp(key, "notes")) {
        r->part = *key == 'm' ? PART_metrics : PART_notes;
        return 0;
    }
    return r->part == PART_head     ? head_line(r, key, rest)
           : r->part == PART_events ? event_line(r, key, rest)
                                    : metric_line(r, key, rest);
}

int group_read(struct event_group **out, const char *path) {
    char *line = NULL;
    size_t room = 0;
    *out = NULL;
    FILE *file = fopen(path, "re");
    if (!file) return probes_fail(errno, "%s: %s", path, strerror(errno));
    struct reader r = {.g = calloc(1, sizeof *r.g)};
    int error = r.g ? 0 : probes_fail(ENOMEM, "%s: no memory", path);
    const char *base = strrchr(path, '/');
    base = base ? base + 1 : path;
    if (!error) {
        snprintf(r.g->path, sizeof r.g->path, "%s", path);
        snprintf(r.g->stem, sizeof r.g->stem, "%.*s", (int)strcspn(base, "."), base);
    }
    for (ssize_t n; !error && (n = getline(&line, &room, file)) >= 0;) {
        r.line++;
        snprintf(r.where, sizeof r.where, "%s:%d", path, r.line);
        if (n && line[n - 1] == '\n') line[n - 1] = 0;
        error = one_line(&r, line);
    }
    free(line);
    fclose(file);
    if (!error && (!*r.g->cpu || !r.g->event_count || !r.g->metric_count))
        error = probes_fail(EINVAL, "%s: %s missing", path,
                            !*r.g->cpu          ? "the line `cpu NAME` is"
                            : !r.g->event_count ? "the section `events` is"
                                                : "the section `metrics` is");
    if (error)
        group_free(r.g);
    else
        *out = r.g;
    return error;
}

void group_free(struct event_group *g) {
    if (!g) return;
    free(g->matches);
    free(g->events);
    free(g->metrics);
    free(g->notes);
    free(g);
}
