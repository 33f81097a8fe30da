// SPDX-License-Identifier: MIT
// Reading: nothing of a run is believed before its hashes are those of SHA256SUMS.
#include "experiments/run_dir.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "experiments/failure.h"
#include "experiments/sha256.h"

#define SEALED_COUNT (RUN_FILE_COUNT + 1)

static const char *sealed_name(size_t i) {
    return i < RUN_FILE_COUNT ? run_file_name((enum run_file)i) : "protocol.md";
}

static int sealed_find(const char *name) {
    for (size_t i = 0; i < SEALED_COUNT; i++)
        if (strcmp(sealed_name(i), name) == 0) return (int)i;
    return -1;
}

static int read_sums(const char *path, char sums[SEALED_COUNT][65]) {
    char name[4096], line[256];
    int status = 0, line_number = 0;
    snprintf(name, sizeof name, "%s/SHA256SUMS", path);
    FILE *f = fopen(name, "re");
    if (f == NULL && errno == ENOENT)
        return fail(EXIT_FAILED, "%s: missing: the run is not sealed (interrupted, or no run)",
                    name);
    if (f == NULL) return fail(EXIT_FAILED, "%s: %s", name, strerror(errno));
    while (status == 0 && fgets(line, sizeof line, f) != NULL) {
        line_number++;
        line[strcspn(line, "\n")] = '\0';
        if (strspn(line, "0123456789abcdef") != 64 || strncmp(line + 64, "  ", 2) != 0) {
            status = fail(EXIT_FAILED, "%s:%d: not '<64 hexadecimal digits>  <file>'", name,
                          line_number);
            break;
        }
        int i = sealed_find(line + 66);
        if (i < 0)
            status =
                fail(EXIT_FAILED, "%s:%d: '%s' is no file of a run", name, line_number, line + 66);
        else if (sums[i][0] != '\0')
            status =
                fail(EXIT_FAILED, "%s:%d: %s stands there twice", name, line_number, line + 66);
        else
            memcpy(sums[i], line, 64);
    }
    fclose(f);
    for (size_t i = 0; status == 0 && i < SEALED_COUNT; i++)
        if (sums[i][0] == '\0')
            status = fail(EXIT_FAILED, "%s: has no hash of %s", name, sealed_name(i));
    return status;
}

static int check_entries(const char *path) {
    int status = 0;
    DIR *d = opendir(path);
    if (d == NULL) return fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
    for (struct dirent *e; status == 0 && (e = readdir(d)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        if (sealed_find(e->d_name) < 0 && strcmp(e->d_name, "SHA256SUMS") != 0)
            status = fail(EXIT_FAILED, "%s/%s: does not belong to the run: it was added later",
                          path, e->d_name);
    }
    closedir(d);
    return status;
}

static int check_hashes(const char *path) {
    char sums[SEALED_COUNT][65] = {{0}}, name[4096], hex[65];
    struct stat st;
    if (stat(path, &st) != 0) return fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
    if (!S_ISDIR(st.st_mode)) return fail(EXIT_FAILED, "%s: not a directory, so no run", path);
    int status = read_sums(path, sums);
    if (status == 0) status = check_entries(path);
    for (size_t i = 0; status == 0 && i < SEALED_COUNT; i++) {
        snprintf(name, sizeof name, "%s/%s", path, sealed_name(i));
        status = sha256_of_file(name, hex);
        if (status == 0 && strcmp(hex, sums[i]) != 0)
            status = fail(EXIT_FAILED,
                          "%s: changed after the run was sealed: its SHA-256 is %.16s…, not %.16s…",
                          name, hex, sums[i]);
    }
    return status;
}

// Columns that were added after the run's own version of the schema are missing at the end.
static int check_columns(const char *run_path, enum run_file f, const struct csv_table *t,
                         double version) {
    const char *const *names = run_file_columns(f);
    size_t fixed = 0;
    for (; names[fixed] != NULL && !(run_file_column(f, fixed)->since > version); fixed++)
        if (fixed >= t->column_count || strcmp(t->columns[fixed], names[fixed]) != 0)
            return fail(EXIT_FAILED, "%s/%s: column %zu is '%s', not '%s'", run_path,
                        run_file_name(f), fixed + 1,
                        fixed < t->column_count ? t->columns[fixed] : "", names[fixed]);
    if (t->column_count > fixed && f != RUN_points)
        return fail(EXIT_FAILED, "%s/%s: column '%s' is not in the schema", run_path,
                    run_file_name(f), t->columns[fixed]);
    return 0;
}

static double schema_version(const struct run *r) {
    const char *text = run_fact(r, "schema_version");
    return text != NULL ? csv_parse(text) : RUN_SCHEMA_VERSION;
}

int run_open(struct run *r, const char *path) {
    char name[4096];
    *r = (struct run){0};
    int status = check_hashes(path);
    if (status != 0) return status;
    r->path = strdup(path);
    if (r->path == NULL) return fail(EXIT_FAILED, "%s: out of memory", path);
    for (size_t n = strlen(r->path); n > 1 && r->path[n - 1] == '/'; n--) r->path[n - 1] = '\0';
    for (int i = 0; status == 0 && i < RUN_FILE_COUNT; i++) {
        snprintf(name, sizeof name, "%s/%s", r->path, run_file_name((enum run_file)i));
        status = csv_read(&r->files[i], name);
        if (status == 0 && i == RUN_run) // it states the version
            status = check_columns(r->path, RUN_run, &r->files[i], RUN_SCHEMA_VERSION);
        else if (status == 0)
            status = check_columns(r->path, (enum run_file)i, &r->files[i], schema_version(r));
    }
    if (status != 0) run_close(r);
    return status;
}

void run_close(struct run *r) {
    for (int i = 0; i < RUN_FILE_COUNT; i++) csv_free(&r->files[i]);
    free(r->path);
    *r = (struct run){0};
}

const char *run_fact(const struct run *r, const char *key) {
    const struct csv_table *t = &r->files[RUN_run];
    int keys = csv_column(t, "key"), values = csv_column(t, "value");
    for (size_t i = 0; i < t->row_count; i++)
        if (strcmp(csv_cell(t, i, keys), key) == 0) return csv_cell(t, i, values);
    return NULL;
}
