// SPDX-License-Identifier: MIT
#include "experiments/catalog.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/error.h"
#include "engine/model.h"
#include "experiments/csv.h"
#include "experiments/failure.h"
#include "experiments/protocol.h"

// Adds what matches a pattern in a directory to *paths, without paths that end in `but`.
static int find(const char *directory, const char *pattern, const char *but, char ***paths,
                size_t *count) {
    char whole[4352];
    glob_t found;
    snprintf(whole, sizeof whole, "%s/%s", directory, pattern);
    const int rc = glob(whole, 0, NULL, &found);
    if (rc == GLOB_NOMATCH) return 0;
    if (rc) return fail(EXIT_FAILED, "%s: cannot be read", whole);
    char **more = realloc(*paths, (*count + found.gl_pathc) * sizeof **paths);
    if (more) *paths = more;
    for (size_t i = 0; more && i < found.gl_pathc; i++) {
        const size_t bytes = strlen(found.gl_pathv[i]);
        if (bytes > strlen(but) && !strcmp(found.gl_pathv[i] + bytes - strlen(but), but)) continue;
        if (((*paths)[*count] = strdup(found.gl_pathv[i])) != NULL) ++*count;
    }
    globfree(&found);
    return more ? 0 : fail(EXIT_FAILED, "%s: no memory", whole);
}

int catalog_protocols(char ***paths, size_t *count) {
    char *directory;
    *paths = NULL;
    *count = 0;
    if (source_data_dir(&directory)) return fail(EXIT_FAILED, "%s", engine_error());
    const int rc = find(directory, "protocols/*.md", "/README.md", paths, count);
    free(directory);
    return rc;
}

int catalog_output_dir(const char *below, const char *here, char **path) {
    char *directory, file[4352];
    if (source_data_dir(&directory)) return fail(EXIT_FAILED, "%s", engine_error());
    snprintf(file, sizeof file, "%s/" CATALOG_INSTALLED, directory);
    const bool tree = access(file, F_OK) != 0 && access(directory, W_OK) == 0;
    if (asprintf(path, "%s%s%s", tree ? directory : "", tree ? "/" : "", tree ? below : here) < 0)
        *path = NULL;
    free(directory);
    return *path ? 0 : fail(EXIT_FAILED, "%s: no memory", here);
}

int catalog_results(char ***paths, size_t *count) {
    char *directory, *written, known[4352];
    *paths = NULL;
    *count = 0;
    if (source_data_dir(&directory)) return fail(EXIT_FAILED, "%s", engine_error());
    snprintf(known, sizeof known, "%s/results", directory);
    free(directory);
    int rc = catalog_output_dir("results", "results", &written);
    if (rc) return rc;
    rc = find(known, "*/*/*/run.csv", "\n", paths, count);
    if (!rc && strcmp(known, written)) rc = find(written, "*/*/*/run.csv", "\n", paths, count);
    free(written);
    for (size_t i = 0; !rc && i < *count; i++) *strrchr((*paths)[i], '/') = 0;
    return rc;
}

void catalog_free(char **paths, size_t count) {
    for (size_t i = 0; i < count; i++) free(paths[i]);
    free(paths);
}

int catalog_list_protocols(enum table_format format) {
    static const char *const columns[] = {"protocol", "version", "hypotheses", "cases",
                                          "points",   "blocks",  "status",     NULL};
    struct table t;
    char **paths;
    size_t count;
    const int rc = catalog_protocols(&paths, &count);
    if (rc) return rc;
    table_open(&t, format, columns);
    for (size_t i = 0; i < count; i++) {
        struct protocol *p = NULL;
        if (protocol_read(&p, paths[i], NULL, 0)) { // is listed too, with what is wrong with it
            table_text(&t, strrchr(paths[i], '/') + 1);
            for (int j = 0; j < 5; j++) table_missing(&t);
            table_text(&t, failure());
            continue;
        }
        size_t points = 0;
        for (size_t j = 0; j < p->case_count; j++) points += p->cases[j].point_count;
        table_text(&t, p->stem);
        table_integer(&t, p->version);
        table_text(&t, p->hypotheses);
        table_integer(&t, (int64_t)p->case_count);
        table_integer(&t, (int64_t)points);
        table_integer(&t, p->blocks);
        table_text(&t, "ok");
        protocol_free(p);
    }
    catalog_free(paths, count);
    return table_close(&t);
}

// A cell of run.csv; "" where there is none.
static const char *fact(const struct csv_table *run, const char *key) {
    const int keys = csv_column(run, "key"), values = csv_column(run, "value");
    for (size_t i = 0; i < run->row_count; i++)
        if (!strcmp(csv_cell(run, i, keys), key)) return csv_cell(run, i, values);
    return "";
}

// The path's last three parts: STEM, MACHINE, RUN.
static void path_cells(struct table *t, char *path) {
    char *run = strrchr(path, '/');
    *run = 0;
    char *machine = strrchr(path, '/');
    *machine = 0;
    table_text(t, strrchr(path, '/') + 1);
    table_text(t, machine + 1);
    table_text(t, run + 1);
    *run = *machine = '/';
}

int catalog_list_results(enum table_format format) {
    static const char *const columns[] = {"protocol", "machine", "run",        "version",
                                          "complete", "commit",  "unreadable", NULL};
    struct table t;
    char **paths, file[4400];
    size_t count;
    const int rc = catalog_results(&paths, &count);
    if (rc) return rc;
    table_open(&t, format, columns);
    for (size_t i = 0; i < count; i++) {
        struct csv_table run;
        snprintf(file, sizeof file, "%s/run.csv", paths[i]);
        path_cells(&t, paths[i]);
        if (csv_read(&run, file)) {
            for (int j = 0; j < 3; j++) table_missing(&t);
            table_text(&t, failure());
            continue;
        }
        table_text(&t, fact(&run, "protocol_version"));
        table_text(&t, fact(&run, "complete"));
        table_text(&t, fact(&run, "commit"));
        table_missing(&t);
        csv_free(&run);
    }
    catalog_free(paths, count);
    return table_close(&t);
}
