// SPDX-License-Identifier: MIT
#include "experiments/verify_parts.h"

#include "experiments/kernel_point.h"

#include <stdlib.h>
#include <string.h>

// points.csv is what the protocol multiplies out to, in its order.
int verify_points(const struct run *r, const struct protocol *p) {
    const struct csv_table *t = &r->files[RUN_points];
    size_t row = 0;
    for (size_t i = 0; i < p->case_count; i++) {
        const struct protocol_case *c = &p->cases[i];
        for (size_t j = 0; j < c->point_count; j++, row++) {
            if (row == t->row_count)
                return fail(EXIT_FAILED, "%s/points.csv: ends before point '%s' of case %s",
                            r->path, c->points[j].id, c->name);
            if (strcmp(csv_cell(t, row, 0), c->name) != 0 ||
                strcmp(csv_cell(t, row, 1), c->points[j].id) != 0)
                return verify_fail(
                    r, RUN_points, row,
                    "point '%s' of case %s, but protocol.md has '%s' of case %s here",
                    csv_cell(t, row, 1), csv_cell(t, row, 0), c->points[j].id, c->name);
            for (size_t k = 0; k < c->sweep_count; k++) {
                const char *cell = csv_cell(t, row, csv_column(t, c->sweep_names[k]));
                if (strcmp(cell, c->points[j].values[k]) != 0)
                    return verify_fail(r, RUN_points, row, "%s is '%s', but the point is '%s'",
                                       c->sweep_names[k], cell, c->points[j].id);
            }
        }
    }
    return row == t->row_count ? 0
                               : verify_fail(r, RUN_points, row, "protocol.md has no such point");
}

struct cell { // an arm at a point in a block
    double prompt_tokens, gen_tokens;
    long samples, reps, last_rep;
};

static size_t find_cell(const struct protocol *p, const size_t *first, const struct csv_table *t,
                        size_t row) {
    const char *name = csv_cell(t, row, csv_column(t, "case")),
               *point = csv_cell(t, row, csv_column(t, "point"));
    const char *arm = csv_cell(t, row, csv_column(t, "arm"));
    size_t block = (size_t)csv_cell_number(t, row, csv_column(t, "block"));
    for (size_t i = 0; i < p->case_count; i++) {
        const struct protocol_case *c = &p->cases[i];
        if (strcmp(c->name, name) != 0) continue;
        size_t j = 0, k = 0;
        while (j < c->point_count && strcmp(c->points[j].id, point) != 0) j++;
        while (k < c->arm_count && strcmp(c->arms[k].name, arm) != 0) k++;
        if (j < c->point_count && k < c->arm_count)
            return first[i] + (block * c->point_count + j) * c->arm_count + k;
    }
    return (size_t)-1; // a ceiling
}

static void count_samples(const struct run *r, const struct protocol *p, const size_t *first,
                          struct cell *cells) {
    const struct csv_table *t = &r->files[RUN_samples];
    const int part = csv_column(t, "part"), tokens = csv_column(t, "tokens");
    const int warmup = csv_column(t, "warmup"), rep = csv_column(t, "rep");
    for (size_t row = 0; row < t->row_count; row++) {
        if (strcmp(csv_cell(t, row, warmup), "1") == 0) continue;
        size_t at = find_cell(p, first, t, row);
        if (at == (size_t)-1) continue;
        struct cell *c = &cells[at];
        double count = csv_cell_number(t, row, tokens);
        long number = (long)csv_cell_number(t, row, rep);
        if (c->samples++ == 0 || number != c->last_rep) c->reps++;
        c->last_rep = number;
        if (!(count > 0)) continue;
        if (strcmp(csv_cell(t, row, part), "prompt") == 0) c->prompt_tokens += count;
        if (strcmp(csv_cell(t, row, part), "gen") == 0) c->gen_tokens += count;
    }
}

static int check_cell(const struct run *r, const struct protocol_case *c, const struct point *point,
                      const struct arm *arm, int block, const struct cell *cell,
                      const struct cell *first) {
    char where[512];
    const struct settings *s = &point->settings;
    snprintf(where, sizeof where, "%s/samples.csv: case %s, point '%s', arm %s, block %d", r->path,
             c->name, point->id, arm->name, block);
    if (cell->samples == 0)
        return fail(EXIT_FAILED, "%s: no samples: the run is not complete", where);
    long reps = first->reps;
    if (kernel_point_is(s) && cell->samples != first->samples) // all arms run the same slices
        return fail(EXIT_FAILED, "%s: %ld slices, but other arms or blocks have %ld", where,
                    cell->samples, first->samples);
    if (cell->reps != reps)
        return fail(EXIT_FAILED, "%s: %ld reps, but other arms or blocks have %ld", where,
                    cell->reps, reps);
    bool prompt = s->phase == PHASE_prefill || s->phase == PHASE_question;
    bool gen = s->phase == PHASE_decode || s->phase == PHASE_question;
    if (prompt && cell->prompt_tokens != (double)(s->tokens * reps))
        return fail(EXIT_FAILED, "%s: %.0f tokens of the prompt, but %ld × %ld should be there",
                    where, cell->prompt_tokens, reps, s->tokens);
    if (gen && cell->gen_tokens != (double)(s->gen * reps))
        return fail(EXIT_FAILED, "%s: %.0f generated tokens, but %ld × %ld should be there", where,
                    cell->gen_tokens, reps, s->gen);
    return 0;
}

int verify_complete(const struct run *r, const struct protocol *p) {
    size_t count = 0;
    int status = 0;
    size_t *first = malloc((p->case_count + 1) * sizeof *first);
    for (size_t i = 0; first != NULL && i < p->case_count; i++) {
        first[i] = count;
        count += (size_t)p->blocks * p->cases[i].point_count * p->cases[i].arm_count;
    }
    struct cell *cells = calloc(count + 1, sizeof *cells);
    if (first == NULL || cells == NULL) status = fail(EXIT_FAILED, "%s: out of memory", r->path);
    if (status == 0) count_samples(r, p, first, cells);
    for (size_t i = 0; status == 0 && i < p->case_count; i++) {
        const struct protocol_case *c = &p->cases[i];
        size_t points = c->point_count, arms = c->arm_count;
        for (size_t n = 0; status == 0 && n < (size_t)p->blocks * points * arms; n++) {
            const struct cell *same_point =
                &cells[first[i] + n / arms % points * arms]; // first arm, first block
            status = check_cell(r, c, &c->points[n / arms % points], &c->arms[n % arms],
                                (int)(n / arms / points), &cells[first[i] + n], same_point);
        }
    }
    free(first);
    free(cells);
    return status;
}
