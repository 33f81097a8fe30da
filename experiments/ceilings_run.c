// SPDX-License-Identifier: MIT
#include "experiments/ceilings_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "engine/error.h"
#include "engine/model.h"
#include "experiments/ceiling.h"
#include "experiments/csv.h"
#include "experiments/driver.h"
#include "experiments/failure.h"
#include "experiments/protocol.h"
#include "experiments/run_dir.h"
#include "experiments/sha256.h"
#include "kernels/kernels.h"
#include "probes/clock.h"
#include "probes/counters.h"
#include "probes/ledger.h"
#include "probes/machine.h"

#define LEAST_BYTES 16384LL
#define MOST_BYTES (1LL << 30)
#define LOAD_NS 200e6 // of multiply-adds before the frequency under vector load is read

// The cases, one row each: by_bytes: one point a working set, GB/s; else peaks of operations,
// GOP/s.
static const struct {
    const char *name, *yardstick;
    bool by_bytes, one_thread;
    int arrays; // that a thread goes through
} cases[] = {
    {"read", "read_stream", true, false, 1},       {"write", "write_stream", true, false, 1},
    {"copy", "copy_stream", true, false, 2},       {"triad", "triad", true, false, 3},
    {"latency", "pointer_chase", true, true, 1},   {"multiply_add", "fma_peak", false, false, 0},
    {"int8_dot", "int8dot_peak", false, false, 0}, {"bf16_dot", "bf16dot_peak", false, false, 0},
};
#define CASES (sizeof cases / sizeof *cases)

static int threads_here(void) {
    const int *cpus;
    size_t cores;
    machine_cpus(machine_facts(), &cpus, &cores);
    return (int)cores;
}

// 1, 2, 4 … and all cores.
static void write_threads(FILE *f, bool one) {
    const int all = one ? 1 : threads_here();
    fprintf(f, "sweep      threads =");
    for (int n = 1; n < all; n *= 2) fprintf(f, " %d", n);
    fprintf(f, " %d\n", all);
}

static void write_sizes(FILE *f, size_t i) {
    const double memory = strtod(machine_value(machine_facts(), "memory_bytes"), NULL);
    const int threads = cases[i].one_thread ? 1 : threads_here();
    fprintf(f, "sweep      bytes =");
    for (long long bytes = LEAST_BYTES; bytes <= MOST_BYTES;
         bytes *= bytes < MOST_BYTES / 16 ? 4 : 16)
        if ((double)bytes * threads * cases[i].arrays < memory / 2) fprintf(f, " %lld", bytes);
    fprintf(f, "\n");
}

// A case for each hand-written variant that runs here (nothing is compared, so they are no arms),
// or for C where there is none.
static void write_cases(FILE *f, size_t i) {
    const int op = op_find(cases[i].yardstick);
    bool any = false;
    for (int hand = 1; hand >= 0 && !any; hand--)
        for (size_t k = 0; k < kernel_count(); k++) {
            const struct kernel *kernel = kernel_at(k);
            const bool is_hand = strcmp(kernel->variant, "c") != 0;
            if (kernel->op != (enum op)op || !kernel_usable(kernel) || is_hand != (hand == 1))
                continue;
            // C's peaks say nothing of the machine.
            if (!is_hand && !cases[i].by_bytes) continue;
            fprintf(f, "\ncase       %s_%s\nphase      yardstick %s quads=2\n", cases[i].name,
                    kernel->variant, cases[i].yardstick);
            write_threads(f, cases[i].one_thread);
            if (cases[i].by_bytes) write_sizes(f, i);
            fprintf(f, "arm        A  %s=%s\n", cases[i].yardstick, kernel->variant);
            any = true;
        }
}

static int write_protocol(const char *path) {
    FILE *f = fopen(path, "w");
    if (f == NULL) return fail(EXIT_FAILED, "%s: cannot be written", path);
    fprintf(
        f,
        "# What this machine can do at best\n\n"
        "Written by `inferometer machine --ceilings` for the yardsticks, threads and memory of "
        "this "
        "machine.\n\n"
        "Question: how fast do the yardstick kernels read, write, copy and add arrays of each "
        "size, "
        "how long does a dependent load take, how many operations can the units do? Each variant "
        "of a yardstick is an arm; the ceiling is the best of them.\n\n"
        "Exclusions: none. Nothing is concluded about differences between variants.\n\n"
        "```protocol\nprotocol   ceilings\nversion    1\ndesign     blocks=2 seed=1\n"
        "granularity phase\n");
    for (size_t i = 0; i < CASES; i++) write_cases(f, i);
    fprintf(f, "```\n");
    return fclose(f) == 0 ? 0 : fail(EXIT_FAILED, "%s: cannot be written", path);
}

// CACHE/ceilings-<hash of the boot's id>: holds the run's path. NULL without a cache directory.
static char *boot_path(void) {
    char id[128] = "", hex[65], *cache = NULL, *path = NULL;
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (f != NULL) {
        if (fgets(id, sizeof id, f) == NULL) id[0] = '\0';
        fclose(f);
    }
    if (id[0] == '\0' || source_cache_dir(&cache) != 0) return NULL;
    sha256_of(id, strlen(id), hex);
    if (asprintf(&path, "%s/ceilings-%.16s", cache, hex) < 0) path = NULL;
    free(cache);
    return path;
}

static char *known_run(void) {
    char *path = boot_path(), run[4096] = "";
    FILE *f = path != NULL ? fopen(path, "re") : NULL;
    if (f != NULL) {
        if (fgets(run, sizeof run, f) == NULL) run[0] = '\0';
        run[strcspn(run, "\n")] = '\0';
        fclose(f);
    }
    free(path);
    struct stat s;
    return run[0] != '\0' && stat(run, &s) == 0 ? strdup(run) : NULL;
}

static int measure(char **run) {
    char *cache = NULL, protocol_path[4200], out[4200];
    struct protocol *p = NULL;
    if (source_cache_dir(&cache) != 0) return fail(EXIT_FAILED, "%s", engine_error());
    snprintf(protocol_path, sizeof protocol_path, "%s/ceilings.md", cache);
    snprintf(out, sizeof out, "%s/results", cache);
    free(cache);
    int status = write_protocol(protocol_path);
    if (status == 0) status = protocol_read(&p, protocol_path, NULL, 0);
    const struct driver_options o = {.out_root = out, .large_allowed = true};
    if (status == 0) status = driver_execute(p, &o, run);
    protocol_free(p);
    char *kept = status == 0 ? boot_path() : NULL;
    FILE *f = kept != NULL ? fopen(kept, "w") : NULL;
    if (f != NULL) {
        fprintf(f, "%s\n", *run);
        fclose(f);
    }
    free(kept);
    return status;
}

static void row(void *table, const char *key, double value, const char *unit, const char *source) {
    struct table *t = table;
    table_text(t, key);
    table_number(t, value);
    table_text(t, unit);
    table_text(t, source);
    table_text(t, status_name(isnan(value) ? STATUS_unsupported : STATUS_ok));
}

static bool of_kind(const char *case_name, size_t i) { // "read_avx512_s4" is of "read"
    const size_t n = strlen(cases[i].name);
    return strncmp(case_name, cases[i].name, n) == 0 && case_name[n] == '_';
}

// Of all variants at a point the best, and which it is.
static void visit_points(const struct run *r, size_t i, ceilings_row visit, void *arg) {
    const struct csv_table *sums = &r->files[RUN_summary];
    const int c_case = csv_column(sums, "case"), c_point = csv_column(sums, "point");
    const int c_measure = csv_column(sums, "measure"), c_value = csv_column(sums, "estimate");
    const bool latency = strcmp(cases[i].name, "latency") == 0;
    const char *measure = cases[i].by_bytes && !latency ? "gbps" : "gops";
    const char *first = NULL; // the points are those of the kind's first case
    for (size_t k = 0; k < sums->row_count; k++) {
        const char *name = csv_cell(sums, k, c_case), *point = csv_cell(sums, k, c_point);
        if (!of_kind(name, i) || strcmp(csv_cell(sums, k, c_measure), measure) != 0) continue;
        if (first == NULL) first = name;
        if (strcmp(name, first) != 0) break;
        double best = NAN;
        const char *variant = "";
        for (size_t s = 0; s < sums->row_count; s++) {
            if (!of_kind(csv_cell(sums, s, c_case), i) ||
                strcmp(csv_cell(sums, s, c_point), point) != 0 ||
                strcmp(csv_cell(sums, s, c_measure), measure) != 0)
                continue;
            const double value = csv_cell_number(sums, s, c_value);
            if (isnan(value) || value <= best) continue;
            best = value;
            variant = csv_cell(sums, s, c_case) + strlen(cases[i].name) + 1;
        }
        char key[160], source[96];
        snprintf(key, sizeof key, "%s;%s", cases[i].name, point);
        snprintf(source, sizeof source, "%s %s", latency ? "soft" : "model-soft", variant);
        // An operation of the chase is one load that waits for the one before.
        visit(arg, key, latency ? 1 / best : best,
              latency             ? "ns"
              : cases[i].by_bytes ? "GB/s"
                                  : "GOP/s",
              source);
    }
}

// The core's frequency with nothing before it, and just behind 0.2 s of multiply-adds.
static void print_frequencies(struct table *t) {
    static _Alignas(64) float sink[16];
    const struct timespec rest = {.tv_nsec = 50000000};
    const struct kernel *k = kernel_select(OP_fma_peak, 1, 0, NULL);
    const struct yardstick_args a = {.bytes = 1024, .iterations = 20000, .sink = sink};
    nanosleep(&rest, NULL);
    row(t, "effective_ghz;idle_before", ceiling_effective_mhz() / 1e3, "GHz", "soft");
    clock_hz();
    const uint64_t begin = clock_ticks();
    while (clock_ns(clock_ticks() - begin) < LOAD_NS) k->run.yardstick(&a);
    row(t, "effective_ghz;vector_load_before", ceiling_effective_mhz() / 1e3, "GHz", "soft");
}

// Watts of the packages while this program sleeps.
static void print_idle_power(struct table *t) {
    const struct timespec rest = {.tv_sec = 1};
    struct ledger_reading before, after;
    struct ledger_entry entry;
    ledger_read(&before);
    const uint64_t begin = clock_ticks();
    if (!isnan(before.energy_j)) nanosleep(&rest, NULL);
    ledger_read(&after);
    ledger_difference(&before, &after, &entry);
    row(t, "power;idle", entry.energy_j / clock_ns(clock_ticks() - begin) * 1e9, "W", "soft");
}

void ceilings_known(ceilings_row visit, void *arg) {
    char *path = known_run();
    struct run r = {0};
    // One that another version wrote, or that somebody damaged, is as good as none.
    if (path != NULL && run_open(&r, path) == 0) {
        visit(arg, "run", NAN, "", run_fact(&r, "run"));
        for (size_t i = 0; i < CASES; i++) visit_points(&r, i, visit, arg);
        run_close(&r);
    }
    free(path);
}

int ceilings_print(enum table_format format) {
    static const char *const columns[] = {"key", "value", "unit", "source", "status", NULL};
    char *path = known_run();
    struct run r = {0};
    const bool known = path != NULL && run_open(&r, path) == 0;
    int status = 0;
    if (!known) {
        free(path);
        path = NULL;
        status = measure(&path);
        if (status == 0) status = run_open(&r, path);
    }
    if (status == 0) {
        struct table t;
        table_open(&t, format, columns);
        table_text(&t, "measured");
        table_text(&t, run_fact(&r, "utc_start"));
        table_text(&t, "");
        table_text(&t, known ? "kept since, for this boot" : "now");
        table_text(&t, status_name(STATUS_ok));
        for (size_t i = 0; i < CASES; i++) visit_points(&r, i, row, &t);
        print_frequencies(&t);
        print_idle_power(&t);
        status = table_close(&t);
        fprintf(stderr, "run: %s\nfigure: inferometer plot ceilings --from %s\n", path, path);
        run_close(&r);
    }
    free(path);
    return status;
}
