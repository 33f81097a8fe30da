// SPDX-License-Identifier: MIT
// Run directories, verify and summary. A run is made by hand below; each row
// of tests/run_damages.csv changes one file of it (from -> to; "*": removed), seals it again where
// `reseal` is 1, and verify must name the damage. tests/summary_expected.csv: its summary, worked
// out by hand; an empty estimate: there must be no such row. `schema FILE` (re)writes
// results/schema.csv.
#include <errno.h>
#include <float.h>
#include <math.h>

#include "experiments/csv.h"
#include "experiments/failure.h"
#include "experiments/record.h"
#include "experiments/run_dir.h"
#include "experiments/sha256.h"
#include "experiments/summary.h"
#include "tests/case_files.h"
#include "tests/says.h"

// ---- runs

static const char protocol_text[] =
    "```protocol\nprotocol base\nversion 1\nmodel embedded:kjv-3.7m\ncase d\nphase decode gen=2\n"
    "sweep depth = 0 64\ncase q\nphase question tokens=4 gen=1 chunk=2\n```\n";

static FILE *start_file(const char *directory, enum run_file f, const char *more) {
    FILE *out = fopen(below(0, directory, run_file_name(f)), "w");
    if (out == NULL) perror(path_text[0]), exit(1);
    for (const char *const *name = run_file_columns(f); *name != NULL; name++)
        fprintf(out, "%s%s", name == run_file_columns(f) ? "" : ",", *name);
    fprintf(out, "%s\n", more);
    return out;
}

struct sample {
    const char *arm, *part;
    int warmup, wall_ns, first_token_ns, tokens, bytes, ops;
};

static void write_sample(FILE *f, int *key, const char *where, int block, int slot,
                         const struct sample *s, int longer) {
    char first[16] = "", tokens[16] = "";
    int wall = s->wall_ns + (s->part[0] != '\0' ? longer : 0);
    if (s->first_token_ns > 0) snprintf(first, sizeof first, "%d", s->first_token_ns);
    if (s->tokens > 0) snprintf(tokens, sizeof tokens, "%d", s->tokens);
    // key,case,point,arm,block,slot,rep,part,warmup,pass,wall_ns,cpu_ns,first,p50,p95,p99,rss,energy_j,domain,
    // temperature,throttle,tokens,bytes,ops,ctx,migrations,faults,steal,runnable,eff_mhz,canary,flags
    fprintf(f, "%d,%s,%s,%d,%d,0,%s,%d,0,%d,%d,%s,,,,%d,,,,,%s,%d,%d,0,0,0,0,1,,,\n", (*key)++,
            where, s->arm, block, slot, s->part, s->warmup, wall, 2 * wall, first,
            5000 + 1000 * block, tokens, s->bytes, s->ops);
}

static void write_samples(const char *directory) {
    static const struct sample decode[] = {
        {"A", "gen", 1, 90000, 0, 1, 1000, 1000},    {"ceiling:read", "", 0, 100, 0, 0, 1000, 0},
        {"ceiling:int8", "", 0, 100, 0, 0, 0, 4000}, {"A", "gen", 0, 200, 0, 1, 1000, 1000},
        {"ceiling:read", "", 0, 100, 0, 0, 2000, 0}, {"A", "gen", 0, 400, 0, 1, 1000, 1000},
        {"ceiling:read", "", 0, 100, 0, 0, 2000, 0},
    };
    static const struct sample question[] = {{"A", "prompt", 0, 100, 0, 2, 1000, 500},
                                             {"A", "prompt", 0, 300, 400, 2, 1000, 500},
                                             {"A", "gen", 0, 50, 0, 1, 1000, 500}};
    static const char *const points[] = {"d,depth=0", "d,depth=64"};
    FILE *f = start_file(directory, RUN_samples, "");
    int key = 0;
    for (int block = 0; block < 2; block++) {
        for (int p = 0; p < 2; p++)
            for (int i = 0; i < 7; i++)
                write_sample(f, &key, points[p], block, i, &decode[i], 100 * block);
        for (int i = 0; i < 3; i++) write_sample(f, &key, "q,", block, i, &question[i], 0);
    }
    fclose(f);
}

static void write_files(const char *directory, const char *id) {
    char hex[65];
    write_text(below(0, directory, "protocol.md"), protocol_text);
    sha256_of(protocol_text, strlen(protocol_text), hex);
    FILE *f = start_file(directory, RUN_run, "");
    fprintf(
        f,
        "schema_version,2\nrun,%s\ncomplete,yes\nutc_start,20261121T110500Z\nutc_end,"
        "20261121T110501Z\nprotocol,base\n"
        "protocol_version,1\nprotocol_sha256,%s\nbinary_sha256,%s\nmachine,test\nset_1,blocks=2\n",
        id, hex, hex);
    fclose(f);
    f = start_file(directory, RUN_points, ",depth");
    fprintf(f, "d,depth=0,0\nd,depth=64,64\nq,,\n");
    fclose(f);
    write_samples(directory);
    f = start_file(directory, RUN_regions, "");
    fprintf(f, "3,attn,attention,,0,0,,1,5,7,8,9\n");
    fclose(f);
    fclose(start_file(directory, RUN_steps, ""));
    f = start_file(directory, RUN_counts, "");
    fprintf(f, "3,attn,0,faults,soft,x,0,0,0,10,10,ok\n3,,,cycles,pmu,,,,,,,unsupported\n");
    fclose(f);
}

static int summarize(const char *directory) {
    static const char *const overrides[] = {"blocks=2"};
    struct protocol *p = NULL;
    SAYS(protocol_read_copy(&p, below(0, directory, "protocol.md"), overrides, 1) == 0);
    int status = summary_write(directory, p, NULL);
    protocol_free(p);
    return status;
}

// Writes and seals; *path is the run's (static).
static int make_run(const char **path, const char *root) {
    static char final_path[2 * PATH_MAX];
    struct run_dir r;
    SAYS(run_dir_create(&r, root, "base", "test", "20261121T110500Z", "0123abcd") == 0);
    write_files(r.temporary_path, r.id);
    SAYS(summarize(r.temporary_path) == 0);
    SAYS(access(r.final_path, F_OK) != 0);
    SAYS(run_dir_seal(&r) == 0 && access(r.temporary_path, F_OK) != 0);
    snprintf(final_path, sizeof final_path, "%s", r.final_path);
    run_dir_free(&r);
    *path = final_path;
    return 0;
}

// The hash of each file anew.
static void reseal(const char *path) {
    char command[2 * PATH_MAX];
    snprintf(command, sizeof command,
             "cd '%s' && sha256sum run.csv points.csv samples.csv regions.csv steps.csv counts.csv "
             "summary.csv protocol.md >SHA256SUMS",
             path);
    if (system(command) != 0) perror(command), exit(1);
}

static int run_good(const void *argument) {
    const char *path;
    struct run r;
    struct run_dir d;
    (void)argument;
    if (make_run(&path, below(1, case_directory, "good")) != 0) return 1;
    SAYS(run_verify(path) == 0 && run_open(&r, path) == 0);
    SAYS(strcmp(run_fact(&r, "protocol"), "base") == 0 && run_fact(&r, "no such fact") == NULL);
    SAYS(r.files[RUN_samples].row_count == 34);
    run_close(&r);
    SAYS(run_dir_create(&d, path_text[1], "base", "test", "20261121T110500Z", "0123abcd") ==
         EXIT_FAILED);
    SAYS(strstr(failure(), "is there already") != NULL);
    return 0;
}

static int run_names(const void *argument) {
    static const char *const bad[][4] = {
        {"../x", "m", "20261121T110500Z", "0123abcd"}, {"a/b", "m", "20261121T110500Z", "0123abcd"},
        {"", "m", "20261121T110500Z", "0123abcd"},     {"a", "..", "20261121T110500Z", "0123abcd"},
        {"a", "m/n", "20261121T110500Z", "0123abcd"},  {"a", "m", "2026/121T110500Z", "0123abcd"},
        {"a", "m", "20261121T110500Z", "../../ab"},    {"A", "m", "20261121T110500Z", "0123abcd"}};
    const char *root = below(1, case_directory, "names");
    struct run_dir r;
    (void)argument;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        SAYS(run_dir_create(&r, root, bad[i][0], bad[i][1], bad[i][2], bad[i][3]) == EXIT_FAILED);
        SAYS(access(root, F_OK) != 0);
    }
    write_text(root, "a file");
    SAYS(run_dir_create(&r, root, "a", "m", "20261121T110500Z", "0123abcd") == EXIT_FAILED);
    SAYS(strstr(failure(), "names") != NULL && strstr(failure(), "cannot be made") != NULL);
    return 0;
}

static int run_unsealable(const void *argument) {
    struct run_dir r;
    (void)argument;
    SAYS(run_dir_create(&r, below(1, case_directory, "unsealable"), "base", "test",
                        "20261121T110500Z", "0123abcd") == 0);
    write_files(r.temporary_path, r.id); // without summary.csv
    SAYS(run_dir_seal(&r) == EXIT_FAILED && strstr(failure(), "summary.csv") != NULL);
    SAYS(strstr(failure(), r.temporary_path) != NULL && access(r.final_path, F_OK) != 0);
    SAYS(access(below(2, r.temporary_path, "SHA256SUMS"), F_OK) != 0);
    SAYS(summarize(r.temporary_path) == 0);
    write_text(below(2, r.temporary_path, "fragment"), "x");
    SAYS(run_dir_seal(&r) == EXIT_FAILED &&
         strstr(failure(), "fragment: is no file of a run") != NULL);
    run_dir_discard(&r);
    SAYS(access(r.temporary_path, F_OK) != 0);
    run_dir_free(&r);
    return 0;
}

static struct run_dir full;
static int seal_when_full(void) {
    SAYS(run_dir_seal(&full) == EXIT_FAILED && access(full.final_path, F_OK) != 0);
    SAYS(strstr(failure(), full.temporary_path) != NULL &&
         access(below(2, full.temporary_path, "SHA256SUMS"), F_OK) != 0);
    return 0;
}

static int run_full_disk(const void *argument) {
    (void)argument;
    SAYS(run_dir_create(&full, below(1, case_directory, "full"), "base", "test", "20261121T110500Z",
                        "0123abcd") == 0);
    write_files(full.temporary_path, full.id);
    SAYS(summarize(full.temporary_path) == 0);
    int rc = with_limit(100, seal_when_full);
    if (rc == 0)
        SAYS(run_dir_seal(&full) == 0 && run_verify(full.final_path) == 0); // once there is room
    run_dir_free(&full);
    return rc;
}

static int run_schema(const void *argument) {
    char *path = case_tree_path("results/schema.csv"), *text = NULL;
    size_t bytes = 0;
    struct csv_writer w;
    FILE *memory = open_memstream(&text, &bytes);
    (void)argument;
    csv_to(&w, memory);
    run_schema_write(&w);
    SAYS(csv_close(&w) == 0 && fclose(memory) == 0);
    char *committed = case_read_text(path);
    int rc = strcmp(committed, text) == 0
                 ? 0
                 : case_fail("results/schema.csv is not what experiments/schema.def says; write "
                             "it: check_run_files schema %s",
                             path);
    free(committed);
    free(text);
    free(path);
    return rc;
}

static int write_schema(const char *path) {
    struct csv_writer w;
    FILE *f = fopen(path, "w");
    if (f == NULL) return perror(path), 1;
    csv_to(&w, f);
    run_schema_write(&w);
    int status = csv_close(&w);
    return fclose(f) != 0 || status != 0;
}

static int damage(const void *argument) {
    const char *const *cells = argument; // case, file, from, to, reseal, message
    const char *path, *from = cells[2], *to = cells[3];
    char root[PATH_MAX + 64];
    snprintf(root, sizeof root, "%s/%s", case_directory, cells[0]);
    if (make_run(&path, root) != 0) return 1;
    const char *file = below(2, path, cells[1]);
    if (strcmp(from, "*") == 0) {
        SAYS(unlink(file) == 0);
    } else if (from[0] == '\0') {
        write_text(file, to);
    } else {
        char *text = case_read_text(file), *at = strstr(text, from), *changed = NULL;
        if (at == NULL) return case_fail("%s has no '%s'", file, from);
        SAYS(asprintf(&changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) >= 0);
        write_text(file, changed);
        free(text);
        free(changed);
    }
    if (cells[4][0] == '1') reseal(path);
    int rc = run_verify(path);
    if (rc != EXIT_FAILED) return case_fail("exit %d: the damage was not seen", rc);
    if (strncmp(failure(), path, strlen(path)) != 0)
        return case_fail("'%s' does not begin with the run", failure());
    if (strstr(failure(), cells[5]) == NULL)
        return case_fail("'%s' does not say '%s'", failure(), cells[5]);
    return strchr(failure(), '\n') == NULL ? 0 : case_fail("more than one line: %s", failure());
}

// A summary of another C library: other last digits, here of 2916666.666666667.
static int last_digits(const void *argument) {
    const char *path;
    (void)argument;
    if (make_run(&path, below(1, case_directory, "digits")) != 0) return 1;
    const char *file = below(2, path, "summary.csv");
    char *text = case_read_text(file), *at = strstr(text, ".666666667,");
    if (at == NULL) return case_fail("%s", text);
    at[9] = '6';
    write_text(file, text);
    reseal(path);
    free(text);
    SAYS(run_verify(path) == 0);
    return 0;
}

static int summary_row(const void *argument) {
    const char *const *cells = argument; // case, point, arm, measure, estimate, minimum, n
    static const char *const columns[] = {"estimate", "minimum", "n"};
    char root[PATH_MAX + 64];
    const char *path;
    struct csv_table t;
    int found = 0, rc = 0;
    snprintf(root, sizeof root, "%s/summary-%s-%s-%s-%s", case_directory, cells[0], cells[1],
             cells[2], cells[3]);
    if (make_run(&path, root) != 0) return 1;
    SAYS(csv_read(&t, below(0, path, "summary.csv")) == 0);
    for (size_t row = 0; row < t.row_count; row++) {
        bool same = true;
        for (int i = 0; i < 4; i++)
            same = same && strcmp(csv_cell(&t, row, i), cells[i]) == 0; // measure is column 3
        found += same;
        for (int i = 0; same && rc == 0 && i < 3; i++) {
            double is = csv_cell_number(&t, row, csv_column(&t, columns[i])),
                   should = csv_parse(cells[4 + i]);
            if (!(fabs(is - should) <= 1e-12 * fabs(should)))
                rc = case_fail("%s is %.17g, not %s", columns[i], is, cells[4 + i]);
        }
    }
    csv_free(&t);
    if (cells[4][0] == '\0') return found == 0 ? 0 : case_fail("there is such a row");
    return found == 1 ? rc : case_fail("%d such rows", found);
}

static void add_rows(struct test_case *cases, size_t *count, const struct csv_table *t,
                     case_function *run, const char *prefix) {
    for (size_t i = 0; i < t->row_count; i++) {
        char *name = NULL;
        int n = run == damage ? asprintf(&name, "%s%s", prefix, csv_cell(t, i, 0))
                              : asprintf(&name, "%s%s,%s,%s,%s", prefix, csv_cell(t, i, 0),
                                         csv_cell(t, i, 1), csv_cell(t, i, 2), csv_cell(t, i, 3));
        if (n < 0) exit(1);
        cases[(*count)++] = (struct test_case){name, run, t->cells + i * t->column_count};
    }
}

int main(int argc, char **argv) {
    static const struct test_case own[] = {
        {"run_good", run_good, NULL},
        {"run_names", run_names, NULL},
        {"run_unsealable", run_unsealable, NULL},
        {"run_full_disk", run_full_disk, NULL},
        {"last_digits", last_digits, NULL},
        {"schema_csv", run_schema, NULL},
    };
    if (argc == 3 && strcmp(argv[1], "schema") == 0) return write_schema(argv[2]);
    struct csv_table damages, expected;
    char *damages_path = case_tree_path("tests/run_damages.csv"),
         *expected_path = case_tree_path("tests/summary_expected.csv");
    if (csv_read(&damages, damages_path) != 0 || csv_read(&expected, expected_path) != 0)
        return fprintf(stderr, "%s\n", failure()), 1;
    const size_t own_count = sizeof own / sizeof *own;
    size_t count = own_count, names = count;
    struct test_case *cases = calloc(count + damages.row_count + expected.row_count, sizeof *cases);
    if (cases == NULL) return 1;
    memcpy(cases, own, sizeof own);
    add_rows(cases, &count, &damages, damage, "damage_");
    add_rows(cases, &count, &expected, summary_row, "summary:");
    case_make_directory();
    int rc = case_main(argc, argv, cases, count);
    for (size_t i = names; i < count; i++) free((char *)(uintptr_t)cases[i].name);
    free(cases);
    csv_free(&damages), csv_free(&expected);
    free(damages_path), free(expected_path);
    return rc;
}
