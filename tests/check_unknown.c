// SPDX-License-Identifier: MIT
// No field anywhere holds a zero for "unknown": every CSV that the program writes, and every
// committed one, is searched. check_unknown ROW, --list prints the rows: `committed` (results/),
// the verbs that print CSV, `run` and `bench` with all files of their runs, and `planted`, tables
// with a zero where nothing is known, each of which must be found. Exit 0 or 1.
#include <glob.h>
#include <libgen.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/csv.h"
#include "experiments/failure.h"

static int failures;
static char scratch[] = "/tmp/check_unknown_XXXXXX", binary[4096];

__attribute__((format(printf, 1, 2))) static void found(const char *format, ...) {
    va_list args;
    va_start(args, format);
    if (failures++ < 20) {
        fputs("  not so: ", stdout);
        vprintf(format, args);
        putchar('\n');
    }
    va_end(args);
}

static bool one_of(const char *words, const char *word) { // words with blanks between and around
    char padded[80];
    snprintf(padded, sizeof padded, " %.70s ", word);
    return *word && strstr(words, padded) != NULL;
}

#define EMPTY_VALUES " unsupported denied lost zero_suspect selftest_failed "
#define RAW_ALONE " multiplexed inexact below_min_region "
#define VALUES                                                                                     \
    " value value_raw value_net overhead estimate minimum lo hi effect effect_lo effect_hi "

// What a status says of the row's values.
static void check_status(const struct csv_table *t, size_t row, const char *status) {
    for (size_t i = 0; i < t->column_count; i++) {
        const char *name = t->columns[i], *cell = csv_cell(t, row, (int)i);
        if (!one_of(VALUES, name) || !*cell) continue;
        if (one_of(EMPTY_VALUES, status))
            found("%s, row %zu: status %s, but %s is '%s'", t->path, row + 1, status, name, cell);
        if (one_of(RAW_ALONE, status) && strcmp(name, "value_net") == 0)
            found("%s, row %zu: status %s, but value_net is '%s'", t->path, row + 1, status, cell);
    }
    const int raw = csv_column(t, "value_raw");
    if (raw >= 0 && !one_of(EMPTY_VALUES, status) && !*csv_cell(t, row, raw))
        found("%s, row %zu: status '%s' without value_raw", t->path, row + 1, status);
}

// Quantities of which nothing real has none: a zero there stands for what could not be measured.
#define NEVER_ZERO                                                                                 \
    " wall_ns cpu_ns first_token_ns peak_rss_bytes temperature_c eff_mhz canary_gbps energy_j "
#define NEVER_ZERO_FACTS                                                                           \
    " memory_bytes l1d_bytes l1i_bytes l2_bytes l3_bytes cache_line_bytes page_bytes tsc_hz "      \
    "tsc_stated_hz cpu_max_khz cpu_threads cpu_cores threads model_bytes huge_page_bytes "

static void check_row(const struct csv_table *t, size_t row) {
    const char *status = csv_cell(t, row, csv_column(t, "status"));
    if (*status) check_status(t, row, status);
    const bool samples = csv_column(t, "wall_ns") >= 0, regions = csv_column(t, "calls") >= 0;
    for (size_t i = 0; i < t->column_count && (samples || regions); i++) {
        const char *cell = csv_cell(t, row, (int)i);
        if (one_of(NEVER_ZERO, t->columns[i]) && *cell && csv_parse(cell) == 0)
            found("%s, row %zu: %s is %s", t->path, row + 1, t->columns[i], cell);
    }
    const int energy = csv_column(t, "energy_j");
    if (energy >= 0 && (*csv_cell(t, row, energy) != 0) !=
                           (*csv_cell(t, row, csv_column(t, "energy_domain")) != 0))
        found("%s, row %zu: energy '%s' of the domain '%s'", t->path, row + 1,
              csv_cell(t, row, energy), csv_cell(t, row, csv_column(t, "energy_domain")));
    const char *key = csv_cell(t, row, csv_column(t, "key"));
    const char *value = csv_cell(t, row, csv_column(t, "value"));
    if (one_of(NEVER_ZERO_FACTS, key) && *value && csv_parse(value) == 0)
        found("%s, row %zu: %s is %s", t->path, row + 1, key, value);
}

static int tables;
static void check_file(const char *path) {
    struct csv_table t;
    if (csv_read(&t, path) != 0) {
        found("%s", failure());
        return;
    }
    for (size_t row = 0; row < t.row_count; row++) check_row(&t, row);
    for (size_t row = 0; row < t.row_count; row++) // nothing may print what is no number
        for (size_t i = 0; i < t.column_count; i++) {
            const char *cell = csv_cell(&t, row, (int)i);
            if (one_of(" nan -nan inf -inf NaN Inf ", cell))
                found("%s, row %zu: %s is %s", t.path, row + 1, t.columns[i], cell);
        }
    csv_free(&t);
    tables++;
}

static void check_files(const char *pattern) {
    glob_t g;
    if (glob(pattern, 0, NULL, &g) != 0) return;
    for (size_t i = 0; i < g.gl_pathc; i++) check_file(g.gl_pathv[i]);
    globfree(&g);
}

__attribute__((format(printf, 1, 2))) static void shell(const char *format, ...) {
    char command[8192];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    if (system(command) != 0) found("failed: %s", command);
}

static void check_verb(const char *words) {
    char path[64];
    snprintf(path, sizeof path, "%s/out.csv", scratch);
    shell("%s %s -o csv >%s 2>/dev/null", binary, words, path);
    check_file(path);
}

// A pass of counters that are not there, of events that count nothing, and of regions too short.
static const char protocol[] =
    "# A test\n\n```protocol\nprotocol unknown\nversion 1\nmodel embedded:kjv-3.7m\n"
    "design blocks=1 seed=3 warmup=1\npass ipc dram_fills task-clock page-faults\n"
    "granularity step\ncase d\nphase decode gen=3\narm A *=default\n```\n";

static void check_run(void) {
    char path[64], pattern[96];
    snprintf(path, sizeof path, "%s/unknown.md", scratch);
    FILE *file = fopen(path, "w");
    if (file == NULL) return found("%s cannot be written", path);
    fputs(protocol, file);
    fclose(file);
    shell("%s run %s --out %s/results >/dev/null 2>&1", binary, path, scratch);
    snprintf(pattern, sizeof pattern, "%s/results/*/*/*/*.csv", scratch);
    check_files(pattern);
    if (tables < 6) found("a run of %d tables", tables);
}

static void check_bench(void) {
    char pattern[96];
    snprintf(pattern, sizeof pattern, "%s/results/*/*/*/*.csv", scratch);
    shell("%s bench -m embedded:kjv-3.7m -p 4 -n 2 -r 2 -o csv --out %s/results >%s/out.csv "
          "2>/dev/null",
          binary, scratch, scratch);
    check_files(pattern);
    if (tables < 6) found("a bench of %d tables", tables);
    snprintf(pattern, sizeof pattern, "%s/out.csv", scratch);
    check_file(pattern);
}

static void check_planted(void) {
    static const char *const texts[] = {
        "event,expected,value,source,status\ncycles,1,0,pmu,unsupported\n",
        "event,value_raw,value_net,overhead,status\ncycles,0,0,0,lost\n",
        "event,value_raw,value_net,overhead,status\ncycles,5,4,1,multiplexed\n",
        "event,value_raw,value_net,overhead,status\ncycles,,,,ok\n",
        "key,wall_ns,energy_j,energy_domain\n1,0,,\n",
        "key,wall_ns,energy_j,energy_domain\n1,5,3,\n",
        "key,wall_ns,eff_mhz\n1,5,0\n",
        "key,value,unit,source,status\nl3_bytes,0,bytes,sysfs,ok\n",
        "measure,estimate,lo,hi,status\nipc,0,,,denied\n",
        "measure,estimate,lo,hi,status\nipc,inf,,,ok\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char path[64];
        const int before = failures;
        snprintf(path, sizeof path, "%s/planted.csv", scratch);
        FILE *file = fopen(path, "w");
        if (file == NULL) return;
        fputs(texts[i], file);
        fclose(file);
        check_file(path);
        const bool seen = failures > before;
        failures = before;
        if (!seen) found("not found in: %s", texts[i]);
    }
}

static const struct {
    const char *name, *verb; // verb: prints CSV; NULL: one of the functions
    void (*run)(void);
} rows[] = {
    {"machine", "machine", NULL},
    {"selftest", "machine --selftest", NULL},
    {"events", "list events", NULL},
    {"groups", "list groups", NULL},
    {"plan", "inspect embedded:kjv-3.7m --plan", NULL},
    {"run", NULL, check_run},
    {"bench", NULL, check_bench},
    {"committed", NULL, NULL},
    {"planted", NULL, check_planted},
};

int main(int argc, char **argv) {
    const size_t count = sizeof rows / sizeof rows[0];
    size_t i = 0;
    if (argc != 2) {
        fprintf(stderr, "usage: %s --list | ROW\n", argv[0]);
        return 2;
    }
    for (size_t k = 0; strcmp(argv[1], "--list") == 0 && k < count; k++) puts(rows[k].name);
    if (strcmp(argv[1], "--list") == 0) return 0;
    while (i < count && strcmp(rows[i].name, argv[1]) != 0) i++;
    if (i == count || mkdtemp(scratch) == NULL) return 2;
    char *path = realpath(argv[0], NULL);
    snprintf(binary, sizeof binary, "INFEROMETER_CACHE=%s/cache %.3900s/../inferometer", scratch,
             path != NULL ? dirname(path) : ".");
    if (rows[i].verb != NULL) check_verb(rows[i].verb);
    if (rows[i].run != NULL) rows[i].run();
    if (strcmp(rows[i].name, "committed") == 0) check_files("results/*/*/*/*.csv");
    if (tables == 0) found("no table was searched");
    printf("  %d tables\n", tables);
    shell("rm -rf %s", scratch);
    free(path);
    if (failures == 0) return 0;
    printf("FAILED (%d findings); alone: %s %s\n", failures, argv[0], argv[1]);
    return 1;
}
