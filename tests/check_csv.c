// SPDX-License-Identifier: MIT
// What runs are written with: CSV tables, records, SHA-256.
#include <errno.h>
#include <float.h>
#include <math.h>

#include "experiments/csv.h"
#include "experiments/record.h"
#include "experiments/run_dir.h"
#include "experiments/sha256.h"
#include "tests/case_files.h"
#include "tests/says.h"

// ---- CSV

static int csv_round_trip(const void *argument) {
    static const char *const texts[] = {"plain", "a,b",      "say \"so\"", "two\nlines", "\r\n",
                                        "=1+1",  " spaced ", "",           "ü…",         "\""};
    enum { COUNT = sizeof texts / sizeof *texts };
    const char *path = below(0, case_directory, "texts.csv");
    struct csv_writer w;
    struct csv_table t;
    (void)argument;
    SAYS(csv_create(&w, path) == 0);
    csv_text(&w, "text"), csv_text(&w, "other"), csv_end_row(&w);
    for (int i = 0; i < COUNT; i++)
        csv_text(&w, texts[i]), csv_text(&w, texts[COUNT - 1 - i]), csv_end_row(&w);
    SAYS(csv_close(&w) == 0 && csv_read(&t, path) == 0);
    SAYS(t.row_count == COUNT && t.column_count == 2);
    for (size_t i = 0; i < COUNT; i++)
        SAYS(strcmp(csv_cell(&t, i, 0), texts[i]) == 0 &&
             strcmp(csv_cell(&t, i, 1), texts[COUNT - 1 - i]) == 0);
    csv_free(&t);
    SAYS(csv_create(&w, path) == EXIT_FAILED); // never over a file that is there
    return 0;
}

static int csv_lone_empty(const void *argument) {
    const char *path = below(0, case_directory, "lone.csv");
    struct csv_writer w;
    struct csv_table t;
    (void)argument;
    SAYS(csv_create(&w, path) == 0);
    csv_text(&w, "only"), csv_end_row(&w), csv_empty(&w), csv_end_row(&w), csv_text(&w, "x"),
        csv_end_row(&w);
    SAYS(csv_close(&w) == 0 && csv_read(&t, path) == 0);
    SAYS(t.row_count == 2 && csv_cell(&t, 0, 0)[0] == '\0' && strcmp(csv_cell(&t, 1, 0), "x") == 0);
    csv_free(&t);
    return 0;
}

static int csv_numbers(const void *argument) {
    static const double fixed[] = {0,
                                   -0.0,
                                   1,
                                   0.1,
                                   1.0 / 3,
                                   1e15,
                                   123456789012345680.0,
                                   DBL_MAX,
                                   DBL_MIN,
                                   DBL_TRUE_MIN,
                                   -DBL_TRUE_MIN,
                                   2.2250738585072011e-308,
                                   5e-324,
                                   1e22,
                                   1e23,
                                   9007199254740993.0};
    char text[32];
    uint64_t state = 88172645463325252u;
    (void)argument;
    for (size_t i = 0; i < 200000; i++) {
        double value, back;
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        memcpy(&value, &state, sizeof value);
        if (i < sizeof fixed / sizeof *fixed) value = fixed[i];
        if (isnan(value) || isinf(value)) continue;
        csv_format(text, value);
        back = csv_parse(text);
        if (memcmp(&back, &value, sizeof value) != 0)
            return case_fail("%a is written '%s' and read %a", value, text, back);
    }
    csv_format(text, 0.1);
    SAYS(strcmp(text, "0.1") == 0);
    csv_format(text, NAN);
    SAYS(text[0] == '\0');
    SAYS(isnan(csv_parse("")) && isnan(csv_parse("nan")) && isnan(csv_parse("inf")) &&
         isnan(csv_parse("1e999")));
    SAYS(isnan(csv_parse("0x10")) && isnan(csv_parse(" 1")) && isnan(csv_parse("1 ")) &&
         isnan(csv_parse("1e")));
    return 0;
}

static int csv_infinite(const void *argument) {
    const char *path = below(0, case_directory, "infinite.csv");
    struct csv_writer w;
    (void)argument;
    SAYS(csv_create(&w, path) == 0);
    csv_number(&w, INFINITY), csv_end_row(&w);
    SAYS(csv_close(&w) == EXIT_FAILED && strstr(failure(), "infinite") != NULL &&
         access(path, F_OK) != 0);
    return 0;
}

static int csv_bad_tables(const void *argument) {
    static const char *const bad[][2] = {{"", "empty"},
                                         {"a,b\n1\n", ":2: 1 cells, but the header has 2"},
                                         {"a\n\"x\n", ":2: a quoted field does not end"},
                                         {"a\nx\"y\n", ":2: a stray quote"},
                                         {"a\n\"x\"y\n", ":2: a stray quote"},
                                         {"a,a\n", "two columns are called 'a'"},
                                         {"a,b\n\n", ":2: 1 cells"}};
    const char *path = below(0, case_directory, "bad.csv");
    struct csv_table t;
    (void)argument;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_text(path, bad[i][0]);
        SAYS(csv_read(&t, path) == EXIT_FAILED);
        if (strstr(failure(), bad[i][1]) == NULL)
            return case_fail("'%s' does not say '%s'", failure(), bad[i][1]);
    }
    write_text(path, "a,b\r\n1,\"2\r\n\"\r\n3,4"); // CRLF, and no line end at the end
    SAYS(csv_read(&t, path) == 0 && t.row_count == 2 && strcmp(csv_cell(&t, 0, 1), "2\r\n") == 0);
    SAYS(strcmp(csv_cell(&t, 1, 1), "4") == 0);
    csv_free(&t);
    return 0;
}

static int write_until_full(void) {
    const char *path = below(0, case_directory, "full.csv");
    struct csv_writer w;
    SAYS(csv_create(&w, path) == 0);
    for (int i = 0; i < 10000; i++) csv_number(&w, i + 0.5), csv_end_row(&w);
    SAYS(csv_close(&w) == EXIT_FAILED && strstr(failure(), "full.csv: ") != NULL &&
         access(path, F_OK) != 0);
    return 0;
}

static int csv_full_disk(const void *argument) {
    (void)argument;
    struct csv_writer w;
    FILE *full = fopen("/dev/full", "w");
    SAYS(full != NULL);
    csv_to(&w, full);
    csv_text(&w, "x"), csv_end_row(&w);
    SAYS(csv_close(&w) == EXIT_FAILED && strstr(failure(), strerror(ENOSPC)) != NULL);
    fclose(full);
    return with_limit(4096, write_until_full);
}

// ---- SHA-256

static int sha256_vectors(const void *argument) {
    static const char *const vectors[][2] = {
        // FIPS 180-4's examples
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"}};
    char hex[65];
    struct sha256 s;
    (void)argument;
    for (size_t i = 0; i < 3; i++) {
        sha256_of(vectors[i][0], strlen(vectors[i][0]), hex);
        SAYS(strcmp(hex, vectors[i][1]) == 0);
    }
    sha256_start(&s);
    for (int i = 0; i < 1000000; i += 100) // a million times "a", in pieces that fit no block
        sha256_add(&s,
                   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                   "aaaaaaaaaaaaaaaaaaaaa",
                   100);
    sha256_end(&s, hex);
    SAYS(strcmp(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0") == 0);
    return 0;
}

// Every length around the block's edges, against coreutils.
static int sha256_coreutils(const void *argument) {
    char command[3 * PATH_MAX], theirs[65], ours[65];
    const char *path = below(0, case_directory, "blob");
    (void)argument;
    if (system("command -v sha256sum >/dev/null") != 0) return CASE_CANNOT;
    snprintf(command, sizeof command, "sha256sum <'%s'", path);
    for (size_t bytes = 0; bytes < 300; bytes += bytes < 130 ? 13 : 1 + bytes / 7) {
        FILE *f = fopen(path, "wb");
        for (size_t i = 0; f != NULL && i < bytes; i++) fputc((int)(i * 31 + bytes) & 255, f);
        SAYS(f != NULL && fclose(f) == 0 && sha256_of_file(path, ours) == 0);
        FILE *p = popen(command, "r");
        SAYS(p != NULL && fscanf(p, "%64s", theirs) == 1 && pclose(p) == 0);
        if (strcmp(ours, theirs) != 0)
            return case_fail("%zu bytes: %s, sha256sum says %s", bytes, ours, theirs);
    }
    SAYS(sha256_of_file(below(0, case_directory, "none"), ours) == EXIT_FAILED);
    return 0;
}

// ---- records

static int record_long(const void *argument) { // a value of any length is kept whole
    static char value[100000];
    static struct record r;
    struct csv_table t;
    (void)argument;
    memset(value, 'v', sizeof value - 1);
    SAYS(record_open(&r, case_directory, RUN_run, true, NULL, 0) == 0);
    record_text(&r, "key", "flags"), record_text(&r, "value", value), record_end(&r);
    record_text(&r, "key", "short"), record_end(&r);
    SAYS(record_close(&r) == 0 && csv_read(&t, below(0, case_directory, "run.csv")) == 0);
    SAYS(t.row_count == 2 && strcmp(csv_cell(&t, 0, 1), value) == 0);
    SAYS(csv_cell(&t, 1, 1)[0] == '\0'); // nothing stays from the row above
    csv_free(&t);
    return 0;
}

static int record_infinite(const void *argument) {
    static struct record r;
    (void)argument;
    SAYS(record_open(&r, case_directory, RUN_run, true, NULL, 0) == 0);
    record_text(&r, "key", "x"), record_number(&r, "value", HUGE_VAL), record_end(&r);
    SAYS(record_close(&r) == EXIT_FAILED && strstr(failure(), "infinite") != NULL);
    return 0;
}

int main(int argc, char **argv) {
    static const struct test_case cases[] = {
        {"csv_round_trip", csv_round_trip, NULL}, {"csv_lone_empty", csv_lone_empty, NULL},
        {"csv_numbers", csv_numbers, NULL},       {"csv_infinite", csv_infinite, NULL},
        {"csv_bad_tables", csv_bad_tables, NULL}, {"csv_full_disk", csv_full_disk, NULL},
        {"sha256_vectors", sha256_vectors, NULL}, {"sha256_coreutils", sha256_coreutils, NULL},
        {"record_long", record_long, NULL},       {"record_infinite", record_infinite, NULL},
    };
    case_make_directory();
    return case_main(argc, argv, cases, sizeof cases / sizeof *cases);
}
