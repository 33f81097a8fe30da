// SPDX-License-Identifier: MIT
// The protocol reader: what a good protocol becomes, and the rows of tests/protocol_errors.csv,
// each one change to it (line_changed of the text below gets another text) or one --set.
#include "experiments/protocol.h"

#include "experiments/csv.h"
#include "experiments/failure.h"
#include "tests/says.h"

static const char *const base[] = {
    "# Base",
    "",
    "```protocol",
    "protocol base       # a comment",
    "version 1",
    "model embedded:kjv-3.7m",
    "primary ns_per_token",
    "case one",
    "phase decode gen=4",
    "sweep depth = 0 64",
    "arm A *=default",
    "arm B *=c act=f32",
    "```",
};
#define BASE_LINES (sizeof base / sizeof *base)

static void write_protocol(char path[PATH_MAX + 16], long line_changed, const char *text) {
    snprintf(path, PATH_MAX + 16, "%s/base.md", case_directory);
    FILE *f = fopen(path, "w");
    if (f == NULL) perror(path), exit(1);
    for (size_t i = 0; i < BASE_LINES; i++)
        fprintf(f, "%s\n", (long)i + 1 == line_changed ? text : base[i]);
    fclose(f);
}

static int check_row(const void *argument) {
    const char *const *cells = argument; // case, line_changed, text, set, exit, line, message
    char path[PATH_MAX + 16], where[PATH_MAX + 64];
    struct protocol *p = NULL;
    const char *set = cells[3];
    write_protocol(path, strtol(cells[1], NULL, 10), cells[2]);
    int rc = protocol_read(&p, path, &set, set[0] != '\0');
    protocol_free(p);
    if (rc != strtol(cells[4], NULL, 10))
        return case_fail("exit %d, not %s: %s", rc, cells[4], rc ? failure() : "");
    if (rc == 0) return 0;
    if (p != NULL) return case_fail("a refused protocol was returned");
    snprintf(where, sizeof where, "%s:%s: ", path, cells[5]);
    if (set[0] == '\0' && strncmp(failure(), where, strlen(where)) != 0)
        return case_fail("'%s' does not begin with '%s'", failure(), where);
    if (strstr(failure(), cells[6]) == NULL)
        return case_fail("'%s' does not say '%s'", failure(), cells[6]);
    return strchr(failure(), '\n') == NULL ? 0 : case_fail("more than one line: %s", failure());
}

static int check_meaning(const void *argument) {
    char path[PATH_MAX + 16];
    struct protocol *p = NULL;
    (void)argument;
    write_protocol(path, 10,
                   "sweep depth = 0 64\nsweep kv = f16 f32\nthreads 2\nmodel \"a b.gguf\"");
    SAYS(protocol_read(&p, path, NULL, 0) == 0);
    const struct protocol_case *c = p->cases;
    SAYS(strcmp(p->stem, "base") == 0 && p->version == 1 && p->case_count == 1);
    SAYS(p->blocks == 10 && p->seed == 1 && p->warmup == 1 && p->layout_seed == 0 &&
         !p->require_pin);
    SAYS(strlen(p->sha256) == 64 && p->hypotheses[0] == '\0' && p->fallback == NULL);
    SAYS(c->point_count == 4 && c->sweep_count == 2 && strcmp(c->sweep_names[1], "kv") == 0);
    SAYS(strcmp(c->points[1].id, "depth=0;kv=f32") == 0 &&
         strcmp(c->points[2].id, "depth=64;kv=f16") == 0);
    SAYS(c->points[2].settings.depth == 64 && c->points[2].settings.gen == 4 &&
         c->points[2].settings.threads == 2);
    SAYS(strcmp(c->points[3].settings.kv, "f32") == 0 && strcmp(c->points[3].values[0], "64") == 0);
    SAYS(strcmp(c->points[0].settings.model, "a b.gguf") ==
         0); // the case's overrides the common one
    SAYS(strcmp(c->points[0].settings.prompt, "text") == 0 &&
         strcmp(c->points[0].settings.fill, "seeded") == 0);
    SAYS(c->arm_count == 3 && strcmp(c->arms[2].name, "A'") == 0 && c->arms[2].control &&
         !c->arms[0].control);
    SAYS(strcmp(c->arms[0].kernel_rules, "") == 0 && strcmp(c->arms[1].kernel_rules, "*=c") == 0);
    SAYS(strcmp(c->arms[1].act, "f32") == 0 && c->arms[0].act == NULL &&
         c->arms[0].observer == NULL);
    SAYS(strcmp(c->primary, "ns_per_token") == 0 && c->ci == 0.95 && c->min_effect == 0.01);
    SAYS(c->granularity == GRANULARITY_region && c->pass_count == 0);
    protocol_free(p);
    return 0;
}

// Words of a shape: what SHAPE says, what settings and sweeps put in their place.
static int check_shapes(const void *argument) {
    static const struct {
        const char *phase, *shape; // of the last point; or a part of what is refused
        int rc;
    } rows[] = {
        {"kernel matmul_q8_0_a8_32 64x32", "64x32", 0},
        {"kernel matmul_q8_0_a8_32 64x32x3 tokens=7 rows=5 ring=0 quads=3", "5x32x7", 0},
        {"kernel attention_f16 kvheads=8 run=100 group=4 dim=64", "100x8x4x64", 0},
        {"kernel rmsnorm cols=96 tokens=2", "96x2", 0},
        {"yardstick read_stream bytes=2048", "2048x1", 0},
        {"yardstick read_stream", "536870912x1", 0},
        {"yardstick fma_peak", "1024x1", 0},
        {"kernel matmul_q8_0_a8_32 64x33", "COLS must be a multiple of 32, is 33", 2},
        {"kernel matmul_q8_0_a8_32 0x32", "shape '0x32' is not ROWSxCOLS[xTOKENS]", 2},
        {"kernel matmul_q8_0_a8_32 64x32x1x9", "shape '64x32x1x9' is not", 2},
        {"kernel matmul_q8_0_a8_32 rows=64", "shape '64' is not", 2},
        {"kernel attention_f16 4x1x1x64 tokens=9", "the 9 TOKENS are the last of the RUN of 4", 2},
        {"kernel rmsnorm 64 heads=2", "the shape of rmsnorm has no 'heads': COLS[xTOKENS]", 2},
        {"kernel rmsnorm 64 cosl=2", "unknown part of a phase 'cosl'; did you mean 'cols'?", 1},
        {"kernel rmsnorm 64 depth=2", "phase kernel does not take 'depth'", 1},
        {"yardstick read_stream bytes=1000", "bytes '1000' is no whole number from 1024", 1},
        {"yardstick read_stream bytes=1030", "BYTES must be a multiple of 1024, is 1030", 2},
        {"kernel", "its form is: phase kernel OP SHAPE", 1},
    };
    char path[PATH_MAX + 16];
    (void)argument;
    snprintf(path, sizeof path, "%s/shapes.md", case_directory);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct protocol *p = NULL;
        FILE *f = fopen(path, "w");
        if (f == NULL) return perror(path), 1;
        fprintf(f, "```protocol\nprotocol shapes\nversion 1\ncase one\nphase %s\n```\n",
                rows[i].phase);
        fclose(f);
        int rc = protocol_read(&p, path, NULL, 0);
        const char *got = rc == 0 ? p->cases[0].points[0].settings.shape : failure();
        bool right = rc == rows[i].rc && (rc == 0 ? strcmp(got, rows[i].shape) == 0
                                                  : strstr(got, rows[i].shape) != NULL);
        if (!right) case_fail("phase %s: exit %d, '%s'", rows[i].phase, rc, got);
        protocol_free(p);
        if (!right) return 1;
    }
    return 0;
}

static int check_set(const void *argument) {
    static const char *const set[] = {"depth=5,7,9", "blocks=3", "gen=2", "threads=1"};
    char path[PATH_MAX + 16];
    struct protocol *p = NULL;
    (void)argument;
    write_protocol(path, 0, "");
    SAYS(protocol_read(&p, path, set, 4) == 0);
    SAYS(p->blocks == 3 && p->cases[0].point_count == 3);
    SAYS(strcmp(p->cases[0].points[2].id, "depth=9") == 0 &&
         p->cases[0].points[2].settings.gen == 2);
    SAYS(p->cases[0].points[0].settings.threads == 1);
    protocol_free(p);
    return 0;
}

// In a longer fence a block is an example, not the protocol.
static int check_nested_fence(const void *argument) {
    char path[PATH_MAX + 16];
    struct protocol *p = NULL;
    (void)argument;
    write_protocol(path, 1, "````\n```protocol\nprotocol x\n```\n````");
    SAYS(protocol_read(&p, path, NULL, 0) == 0);
    protocol_free(p);
    return 0;
}

static int check_masked_isa(const void *argument) {
#if defined __x86_64__
    char path[PATH_MAX + 16];
    struct protocol *p = NULL;
    (void)argument;
    setenv("INFEROMETER_ISA", "c", 1);
    write_protocol(path, 12, "arm B matmul_f32_f32=c_v3");
    int rc = protocol_read(&p, path, NULL, 0);
    SAYS(rc == EXIT_CANNOT);
    SAYS(protocol_read_copy(&p, path, NULL, 0) == 0); // reading what was recorded elsewhere
    protocol_free(p);
    return 0;
#else
    (void)argument;
    return CASE_CANNOT;
#endif
}

int main(int argc, char **argv) {
    struct csv_table t;
    char *path = case_tree_path("tests/protocol_errors.csv");
    if (csv_read(&t, path) != 0) return fprintf(stderr, "%s\n", failure()), 1;
    struct test_case *cases = calloc(t.row_count + 5, sizeof *cases);
    size_t count = 0;
    if (cases == NULL) return 1;
    for (; count < t.row_count; count++)
        cases[count] =
            (struct test_case){csv_cell(&t, count, 0), check_row, t.cells + count * t.column_count};
    cases[count++] = (struct test_case){"meaning", check_meaning, NULL};
    cases[count++] = (struct test_case){"set", check_set, NULL};
    cases[count++] = (struct test_case){"shapes", check_shapes, NULL};
    cases[count++] = (struct test_case){"nested_fence", check_nested_fence, NULL};
    cases[count++] = (struct test_case){"masked_isa", check_masked_isa,
                                        NULL}; // last: it changes the environment
    case_make_directory();
    int rc = case_main(argc, argv, cases, count);
    free(cases);
    csv_free(&t);
    free(path);
    return rc;
}
