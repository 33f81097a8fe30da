// SPDX-License-Identifier: MIT
#include "experiments/fallback.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "experiments/child.h"
#include "experiments/counted.h"
#include "experiments/counted_model.h"
#include "experiments/counted_region.h"
#include "experiments/csv.h"
#include "experiments/failure.h"
#include "experiments/input.h"
#include "experiments/kernel_point.h"
#include "experiments/record.h"
#include "experiments/region.h"
#include "experiments/region_model.h"
#include "probes/counters.h"
#include "probes/machine.h"

bool fallback_wanted(const struct protocol *p) {
    static const char *const cycles[] = {"cycles"};
    struct counters *c = NULL;
    if (p->fallback == NULL || strcmp(p->fallback, "sim") != 0) return false;
    if (counters_open(&c, cycles, 1) != 0) return true;
    const bool counts = counters_event_opened(counters_event(c, 0));
    counters_close(c);
    return !counts;
}

// ---- what the samples called
struct called { // by a sample, in a region
    int64_t key;
    char region[48]; // "": the whole sample
    size_t distinct; // index into `regions`
    double calls;    // 0: the shape could not be told
};
struct calls {
    struct called *all;
    size_t count;
    struct counted_region *regions; // distinct variants and shapes
    char (*words)[64];
    size_t distinct_count;
};

static void *grown(void *p, size_t count, size_t size) {
    if ((count & (count - 1)) != 0) return p;
    return realloc(p, (count > 0 ? 2 * count : 1) * size);
}

static int add_call(struct calls *c, int64_t key, const char *region, const struct kernel *k,
                    const char *words, const struct shape *s, double calls) {
    size_t i = 0;
    while (i < c->distinct_count && (c->regions[i].kernel != k || strcmp(c->words[i], words) != 0))
        i++;
    if (i == c->distinct_count) {
        void *regions = grown(c->regions, i, sizeof *c->regions);
        if (regions != NULL) c->regions = regions;
        void *texts = regions != NULL ? grown(c->words, i, sizeof *c->words) : NULL;
        if (texts == NULL) return fail(EXIT_FAILED, "out of memory for counts");
        c->words = texts;
        snprintf(c->words[i], sizeof c->words[i], "%s", words);
        c->regions[i] = (struct counted_region){.kernel = k, .arch = sim_host_arch(), .shape = *s};
        c->distinct_count++;
    }
    void *all = grown(c->all, c->count, sizeof *c->all);
    if (all == NULL) return fail(EXIT_FAILED, "out of memory for counts");
    c->all = all;
    struct called *called = &c->all[c->count++];
    *called = (struct called){.key = key, .distinct = i, .calls = calls};
    snprintf(called->region, sizeof called->region, "%s", region);
    return 0;
}

// The first sample of an arm at a point that counts; NaN: there is none.
static double first_sample(const struct csv_table *t, const char *case_name, const char *point,
                           const char *arm, const char *part, size_t *row) {
    for (*row = 0; *row < t->row_count; ++*row)
        if (strcmp(csv_cell(t, *row, csv_column(t, "case")), case_name) == 0 &&
            strcmp(csv_cell(t, *row, csv_column(t, "point")), point) == 0 &&
            strcmp(csv_cell(t, *row, csv_column(t, "arm")), arm) == 0 &&
            strcmp(csv_cell(t, *row, csv_column(t, "part")), part) == 0 &&
            strcmp(csv_cell(t, *row, csv_column(t, "warmup")), "0") == 0 &&
            strcmp(csv_cell(t, *row, csv_column(t, "pass")), "0") == 0)
            return csv_cell_number(t, *row, csv_column(t, "key"));
    return NAN;
}

// A slice is a part of the shape, or several calls of it: rows, heads or tokens by its operations.
static int add_kernel_point(struct calls *c, const struct protocol *p,
                            const struct protocol_case *pc, const struct point *point,
                            const struct csv_table *samples) {
    const int *cpus = NULL;
    size_t cores = 0, row;
    struct kernel_point k;
    machine_cpus(machine_facts(), &cpus, &cores);
    int rc = kernel_point_resolve(p, pc, point, (int)cores, &k);
    for (size_t i = 0; rc == 0 && i < pc->arm_count; i++) {
        const double key = first_sample(samples, pc->name, point->id, pc->arms[i].name, "", &row);
        if (isnan(key)) continue;
        const struct op_info *op = op_info(k.op);
        const bool has_ops = op->ops(&k.shape) > 0;
        double share =
            has_ops
                ? csv_cell_number(samples, row, csv_column(samples, "ops")) / op->ops(&k.shape)
                : csv_cell_number(samples, row, csv_column(samples, "bytes")) / op->bytes(&k.shape);
        struct shape s = k.shape;
        char words[64];
        ptrdiff_t *part = &s.tokens;
        if (op->op_class == CLASS_matmul || op->op_class == CLASS_panel) part = &s.rows;
        if (op->op_class == CLASS_attention) part = &s.kv_heads;
        const double whole_calls = floor(share + 1e-9), left = share - whole_calls;
        if (whole_calls >= 1 && left * (double)*part > 1e-3) { // and a part of a call
            rc =
                add_call(c, (int64_t)key, "", k.kernels[i], point->settings.shape, &s, whole_calls);
            share = left;
        }
        if (rc != 0) break;
        if (share < 1) {
            const double exact = share * (double)*part;
            *part = (ptrdiff_t)(exact + 0.5);
            // What is no whole number of rows or heads is no shape of its own.
            share = *part > 0 && fabs(exact - (double)*part) < 1e-3 ? 1 : 0;
            if (share == 0) s = k.shape;
        } else if (fabs(share - floor(share + 0.5)) > 1e-6) {
            share = 0;
        }
        if (op->op_class == CLASS_attention)
            snprintf(words, sizeof words, "%tdx%tdx%tdx%tdx%td", s.run, s.kv_heads, s.group, s.dim,
                     s.tokens);
        else if (op->op_class == CLASS_matmul)
            snprintf(words, sizeof words, "%tdx%tdx%td", s.rows, s.cols, s.tokens);
        else if (op->op_class == CLASS_panel || op->op_class == CLASS_yardstick)
            snprintf(words, sizeof words, "%tdx%td", s.rows, s.cols);
        else if (op->op_class == CLASS_state)
            snprintf(words, sizeof words, "%tdx%tdx%td", s.dim, s.kv_heads, s.tokens);
        else
            snprintf(words, sizeof words, "%tdx%td", s.cols, s.tokens);
        rc = add_call(c, (int64_t)key, "", k.kernels[i], words, &s, share);
    }
    return rc;
}

// The steps of an arm as the verb `region eval:…` prints them, run here without a simulator.
static int add_model_arm(struct calls *c, const struct protocol *p, size_t case_index,
                         size_t point_index, size_t arm, const char *const *overrides,
                         size_t override_count, const struct csv_table *samples) {
    const struct protocol_case *pc = &p->cases[case_index];
    const char *why = "", *point = pc->points[point_index].id, *arm_name = pc->arms[arm].name;
    char spec[4200], *argv[160], *out = NULL, *err = NULL, *binary;
    int status = 0, rc;
    size_t n = 0, row;
    const double prompt = first_sample(samples, pc->name, point, arm_name, "prompt", &row),
                 gen = first_sample(samples, pc->name, point, arm_name, "gen", &row);
    if ((binary = sim_binary(sim_host_arch(), &why)) == NULL) return fail(EXIT_FAILED, "%s", why);
    snprintf(spec, sizeof spec, "eval:%zu:%zu:%zu:%s", case_index, point_index, arm, p->path);
    argv[n++] = binary;
    argv[n++] = (char[]){"region"};
    argv[n++] = spec;
    for (size_t i = 0; i < override_count && n + 3 < sizeof argv / sizeof *argv; i++) {
        argv[n++] = (char[]){"--set"};
        argv[n++] = (char *)(uintptr_t)overrides[i];
    }
    argv[n] = NULL;
    rc = child_run(argv, NULL, &status, &out, &err);
    if (rc == 0 && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
        rc = fail(EXIT_FAILED, "%.*s", (int)strcspn(err, "\n"), err);
    for (char *line = rc == 0 ? strtok(out, "\n") : NULL; rc == 0 && line != NULL;
         line = strtok(NULL, "\n")) {
        char region[48], step_spec[160];
        const struct kernel *k;
        struct shape s;
        unsigned id;
        int whole;
        if (sscanf(line, "step,%u,%*d,%47[^,],%*[^,],%*[^,],%*u,%*d,%159[^,],%d", &id, region,
                   step_spec, &whole) != 4)
            continue;
        const double key = id >= REGION_MODEL_GENERATED ? gen : prompt;
        if (isnan(key) || region_parse(step_spec, &k, &s) != 0) continue;
        rc = add_call(c, (int64_t)key, pc->granularity == GRANULARITY_phase ? "" : region, k,
                      strchr(step_spec, ':') + 1, &s, whole ? 1 : 0);
    }
    free(binary);
    free(out);
    free(err);
    return rc;
}

// ---- rows
struct sum {
    double values[SIM_EVENT_COUNT];
    bool ok, exact;
    char encoding[64];
};

// All calls of one sample in one region.
static struct sum sum_from(const struct calls *c, size_t first) {
    struct sum s = {.ok = true, .exact = true};
    for (size_t i = first; i < c->count; i++) {
        const struct called *x = &c->all[i];
        if (x->key != c->all[first].key || strcmp(x->region, c->all[first].region) != 0) continue;
        const struct sim_counts *counts = &c->regions[x->distinct].counts;
        s.ok = s.ok && counts->ok;
        s.exact = s.exact && x->calls > 0;
        for (int e = 0; e < SIM_EVENT_COUNT; e++) s.values[e] += counts->net[e] * x->calls;
        snprintf(s.encoding, sizeof s.encoding, "%s", counts->encoding);
    }
    return s;
}

static bool first_of_its_region(const struct calls *c, size_t i) {
    for (size_t j = 0; j < i; j++)
        if (c->all[j].key == c->all[i].key && strcmp(c->all[j].region, c->all[i].region) == 0)
            return false;
    return true;
}

static void write_rows(struct record *r, const struct calls *c, size_t i) {
    const struct sum s = sum_from(c, i);
    for (int e = 0; e < SIM_EVENT_COUNT; e++) {
        const bool has = s.ok && s.exact && !isnan(s.values[e]);
        record_integer(r, "key", c->all[i].key);
        if (c->all[i].region[0] != '\0') record_text(r, "region", c->all[i].region);
        record_text(r, "event", sim_event_info((enum sim_event)e)->name);
        record_text(r, "source", "sim");
        record_text(r, "encoding", s.encoding);
        record_number(r, "value_raw", has ? s.values[e] : NAN);
        record_number(r, "value_net", has ? s.values[e] : NAN);
        record_text(r, "status", has ? "ok" : "unsupported");
        record_end(r);
    }
}

// The file's rows and these, by key.
static int by_key(const void *a, const void *b) {
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    const long long m = atoll(x), n = atoll(y);
    return m != n ? (m > n) - (m < n) : (x > y) - (x < y);
}

static int merge(const char *path, const char *added_path) {
    char *have = NULL, *added = NULL, *text = NULL;
    size_t have_bytes, added_bytes, count = 0, room = 0;
    int rc = input_file(path, &have, &have_bytes);
    if (rc == 0) rc = input_file(added_path, &added, &added_bytes);
    if (rc == 0 && asprintf(&text, "%s%s", have, added) < 0) {
        text = NULL;
        rc = fail(EXIT_FAILED, "out of memory for counts");
    }
    char **lines = NULL;
    FILE *f = rc == 0 ? fopen(path, "w") : NULL;
    if (rc == 0 && f == NULL) rc = fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
    for (char *line = rc == 0 ? strtok(text, "\n") : NULL; line != NULL;
         line = strtok(NULL, "\n")) {
        if (count == room) {
            void *more = realloc(lines, (room = room > 0 ? 2 * room : 256) * sizeof *lines);
            if (more == NULL) {
                rc = fail(EXIT_FAILED, "out of memory for counts");
                break;
            }
            lines = more;
        }
        lines[count++] = line;
    }
    if (rc == 0 && count > 1) qsort(lines + 1, count - 1, sizeof *lines, by_key);
    for (size_t i = 0; rc == 0 && i < count; i++) fprintf(f, "%s\n", lines[i]);
    if (f != NULL && fclose(f) != 0 && rc == 0)
        rc = fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
    free(lines);
    free(text);
    free(have);
    free(added);
    return rc;
}

static int write_all(const struct calls *c, const char *directory) {
    char below[4200], added[4300], path[4200];
    struct record *r = malloc(sizeof *r);
    if (r == NULL) return fail(EXIT_FAILED, "out of memory");
    snprintf(below, sizeof below, "%s/fallback", directory);
    snprintf(added, sizeof added, "%s/%s", below, run_file_name(RUN_counts));
    snprintf(path, sizeof path, "%s/%s", directory, run_file_name(RUN_counts));
    int rc = mkdir(below, 0777) == 0 ? 0 : fail(EXIT_FAILED, "%s: %s", below, strerror(errno));
    if (rc == 0) rc = record_open(r, below, RUN_counts, false, NULL, 0);
    for (size_t i = 0; rc == 0 && i < c->count; i++)
        if (first_of_its_region(c, i)) write_rows(r, c, i);
    if (rc == 0) rc = record_close(r);
    if (rc == 0) rc = merge(path, added);
    unlink(added);
    rmdir(below);
    free(r);
    return rc;
}

int fallback_counts(const struct protocol *p, const char *const *overrides, size_t override_count,
                    const char *directory) {
    struct csv_table samples;
    struct calls c = {0};
    char path[4200];
    snprintf(path, sizeof path, "%s/%s", directory, run_file_name(RUN_samples));
    int rc = csv_read(&samples, path);
    if (rc != 0) return rc;
    for (size_t i = 0; rc == 0 && i < p->case_count; i++) {
        const struct protocol_case *pc = &p->cases[i];
        if (counted_is(pc) || counted_model_is(pc)) continue;
        for (size_t j = 0; rc == 0 && j < pc->point_count; j++) {
            if (kernel_point_is(&pc->points[j].settings))
                rc = add_kernel_point(&c, p, pc, &pc->points[j], &samples);
            else
                for (size_t a = 0; rc == 0 && a < pc->arm_count; a++)
                    rc = add_model_arm(&c, p, i, j, a, overrides, override_count, &samples);
        }
    }
    for (size_t i = 0; i < c.distinct_count; i++) c.regions[i].words = c.words[i];
    if (rc == 0) rc = counted_simulate(c.regions, c.distinct_count);
    for (size_t i = 0; rc == 0 && i < c.distinct_count; i++)
        if (!c.regions[i].counts.ok)
            fprintf(stderr, "inferometer: %s at %s: unsupported: %s\n", c.regions[i].kernel->symbol,
                    c.words[i], c.regions[i].counts.message);
    if (rc == 0 && c.count > 0) rc = write_all(&c, directory);
    for (size_t i = 0; i < c.distinct_count; i++) sim_free(&c.regions[i].counts);
    free(c.all);
    free(c.regions);
    free(c.words);
    csv_free(&samples);
    return rc;
}
