// SPDX-License-Identifier: MIT
#include "experiments/verify_parts.h"

#include <math.h>
#include <string.h>

#include "experiments/counted.h"
#include "experiments/counted_model.h"
#include "experiments/summary_sample.h"
#include "probes/counters.h"

static int check_cell(const struct run *r, enum run_file f, size_t row, const struct run_column *c,
                      const char *cell) {
    double number = csv_parse(cell);
    if (cell[0] == '\0') return c->must ? verify_fail(r, f, row, "%s is empty", c->name) : 0;
    switch (c->type) {
    case RUN_TYPE_text:
        return 0;
    case RUN_TYPE_words:
        if (cell[0] == ' ' || cell[strlen(cell) - 1] == ' ' || strstr(cell, "  ") != NULL)
            return verify_fail(r, f, row, "%s '%s' is not words separated by one space", c->name,
                               cell);
        return 0;
    case RUN_TYPE_number:
        return isnan(number) ? verify_fail(r, f, row, "%s '%s' is no number", c->name, cell) : 0;
    case RUN_TYPE_integer:
    case RUN_TYPE_key:
        if (!(number == floor(number) && fabs(number) < 9e15))
            return verify_fail(r, f, row, "%s '%s' is no whole number", c->name, cell);
        return 0;
    case RUN_TYPE_flag:
        if (strcmp(cell, "0") != 0 && strcmp(cell, "1") != 0)
            return verify_fail(r, f, row, "%s '%s' is neither 0 nor 1", c->name, cell);
        return 0;
    }
    return 0;
}

int verify_types(const struct run *r) {
    for (int f = 0; f < RUN_FILE_COUNT; f++) {
        const struct csv_table *t = &r->files[f];
        const struct run_column *columns[RUN_COLUMNS_MAX];
        size_t count = 0;
        while (count < t->column_count && // an older run has fewer
               (columns[count] = run_file_column((enum run_file)f, count)) != NULL)
            count++;
        for (size_t row = 0; row < t->row_count; row++)
            for (size_t c = 0; c < count; c++) {
                int status =
                    check_cell(r, (enum run_file)f, row, columns[c], csv_cell(t, row, (int)c));
                if (status != 0) return status;
            }
    }
    return 0;
}

static bool known_arm(const struct protocol_case *c, const char *arm) {
    if (summary_rate_find(arm) != RATE_COUNT) return true;
    for (size_t i = 0; i < c->arm_count; i++)
        if (strcmp(c->arms[i].name, arm) == 0) return true;
    return false;
}

static const struct protocol_case *find_case(const struct protocol *p, const char *name) {
    for (size_t i = 0; i < p->case_count; i++)
        if (strcmp(p->cases[i].name, name) == 0) return &p->cases[i];
    return NULL;
}

static bool known_point(const struct protocol_case *c, const char *id) {
    for (size_t i = 0; i < c->point_count; i++)
        if (strcmp(c->points[i].id, id) == 0) return true;
    return false;
}

int verify_samples(const struct run *r, const struct protocol *p) {
    const struct csv_table *t = &r->files[RUN_samples];
    const int key = csv_column(t, "key"), name = csv_column(t, "case"),
              point = csv_column(t, "point");
    const int arm = csv_column(t, "arm"), block = csv_column(t, "block"),
              part = csv_column(t, "part");
    const int wall = csv_column(t, "wall_ns");
    const double first = csv_cell_number(t, 0, key);
    for (size_t row = 0; row < t->row_count; row++) {
        const char *part_text = csv_cell(t, row, part);
        const struct protocol_case *c = find_case(p, csv_cell(t, row, name));
        double number = csv_cell_number(t, row, key);
        if (number != first + (double)row || (row == 0 && number != 0 && number != 1))
            return verify_fail(r, RUN_samples, row,
                               "key %.0f, but %.0f comes next: rows are missing, doubled or moved",
                               number, row == 0 ? 0 : first + (double)row);
        if (c == NULL)
            return verify_fail(r, RUN_samples, row, "no case '%s' in protocol.md",
                               csv_cell(t, row, name));
        if (!known_point(c, csv_cell(t, row, point)))
            return verify_fail(r, RUN_samples, row, "case %s has no point '%s' in protocol.md",
                               c->name, csv_cell(t, row, point));
        if (!known_arm(c, csv_cell(t, row, arm)))
            return verify_fail(r, RUN_samples, row, "case %s has no arm '%s' in protocol.md",
                               c->name, csv_cell(t, row, arm));
        number = csv_cell_number(t, row, block);
        if (number < 0 || number >= p->blocks)
            return verify_fail(r, RUN_samples, row,
                               "block %.0f, but protocol.md has %d of them, from 0", number,
                               p->blocks);
        if (part_text[0] != '\0' && strcmp(part_text, "prompt") != 0 &&
            strcmp(part_text, "gen") != 0)
            return verify_fail(r, RUN_samples, row, "part '%s' is neither prompt nor gen",
                               part_text);
        const bool counted = counted_is(c) || counted_model_is(c);
        if (counted && csv_cell(t, row, wall)[0] != '\0')
            return verify_fail(r, RUN_samples, row, "case %s is counted, but has wall_ns", c->name);
        if (!counted && csv_cell(t, row, wall)[0] == '\0')
            return verify_fail(r, RUN_samples, row, "wall_ns is empty");
        if (!counted && !(csv_cell_number(t, row, wall) > 0))
            return verify_fail(r, RUN_samples, row, "wall_ns is not above 0");
    }
    return t->row_count > 0 ? 0 : fail(EXIT_FAILED, "%s/samples.csv: no samples", r->path);
}

// Rows of a file stand in the order of their samples.
static int check_keys(const struct run *r, enum run_file f) {
    const struct csv_table *t = &r->files[f], *samples = &r->files[RUN_samples];
    const int key = csv_column(t, "key"), sample_key = csv_column(samples, "key");
    const double first = csv_cell_number(samples, 0, sample_key),
                 last = first + (double)samples->row_count - 1;
    double before = first;
    for (size_t row = 0; row < t->row_count; row++) {
        double number = csv_cell_number(t, row, key);
        if (number < first || number > last)
            return verify_fail(r, f, row, "key %.0f: samples.csv has no such sample", number);
        if (number < before)
            return verify_fail(r, f, row, "key %.0f stands behind %.0f: rows were moved", number,
                               before);
        before = number;
    }
    return 0;
}

// The region of a count is one of the sample's.
static int check_count_regions(const struct run *r) {
    const struct csv_table *t = &r->files[RUN_counts], *regions = &r->files[RUN_regions];
    const int key = csv_column(t, "key"), region = csv_column(t, "region");
    const int region_key = csv_column(regions, "key"), region_name = csv_column(regions, "region");
    size_t first = 0;
    for (size_t row = 0; row < t->row_count; row++) {
        const char *name = csv_cell(t, row, region);
        double number = csv_cell_number(t, row, key);
        bool found = name[0] == '\0';
        while (first < regions->row_count && csv_cell_number(regions, first, region_key) < number)
            first++;
        for (size_t i = first;
             !found && i < regions->row_count && csv_cell_number(regions, i, region_key) <= number;
             i++)
            found = strcmp(csv_cell(regions, i, region_name), name) == 0;
        if (!found)
            return verify_fail(r, RUN_counts, row, "sample %.0f has no region '%s' in regions.csv",
                               number, name);
    }
    return 0;
}

int verify_references(const struct run *r) {
    int status = check_keys(r, RUN_regions);
    if (status == 0) status = check_keys(r, RUN_steps);
    if (status == 0) status = check_keys(r, RUN_counts);
    return status != 0 ? status : check_count_regions(r);
}

static int find_status(const char *name) {
    for (int i = 0; i < STATUS_COUNT; i++)
        if (strcmp(status_name((enum status)i), name) == 0) return i;
    return -1;
}

static bool known_source(const char *name) {
    for (int i = 0; i < SOURCE_COUNT; i++)
        if (strcmp(source_name((enum source)i), name) == 0) return true;
    return strcmp(name, "static-soft") == 0 || strcmp(name, "static-pmu") == 0; // two at once
}

// What could not be measured is empty, and what was measured is not.
int verify_counts(const struct run *r) {
    const struct csv_table *t = &r->files[RUN_counts];
    const int status_column = csv_column(t, "status"), source = csv_column(t, "source");
    const int raw = csv_column(t, "value_raw"), net = csv_column(t, "value_net");
    for (size_t row = 0; row < t->row_count; row++) {
        const char *name = csv_cell(t, row, status_column);
        int status = find_status(name);
        bool has_raw = csv_cell(t, row, raw)[0] != '\0', has_net = csv_cell(t, row, net)[0] != '\0';
        if (status < 0) return verify_fail(r, RUN_counts, row, "unknown status '%s'", name);
        if (!known_source(csv_cell(t, row, source)))
            return verify_fail(r, RUN_counts, row, "unknown source '%s'", csv_cell(t, row, source));
        bool good = status == STATUS_ok || status == STATUS_unverified;
        bool kept = status == STATUS_multiplexed || status == STATUS_inexact ||
                    status == STATUS_below_min_region;
        if (has_raw != (good || kept))
            return verify_fail(r, RUN_counts, row, "status %s, but value_raw is %s", name,
                               has_raw ? "filled" : "empty");
        if (has_net != good)
            return verify_fail(r, RUN_counts, row, "status %s, but value_net is %s", name,
                               has_net ? "filled" : "empty");
    }
    return 0;
}
