// SPDX-License-Identifier: MIT
// Group files without the hardware that they are about: check_groups ROW runs one row, --list
// prints them. GROUP: every event of probes/events/GROUP.group is encoded by libpfm4
// (LIBPFM_ENCODE_INACTIVE), every shared name is there, codes of tests/group_codes.csv agree.
// bad_NAME: a row of tests/group_errors.csv is refused with its message. Others are functions
// below. Exit 0, 1, 77.
#include <glob.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "experiments/anchor.h"
#include "experiments/csv.h"
#include "experiments/failure.h"
#include "probes/core_pmu.h"
#include "probes/encode.h"
#include "probes/error.h"
#include "probes/group.h"
#include "probes/group_formula.h"

#define CANNOT 77
static int failures;

__attribute__((format(printf, 2, 3))) static void expect(bool holds, const char *format, ...) {
    if (holds) return;
    va_list args;
    va_start(args, format);
    fputs("  not so: ", stdout);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
    failures++;
}

// libpfm4 holds the tables of its own architecture.
static bool of_this_architecture(const char *stem) {
#if defined(__x86_64__)
    return strncmp(stem, "arm_", 4) != 0;
#else
    return strncmp(stem, "amd_", 4) != 0 && strncmp(stem, "intel_", 6) != 0;
#endif
}

static void check_codes(const struct event_group *g) {
    struct csv_table t;
    if (csv_read(&t, "tests/group_codes.csv") != 0) {
        expect(false, "%s", failure());
        return;
    }
    for (size_t row = 0; row < t.row_count; row++) {
        if (strcmp(csv_cell(&t, row, csv_column(&t, "group")), g->stem) != 0) continue;
        const char *name = csv_cell(&t, row, csv_column(&t, "event"));
        const char *core = csv_cell(&t, row, csv_column(&t, "core"));
        const struct group_event *e = group_event(g, name, core);
        struct encoding found;
        expect(e != NULL, "%s has no %s", g->stem, name);
        if (e == NULL || encode_event_on(e->spec, NULL, &found) != 0) continue;
        unsigned long long want = strtoull(csv_cell(&t, row, csv_column(&t, "config")), NULL, 16);
        expect(found.config == want, "%s: %s encodes to 0x%llx, not 0x%llx", g->stem, name,
               (unsigned long long)found.config, want);
    }
    csv_free(&t);
}

static int check_group(const char *stem) {
    char path[256];
    struct event_group *g;
    snprintf(path, sizeof path, "probes/events/%s.group", stem);
    setenv("LIBPFM_ENCODE_INACTIVE", "1", 1); // before libpfm4 starts
    if (!*encode_library()) {
        printf("  skipped: built without libpfm4%s\n",
#if defined(__x86_64__)
               ""
#else
               "; `make deps-cross` fetches it"
#endif
        );
        return CANNOT;
    }
    if (group_read(&g, path) != 0) {
        expect(false, "%s", probes_error());
        return 1;
    }
    size_t encoded = 0, absent = 0;
    for (size_t i = 0; i < g->event_count; i++) {
        const struct group_event *e = &g->events[i];
        struct encoding found;
        if (*e->absent) {
            absent++;
            continue;
        }
        int error = encode_event_on(e->spec, NULL, &found);
        expect(error == 0, "%s:%d: %s: %s", path, e->line, e->name, probes_error());
        if (error != 0) continue;
        expect(*found.full_name != 0, "%s:%d: %s is not encoded: %s", path, e->line, e->name,
               found.reason);
        encoded += *found.full_name != 0;
    }
    const struct group_name *n;
    for (size_t i = 0; (n = group_name_at(i)) != NULL; i++) {
        const struct group_metric *m = group_metric(g, n->name);
        if (!n->metric) {
            bool everywhere = true; // in each section of a CPU with several kinds of cores
            for (size_t k = 0; k < g->event_count; k++)
                everywhere = everywhere && group_event(g, n->name, g->events[k].core) != NULL;
            expect(everywhere, "%s has no event %s, nor says why", stem, n->name);
        } else {
            expect(m != NULL, "%s has no metric %s, nor says why", stem, n->name);
            expect(m == NULL || strcmp(m->unit, n->unit) == 0, "%s: %s has the unit %s, not %s",
                   stem, n->name, m != NULL ? m->unit : "", n->unit);
        }
    }
    expect(encoded >= 4, "%zu events are encoded", encoded);
    expect(g->notes != NULL && strlen(g->notes) > 40, "no notes");
    check_codes(g);
    printf("  %zu events encoded, %zu absent with a reason, %zu metrics\n", encoded, absent,
           g->metric_count);
    group_free(g);
    return 0;
}

static int check_refusal(const char *name) {
    struct csv_table t;
    char path[] = "/tmp/check_groups_XXXXXX", whole[64];
    int found = 0;
    if (csv_read(&t, "tests/group_errors.csv") != 0) {
        expect(false, "%s", failure());
        return 1;
    }
    for (size_t row = 0; row < t.row_count; row++) {
        if (strcmp(csv_cell(&t, row, csv_column(&t, "name")), name) != 0) continue;
        const char *text = csv_cell(&t, row, csv_column(&t, "text"));
        const char *want = csv_cell(&t, row, csv_column(&t, "message"));
        struct event_group *g = NULL;
        int fd = mkstemp(path);
        FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
        expect(file != NULL, "no temporary file");
        if (file == NULL) break;
        for (; *text; text++) fputc(*text == '|' ? '\n' : *text, file);
        fclose(file);
        int error = group_read(&g, path);
        printf("  %s\n", probes_error());
        expect(error < 0 && g == NULL, "it is read");
        snprintf(whole, sizeof whole, "%s:%s: ", path, csv_cell(&t, row, csv_column(&t, "line")));
        expect(!*csv_cell(&t, row, csv_column(&t, "line")) ||
                   strncmp(probes_error(), whole, strlen(whole)) == 0,
               "the message does not begin with file and line %s", whole);
        expect(strstr(probes_error(), want) != NULL, "the message does not say \"%s\"", want);
        unlink(path);
        group_free(g);
        found++;
    }
    expect(found == 1, "%d rows of tests/group_errors.csv are called %s", found, name);
    csv_free(&t);
    return 0;
}

static enum status three_terms(void *arg, const char *name, double *value) {
    const double *v = arg; // cycles, instructions, branches, their status behind them
    if (strcmp(name, "time_ns") == 0) return *value = 1000, STATUS_ok;
    if (strcmp(name, "cycles") == 0) return *value = v[0], STATUS_ok;
    if (strcmp(name, "instructions") == 0) return *value = v[1], (enum status)v[3];
    if (strcmp(name, "branches") == 0) return *value = v[2], STATUS_ok;
    return STATUS_unsupported;
}

static int check_formulas(void) {
    static const struct {
        const char *text;
        double value; // NaN: none
        enum status status;
    } rows[] = {
        {"instructions / cycles", 2.5, STATUS_ok},
        {"1 + 2 * 3 - 4 / 2", 5, STATUS_ok},
        {"-(cycles - 5) * 2", -30, STATUS_ok},
        {"2 - 3 - 4", -5, STATUS_ok},
        {"100 / 5 / 2", 10, STATUS_ok},
        {"instructions / branches", NAN, STATUS_zero_suspect},
        {"instructions / (cycles - 20)", NAN, STATUS_zero_suspect},
        {"branches / instructions", 0, STATUS_ok},
        {"misses / instructions", NAN, STATUS_unsupported},
        {"64 * cycles / time_ns", 1.28, STATUS_ok},
    };
    double values[] = {20, 50, 0, STATUS_ok};
    struct formula f;
    double value;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int error = formula_parse(&f, rows[i].text, "here");
        expect(error == 0, "%s: %s", rows[i].text, probes_error());
        enum status s = formula_evaluate(&f, three_terms, values, &value);
        expect(s == rows[i].status &&
                   (isnan(rows[i].value) ? isnan(value) : fabs(value - rows[i].value) < 1e-12),
               "%s gives %g, %s", rows[i].text, value, status_name(s));
    }
    formula_parse(&f, "instructions / cycles", "here");
    values[3] = STATUS_unverified;
    expect(formula_evaluate(&f, three_terms, values, &value) == STATUS_unverified && value == 2.5,
           "an unverified term makes %g", value);
    values[3] = STATUS_lost;
    expect(formula_evaluate(&f, three_terms, values, &value) == STATUS_lost && isnan(value),
           "a lost term makes %g", value);
    return 0;
}

static int check_selection(void) { // one file a CPU, and every stated CPU has its own
    static const struct {
        const char *vendor, *stem;
        int family, model;
    } rows[] = {
        {"AuthenticAMD", "amd_zen3", 25, 1},   {"AuthenticAMD", "amd_zen3", 25, 33},
        {"AuthenticAMD", "amd_zen4", 25, 17},  {"AuthenticAMD", "amd_zen4", 25, 97},
        {"AuthenticAMD", "amd_zen5", 26, 2},   {"AuthenticAMD", "amd_zen5", 26, 68},
        {"GenuineIntel", "intel_skx", 6, 85},  {"GenuineIntel", "intel_icx", 6, 106},
        {"GenuineIntel", "intel_spr", 6, 143}, {"GenuineIntel", "intel_adl", 6, 151},
        {"arm", "arm_neoverse_n1", 15, 0xd0c}, {"arm", "arm_neoverse_v1", 15, 0xd40},
        {"arm", "arm_neoverse_v2", 15, 0xd4f}, {"arm", "arm_a76_a55", 15, 0xd0b},
        {"GenuineIntel", "", 6, 60},
    };
    glob_t found;
    expect(glob("probes/events/*.group", 0, NULL, &found) == 0, "no group files");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int matches = 0;
        for (size_t k = 0; k < found.gl_pathc; k++) {
            struct event_group *g;
            if (group_read(&g, found.gl_pathv[k]) != 0) continue;
            if (group_matches(g, rows[i].vendor, rows[i].family, rows[i].model)) {
                matches++;
                expect(strcmp(g->stem, rows[i].stem) == 0, "%s %d %d takes %s", rows[i].vendor,
                       rows[i].family, rows[i].model, g->stem);
            }
            group_free(g);
        }
        expect(matches == (*rows[i].stem != 0), "%s %d %d has %d files", rows[i].vendor,
               rows[i].family, rows[i].model, matches);
    }
    globfree(&found);
    return 0;
}

// A fake sysfs tree; its name ends up in root.
static void make_tree(char *root, const char *const (*files)[2]) {
    char command[512];
    expect(mkdtemp(root) != NULL, "no temporary directory");
    for (; (*files)[0] != NULL; files++) {
        snprintf(command, sizeof command, "mkdir -p \"$(dirname %s/%s)\" && echo '%s' > %s/%s",
                 root, (*files)[0], (*files)[1], root, (*files)[0]);
        expect(system(command) == 0, "%s", command);
    }
}

static void remove_tree(const char *root) {
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", root);
    expect(system(command) == 0, "%s", command);
}

static int check_kinds_of_cores(void) {
    static const char *const hybrid[][2] = {{"bus/event_source/devices/cpu_core/cpus", "0-15"},
                                            {"bus/event_source/devices/cpu_core/type", "4"},
                                            {"bus/event_source/devices/cpu_atom/cpus", "16-23"},
                                            {"bus/event_source/devices/cpu_atom/type", "10"},
                                            {"bus/event_source/devices/uncore_imc_0/cpumask", "0"},
                                            {"bus/event_source/devices/uncore_imc_0/type", "20"},
                                            {NULL, NULL}};
    static const char *const plain[][2] = {{"bus/event_source/devices/cpu/type", "4"},
                                           {NULL, NULL}};
    static const char *const arm[][2] = {{"bus/event_source/devices/armv8_cortex_a76/cpus", "4-7"},
                                         {"bus/event_source/devices/armv8_cortex_a76/type", "9"},
                                         {"bus/event_source/devices/armv8_cortex_a55/cpus", "0-3"},
                                         {"bus/event_source/devices/armv8_cortex_a55/type", "8"},
                                         {NULL, NULL}};
    char root[] = "/tmp/check_groups_sysfs_XXXXXX";
    struct core_pmus p;
    struct encoding e;
    struct event_group *g;
    make_tree(root, hybrid);
    core_pmus_read(&p, root);
    remove_tree(root);
    const struct core_pmu *big = core_pmu_of(&p, 3), *small = core_pmu_of(&p, 20);
    expect(p.count == 2 && big != NULL && small != NULL && strcmp(big->name, "cpu_core") == 0 &&
               strcmp(small->name, "cpu_atom") == 0 && core_pmu_of(&p, 24) == NULL,
           "%d PMUs", p.count);
    if (p.count != 2) return 1;
    // The same question is another code on each kind of core, on the PMU of that core.
    expect(group_read(&g, "probes/events/intel_adl.group") == 0, "%s", probes_error());
    const struct group_event *on_big = group_event(g, "itlb_misses", big->name);
    const struct group_event *on_small = group_event(g, "itlb_misses", small->name);
    encode_event_on(on_big->spec, big, &e);
    expect(e.type == 4 && e.config == 0x0e11, "cpu_core: type %u config 0x%llx", e.type,
           (unsigned long long)e.config);
    encode_event_on(on_small->spec, small, &e);
    expect(e.type == 10 && e.config == 0x0e85, "cpu_atom: type %u config 0x%llx", e.type,
           (unsigned long long)e.config);
    encode_event_on("perf::cycles", small, &e); // the kernel would count it on cpu_core
    expect(e.type == 0 && e.config == (uint64_t)10 << 32, "cycles on cpu_atom: config 0x%llx",
           (unsigned long long)e.config);
    expect(*group_metric_absent(g, group_metric(g, "l1d_mpki"), "cpu_core") == 0 &&
               *group_metric_absent(g, group_metric(g, "l1d_mpki"), "cpu_atom") != 0,
           "l1d_mpki exists on cpu_core alone");
    group_free(g);

    memcpy(root + sizeof root - 7, "XXXXXX", 6);
    make_tree(root, arm);
    core_pmus_read(&p, root);
    remove_tree(root);
    big = core_pmu_of(&p, 5);
    encode_event_on("raw:0x37", big, &e);
    expect(p.count == 2 && big != NULL && e.type == 9 && e.config == 0x37, "big.LITTLE: type %u",
           e.type);
    memcpy(root + sizeof root - 7, "XXXXXX", 6);
    make_tree(root, plain);
    core_pmus_read(&p, root);
    remove_tree(root);
    expect(p.count == 0 && core_pmu_of(&p, 0) == NULL, "one kind of core: %d", p.count);
    return 0;
}

static int check_anchors(void) { // of passes over the same work
    static const struct {
        struct anchor a, b;
        bool disagree;
    } rows[] = {
        {{1e6, 2e6}, {1e6, 2e6}, false},    {{1e6, 2e6}, {1.0009e6, 2e6}, false},
        {{1e6, 2e6}, {1.002e6, 2e6}, true}, {{1e6, 2e6}, {1e6, 2.15e6}, false},
        {{1e6, 2e6}, {1e6, 2.3e6}, true},   {{1e6, 2e6}, {0.998e6, 2e6}, true},
        {{1e6, 0}, {1e6, 2e6}, false},      {{NAN, 2e6}, {1e6, 2e6}, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect(anchors_disagree(&rows[i].a, &rows[i].b) == rows[i].disagree, "row %zu", i);
    return 0;
}

static const struct {
    const char *name;
    int (*run)(void);
} functions[] = {
    {"formulas", check_formulas},
    {"selection", check_selection},
    {"kinds_of_cores", check_kinds_of_cores},
    {"anchors", check_anchors},
};
#define FUNCTIONS (sizeof functions / sizeof functions[0])

static int list(void) {
    glob_t found;
    struct csv_table t;
    for (size_t i = 0; i < FUNCTIONS; i++) puts(functions[i].name);
    if (glob("probes/events/*.group", 0, NULL, &found) != 0) return 1;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char stem[128];
        const char *base = strrchr(found.gl_pathv[i], '/') + 1;
        snprintf(stem, sizeof stem, "%.*s", (int)strcspn(base, "."), base);
        if (of_this_architecture(stem)) puts(stem);
    }
    globfree(&found);
    if (csv_read(&t, "tests/group_errors.csv") != 0) return 1;
    for (size_t row = 0; row < t.row_count; row++)
        printf("bad_%s\n", csv_cell(&t, row, csv_column(&t, "name")));
    csv_free(&t);
    return 0;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: %s --list | ROW\n", argv[0]);
        return 2;
    }
    const char *row = argv[1];
    if (strcmp(row, "--list") == 0) return list();
    int result = -1;
    for (size_t i = 0; i < FUNCTIONS; i++)
        if (strcmp(functions[i].name, row) == 0) result = functions[i].run();
    if (result < 0)
        result = strncmp(row, "bad_", 4) == 0 ? check_refusal(row + 4) : check_group(row);
    if (failures == 0) return result;
    printf("FAILED; alone: %s %s\n", argv[0], row);
    return 1;
}
