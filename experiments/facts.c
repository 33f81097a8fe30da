// SPDX-License-Identifier: MIT
// run.csv: what a stranger needs to know of a run to judge or repeat it.
#include "experiments/driver.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "build_flags.h"
#include "engine/error.h"
#include "engine/model.h"
#include "experiments/catalog.h"
#include "experiments/ceiling.h"
#include "experiments/counted.h"
#include "experiments/ceilings_run.h"
#include "experiments/failure.h"
#include "experiments/prompt.h"
#include "experiments/quantile.h"
#include "experiments/record.h"
#include "experiments/run_dir.h"
#include "experiments/sha256.h"
#include "kernels/isa_units.h"
#include "probes/group.h"
#include "probes/machine.h"

void facts_utc(char utc[20]) {
    time_t now = time(NULL);
    struct tm tm;
    gmtime_r(&now, &tm);
    strftime(utc, 20, "%Y%m%dT%H%M%SZ", &tm);
}

static void fact(struct record *r, const char *key, const char *value) {
    record_text(r, "key", key);
    record_text(r, "value", value);
    record_end(r);
}

static void fact_number(struct record *r, const char *key, double value) {
    record_text(r, "key", key);
    record_number(r, "value", value);
    record_end(r);
}

// The first line that a command prints; "" where it fails.
static void command_line(const char *command, char *line, size_t size) {
    line[0] = '\0';
    FILE *f = popen(command, "r");
    if (f == NULL) return;
    if (fgets(line, (int)size, f) == NULL) line[0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    if (pclose(f) != 0) line[0] = '\0';
}

// An installed program lies in no tree: `make install` left its commit beside it.
static bool installed_facts(struct record *r, const char *directory) {
    char path[4400], line[256], commit[128] = "", dirty[8] = "";
    snprintf(path, sizeof path, "%s/" CATALOG_INSTALLED, directory);
    FILE *f = fopen(path, "r");
    if (f == NULL) return false;
    while (fgets(line, sizeof line, f) != NULL) {
        sscanf(line, "commit %127s", commit);
        sscanf(line, "dirty %7s", dirty);
    }
    fclose(f);
    fact(r, "commit", commit);
    if (commit[0] != '\0') fact(r, "dirty", dirty);
    return true;
}

// The commit of the tree that the binary runs in; results/ does not make it dirty.
static void commit_facts(struct record *r) {
    char *directory = NULL, line[256];
    if (source_data_dir(&directory) != 0) return;
    const bool installed = installed_facts(r, directory);
    if (!installed) setenv("INFEROMETER_TREE", directory, 1); // whatever characters the path has
    free(directory);
    if (installed) return;
    command_line("git -C \"$INFEROMETER_TREE\" rev-parse HEAD 2>/dev/null", line, sizeof line);
    fact(r, "commit", line);
    if (line[0] != '\0') {
        command_line("changes=$(git -C \"$INFEROMETER_TREE\" status --porcelain -- . ':!results' "
                     "2>/dev/null) && if [ -n \"$changes\" ]; then echo yes; else echo no; fi",
                     line, sizeof line);
        fact(r, "dirty", line);
    }
    unsetenv("INFEROMETER_TREE");
}

// The hash of a large file is kept in the cache directory, by path, size, time of change and
// inode.
static int model_sha256(const char *path, char hex[65]) {
    struct stat st;
    char *cache = NULL, kept_path[4400], name[65], tag[128], line[256];
    if (stat(path, &st) != 0) return fail(EXIT_FAILED, "%s: cannot be read", path);
    if (source_cache_dir(&cache) != 0) return fail(EXIT_FAILED, "%s", engine_error());
    sha256_of(path, strlen(path), name);
    snprintf(kept_path, sizeof kept_path, "%s/%.16s.sha256", cache, name);
    snprintf(tag, sizeof tag, "%lld %lld.%09ld %lld.%lld", (long long)st.st_size,
             (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec, (long long)st.st_dev,
             (long long)st.st_ino);
    free(cache);
    FILE *f = fopen(kept_path, "r");
    if (f != NULL) {
        bool good = fgets(line, sizeof line, f) != NULL && strlen(line) > 66 && line[64] == ' ' &&
                    strncmp(line + 65, tag, strlen(tag)) == 0 && line[65 + strlen(tag)] == '\n';
        fclose(f);
        if (good) {
            memcpy(hex, line, 64);
            hex[64] = '\0';
            return 0;
        }
    }
    int status = sha256_of_file(path, hex);
    if (status == 0 && (f = fopen(kept_path, "w")) != NULL) {
        fprintf(f, "%s %s\n", hex, tag);
        fclose(f);
    }
    return status;
}

static void tokens_fact(struct record *r, const struct model *m, const struct settings *s,
                        uint64_t seed, int index) {
    char key[64], hex[65];
    size_t count = (size_t)driver_point_tokens(s);
    int32_t *tokens = malloc(count * sizeof *tokens);
    if (tokens != NULL && prompt_tokens(m, s->prompt, seed, tokens, count) == 0) {
        sha256_of(tokens, count * sizeof *tokens, hex);
        snprintf(key, sizeof key, "model_%d_tokens_sha256", index);
        fact(r, key, hex);
    }
    free(tokens);
}

// The model's weights are of one format but for norms and, in mixtures, some others: the one that
// holds the most bytes names it.
static const char *main_format(const struct model *m) {
    double bytes[FORMAT_COUNT] = {0};
    int most = FORMAT_f32;
    for (size_t i = 0; i < gguf_tensor_count(m->gguf); i++) {
        const struct gguf_tensor *t = gguf_tensor_at(m->gguf, i);
        if (t->format >= 0) bytes[t->format] += (double)t->bytes;
    }
    for (int f = 0; f < FORMAT_COUNT; f++)
        if (bytes[f] > bytes[most]) most = f;
    return format_info((enum format)most)->name;
}

static int model_facts(struct record *r, const struct protocol *p) {
    const char *seen[64];
    int count = 0;
    for (size_t i = 0; i < p->case_count; i++) {
        for (size_t j = 0; j < p->cases[i].point_count; j++) {
            const struct settings *s = &p->cases[i].points[j].settings;
            int k = 0;
            if (s->model == NULL) continue;
            while (k < count && strcmp(seen[k], s->model) != 0) k++;
            if (k < count || count == 64) continue;
            seen[count++] = s->model;
            struct model *m = NULL;
            char key[64], hex[65];
            if (model_open(&m, s->model) != 0) return fail(EXIT_FAILED, "%s", engine_error());
            int status = model_sha256(gguf_path(m->gguf), hex);
            snprintf(key, sizeof key, "model_%d", count);
            fact(r, key, s->model);
            snprintf(key, sizeof key, "model_%d_sha256", count);
            fact(r, key, hex);
            snprintf(key, sizeof key, "model_%d_format", count);
            fact(r, key, main_format(m));
            snprintf(key, sizeof key, "model_%d_file_bytes", count);
            fact_number(r, key, (double)gguf_file_bytes(m->gguf));
            snprintf(key, sizeof key, "model_%d_weight_bytes", count);
            fact_number(r, key, (double)m->weight_bytes);
            tokens_fact(r, m, s, p->seed, count);
            model_close(m);
            if (status != 0) return status;
        }
    }
    return 0;
}

// Median and best rate of each ceiling over the run.
static int ceiling_facts(struct record *r, const char *directory) {
    char path[4200], arm[32], key[64];
    struct csv_table t;
    snprintf(path, sizeof path, "%s/samples.csv", directory);
    int status = csv_read(&t, path);
    if (status != 0) return status;
    double *rates = malloc((t.row_count + 1) * sizeof *rates);
    int arm_column = csv_column(&t, "arm"), wall = csv_column(&t, "wall_ns");
    for (int c = 0; rates != NULL && c < CEILING_COUNT; c++) {
        int amount = csv_column(&t, c < CEILING_fma ? "bytes" : "ops");
        size_t n = 0;
        double best = 0;
        snprintf(arm, sizeof arm, "ceiling:%s", ceiling_name((enum ceiling)c));
        for (size_t i = 0; i < t.row_count; i++) {
            if (strcmp(csv_cell(&t, i, arm_column), arm) != 0) continue;
            double rate = csv_cell_number(&t, i, amount) / csv_cell_number(&t, i, wall);
            if (!isfinite(rate)) continue;
            rates[n++] = rate;
            best = fmax(best, rate);
        }
        if (n == 0) continue;
        const char *unit = c < CEILING_fma ? "gbps" : "gops";
        snprintf(key, sizeof key, "ceiling_%s_%s_median", ceiling_name((enum ceiling)c), unit);
        fact_number(r, key, quantile_of(rates, n, 0.5));
        snprintf(key, sizeof key, "ceiling_%s_%s_best", ceiling_name((enum ceiling)c), unit);
        fact_number(r, key, best);
    }
    if (rates == NULL) status = fail(EXIT_FAILED, "%s: out of memory", path);
    free(rates);
    csv_free(&t);
    return status;
}

// What `machine --ceilings` found since this boot: "machine_read;threads=2;bytes=16384", in GB/s,
// GOP/s or ns.
static void known_ceiling(void *record, const char *key, double value, const char *unit,
                          const char *source) {
    char name[200];
    (void)unit;
    snprintf(name, sizeof name, "machine_%s", key);
    if (isnan(value))
        fact(record, name, source);
    else
        fact_number(record, name, value);
}

// How the points of kernels were cut, and what their arms ran.
static int slice_facts(struct record *r, const struct run_facts *f) {
    const struct protocol *p = f->protocol;
    const int *cpus = NULL;
    size_t cores = 0, n = 0;
    machine_cpus(machine_facts(), &cpus, &cores);
    for (size_t i = 0; i < p->case_count; i++)
        for (size_t j = 0; j < p->cases[i].point_count; j++) {
            const struct protocol_case *c = &p->cases[i];
            struct kernel_point k;
            if (f->schedule == NULL || !kernel_point_is(&c->points[j].settings) || counted_is(c))
                continue;
            const struct slice_plan *plan = kernel_schedule_plan(f->schedule, p, i, j);
            int status = kernel_point_resolve(p, c, &c->points[j], (int)cores, &k);
            if (status != 0) return status;
            char key[64], value[8192];
            size_t used = (size_t)snprintf(
                value, sizeof value, "case=%s point=%s shape=%s units=%td quads=%d", c->name,
                c->points[j].id, c->points[j].settings.shape, plan->units, plan->quads);
            for (size_t a = 0; a < k.arm_count && used < sizeof value; a++)
                used += (size_t)snprintf(value + used, sizeof value - used, " %s=%s",
                                         c->arms[a].name, k.kernels[a]->symbol);
            snprintf(key, sizeof key, "slices_%zu", ++n);
            fact(r, key, value);
        }
    return 0;
}

static void override_facts(struct record *r, const struct driver_options *o) {
    for (size_t i = 0; i < o->override_count; i++) {
        char key[64];
        snprintf(key, sizeof key, "set_%zu", i + 1);
        fact(r, key, o->overrides[i]);
    }
}

int facts_write(const char *directory, const struct run_facts *f) {
    const struct protocol *p = f->protocol;
    struct record *r = malloc(sizeof *r);
    if (r == NULL) return fail(EXIT_FAILED, "out of memory");
    int status = record_open(r, directory, RUN_run, true, NULL, 0);
    if (status != 0) {
        free(r);
        return status;
    }
    fact_number(r, "schema_version", RUN_SCHEMA_VERSION);
    fact(r, "run", f->id);
    fact(r, "complete", f->complete ? "yes" : "no");
    fact(r, "utc_start", f->utc_start);
    fact(r, "utc_end", f->utc_end);
    fact(r, "protocol", p->stem);
    fact_number(r, "protocol_version", p->version);
    fact(r, "protocol_sha256", p->sha256);
    override_facts(r, f->options);
    commit_facts(r);
    fact(r, "binary_sha256", f->binary_sha256);
    fact(r, "compiler", __VERSION__);
    fact(r, "flags", BUILD_FLAGS);
    fact(r, "flags_of_compiler_variants", BUILD_FREE_FLAGS);
    status = model_facts(r, p);
    if (status == 0) status = slice_facts(r, f);
    const struct machine *m = machine_facts();
    size_t cores = 0;
    const int *cpus = NULL;
    size_t cpu_count = machine_cpus(m, &cpus, &cores);
    int threads = driver_threads(p, (int)cores);
    fact_number(r, "threads", threads);
    fact(r, "pinned", (size_t)threads <= cpu_count ? "yes" : "no"); // as open_team of block.c
    fact(r, "isa", getenv("INFEROMETER_ISA") != NULL ? getenv("INFEROMETER_ISA") : "");
    fact(r, "kernel_rules",
         getenv("INFEROMETER_KERNEL") != NULL ? getenv("INFEROMETER_KERNEL") : "");
    fact(r, "machine", machine_slug(m));
    fact(r, "units_without_kernel", isa_units());
    fact(r, "event_group", group_selected() != NULL ? group_selected()->stem : "");
    for (size_t i = 0; i < machine_fact_count(m); i++) {
        const struct machine_fact *one = machine_fact_at(m, i);
        fact(r, one->key, one->status == STATUS_ok ? one->value : "");
    }
    if (status == 0) status = ceiling_facts(r, directory);
    if (status == 0) ceilings_known(known_ceiling, r);
    int closed = record_close(r);
    free(r);
    return status != 0 ? status : closed;
}
