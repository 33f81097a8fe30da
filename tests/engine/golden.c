// SPDX-License-Identifier: MIT
#include "tests/engine/golden.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void golden_die(int code, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    exit(code);
}

void golden_ok(int error, const char *what) {
    if (error) golden_die(1, "FAILED %s: %s", what, engine_error());
}

char *golden_path(const char *below) {
    char *dir = NULL, *path = NULL;
    golden_ok(source_data_dir(&dir), below);
    if (asprintf(&path, "%s/%s", dir, below) < 0) golden_die(1, "%s: no memory", below);
    free(dir);
    return path;
}

// Tables live as long as the program.
static struct golden_row *kept[16];
static size_t kept_count;

size_t golden_table(const char *below, struct golden_row **rows) {
    char *path = golden_path(below), *line = NULL;
    size_t size = 0, count = 0;
    FILE *f = fopen(path, "r");
    if (!f) golden_die(1, "%s: cannot read it", path);
    *rows = NULL;
    for (long number = 0; getline(&line, &size, f) > 0; number++) {
        if (number == 0) continue;
        line[strcspn(line, "\n")] = '\0';
        *rows = realloc(*rows, (count + 1) * sizeof **rows);
        if (!*rows) golden_die(1, "%s: no memory", path);
        struct golden_row *r = &(*rows)[count++];
        *r = (struct golden_row){.line = strdup(line)};
        char *cell = r->line;
        for (int i = 0; i < GOLDEN_COLUMNS; i++) {
            r->cells[i] = cell ? cell : "";
            char *comma = cell ? strchr(cell, ',') : NULL;
            if (comma) *comma = '\0';
            cell = comma ? comma + 1 : NULL;
        }
    }
    fclose(f);
    free(line);
    free(path);
    if (kept_count == sizeof kept / sizeof *kept) golden_die(1, "%s: too many tables", below);
    kept[kept_count++] = *rows;
    return count;
}

const struct golden_row *golden_row(const char *table, const char *name) {
    struct golden_row *rows;
    size_t count = golden_table(table, &rows);
    for (size_t i = 0; i < count; i++)
        if (!strcmp(rows[i].cells[0], name)) return &rows[i];
    golden_die(2, "%s: no row '%s' (see --list)", table, name);
}

void golden_list(const char *prefix, const char *table) {
    struct golden_row *rows;
    size_t count = golden_table(table, &rows);
    for (size_t i = 0; i < count; i++) printf("%s%s\n", prefix, rows[i].cells[0]);
}

int32_t *golden_ids(const char *text, ptrdiff_t *count) {
    int32_t *ids = malloc((strlen(text) / 2 + 1) * sizeof *ids);
    if (!ids) golden_die(1, "no memory");
    *count = 0;
    for (char *end; *text; text = end) {
        long id = strtol(text, &end, 10);
        if (end == text) golden_die(1, "'%s' is no list of tokens", text);
        ids[(*count)++] = (int32_t)id;
        while (*end == ' ') end++;
    }
    return ids;
}

struct context *golden_context(const struct golden *g, const struct golden_options *o) {
    struct kernel_rules rules = {0};
    char message[512];
    if (o->rules && *o->rules) {
        int code = kernel_rules_parse(&rules, o->rules, message, sizeof message);
        if (code) golden_die(code == KERNEL_RULES_NO_ISA ? 77 : 1, "%s", message);
    }
    struct context_options options = {.team = g->team, .context_tokens = o->context_tokens};
    options.plan = (struct plan_options){.max_tokens = o->max_tokens,
                                         .kv = o->kv,
                                         .act = o->act,
                                         .matmul_partition = o->partition,
                                         .rules = &rules};
    struct context *c;
    golden_ok(context_open(&c, g->model, &options), "context_open");
    return c;
}

void golden_open(struct golden *g, const char *spec, const struct golden_options *o) {
    bool named = strchr(spec, ':') != NULL || *spec == '/';
    char *path = named ? strdup(spec) : golden_path(spec);
    golden_ok(team_open(&g->team, o->threads ? o->threads : 1, NULL), "team_open");
    golden_ok(model_open(&g->model, path), "model_open");
    g->context = golden_context(g, o);
    free(path);
}

void golden_close(struct golden *g) {
    context_close(g->context);
    model_close(g->model);
    team_close(g->team);
}

float *golden_floats(ptrdiff_t count) {
    float *p = calloc((size_t)count, sizeof *p);
    if (!p) golden_die(1, "no memory");
    return p;
}

double golden_distance(const float *a, const float *b, ptrdiff_t count) {
    double largest = 0, apart = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        if (!isfinite(a[i]) || !isfinite(b[i])) return INFINITY;
        largest = fmax(largest, fabs((double)b[i]));
        apart = fmax(apart, fabs((double)a[i] - (double)b[i]));
    }
    return largest > 0 ? apart / largest : INFINITY;
}
