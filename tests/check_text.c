// SPDX-License-Identifier: MIT
// Text that comes in pieces: rows of tests/utf8.csv. A piece ends at "/"; bytes are hexadecimal.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/csv.h"
#include "experiments/failure.h"
#include "experiments/utf8.h"
#include "tests/case.h"

// Bytes up to the next "/" (or the end); *text moves behind it.
static size_t read_piece(const char **text, char *bytes) {
    size_t n = 0;
    const char *p = *text;
    for (; *p && *p != '/'; p++) {
        if (*p == ' ') continue;
        const char digits[3] = {p[0], p[1], 0};
        bytes[n++] = (char)strtol(digits, NULL, 16);
        p++;
    }
    *text = *p ? p + 1 : p;
    return n;
}

static int check_row(const void *argument) {
    const char *const *cells = argument; // case, pieces, written
    char piece[64], expected[64];
    char *written = NULL;
    size_t written_bytes = 0;
    struct utf8_stream s = {0};
    FILE *out = open_memstream(&written, &written_bytes);
    EXPECT(out != NULL);
    for (const char *p = cells[1]; *p;) {
        const size_t bytes = read_piece(&p, piece);
        utf8_write(&s, piece, bytes, out);
        // What is written is whole at any time.
        fflush(out);
        for (size_t at = 0; at < written_bytes;) {
            const int length =
                utf8_character((const unsigned char *)written + at, written_bytes - at);
            EXPECT(length > 0);
            at += (size_t)length;
        }
    }
    utf8_end(&s, out);
    fclose(out);
    const char *text = cells[2];
    const size_t bytes = read_piece(&text, expected);
    const bool same = bytes == written_bytes && memcmp(written, expected, bytes) == 0;
    free(written);
    return same ? 0
                : case_fail("%s: %zu bytes written, %zu expected", cells[1], written_bytes, bytes);
}

int main(int argc, char **argv) {
    struct csv_table t;
    char *path = case_tree_path("tests/utf8.csv");
    if (csv_read(&t, path) || t.column_count != 3 || t.row_count == 0) {
        fprintf(stderr, "%s: %s\n", path, failure());
        return 1;
    }
    free(path);
    struct test_case *cases = calloc(t.row_count, sizeof *cases);
    for (size_t i = 0; cases && i < t.row_count; i++)
        cases[i] = (struct test_case){t.cells[3 * i], check_row, &t.cells[3 * i]};
    const int rc = cases ? case_main(argc, argv, cases, t.row_count) : 1;
    free(cases);
    csv_free(&t);
    return rc;
}
