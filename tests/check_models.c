// SPDX-License-Identifier: MIT
// Files that are no good: bytes of a good model are overwritten, and opening it must fail with one
// line that names the file and what is wrong. Commas of the message are ';' in the table, and '*'
// is any digits.
//   check_models --list
//   check_models CASE        exit 0 right, 1 wrong
#include "tests/engine/golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/hostile/hostile.h"

#define TABLE "tests/broken_models.csv"

static unsigned char *read_all(const char *path, size_t *bytes) {
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END)) golden_die(1, "%s: cannot read it", path);
    *bytes = (size_t)ftell(f);
    rewind(f);
    unsigned char *p = malloc(*bytes);
    if (!p || fread(p, 1, *bytes, f) != *bytes) golden_die(1, "%s: cannot read it", path);
    fclose(f);
    return p;
}

// name,model,find,offset,bytes,message: hex `bytes` go to `offset` behind the start of text `find`.
static void patch(unsigned char *data, size_t bytes, const struct golden_row *row) {
    unsigned char *at = memmem(data, bytes, row->cells[2], strlen(row->cells[2]));
    size_t offset = strtoul(row->cells[3], NULL, 10), count = strlen(row->cells[4]) / 2;
    if (!at || (size_t)(data + bytes - at) < offset + count || count == 0)
        golden_die(1, "FAILED '%s' is not in %s", row->cells[2], row->cells[1]);
    for (size_t i = 0; i < count; i++) {
        unsigned value;
        if (sscanf(row->cells[4] + 2 * i, "%2x", &value) != 1) golden_die(1, "FAILED no hex");
        at[offset + i] = (unsigned char)value;
    }
}

static int check(const struct golden_row *row) {
    char path[] = "/tmp/inferometer-broken-XXXXXX", want[256];
    char *good = golden_path(row->cells[1]);
    size_t bytes;
    unsigned char *data = read_all(good, &bytes);
    patch(data, bytes, row);
    int file = mkstemp(path);
    if (file < 0 || write(file, data, bytes) != (ssize_t)bytes) golden_die(1, "%s: full?", path);
    close(file);
    free(data);
    struct model *m;
    int error = model_open(&m, path);
    unlink(path);
    snprintf(want, sizeof want, "%s", row->cells[5]);
    for (char *c = want; *c; c++)
        if (*c == ';') *c = ',';
    const char *message = engine_error();
    bool ok = error < 0 && !m && hostile_says(message, path, want);
    printf("%s: %s\n", ok ? "ok" : "FAILED", error ? message : "the model was opened");
    if (!ok) printf("expected: %s\n", want);
    if (!error) model_close(m);
    free(good);
    return !ok;
}

int main(int argc, char **argv) {
    if (argc == 2 && !strcmp(argv[1], "--list")) {
        golden_list("", TABLE);
        return 0;
    }
    if (argc == 2) {
        int failed = check(golden_row(TABLE, argv[1]));
        if (failed) printf("again: %s %s\n", argv[0], argv[1]);
        return failed;
    }
    fputs("usage: check_models --list | CASE\n", stderr);
    return 2;
}
