// SPDX-License-Identifier: MIT
#include "analysis/source_run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "experiments/failure.h"

// The value of `key` in analysis/<stem>.run ("key value" lines); "" if absent.
static int read_pin(const struct analysis_request *r, const char *key, char value[4096]) {
    char path[4096], line[4096];
    snprintf(path, sizeof path, "%s/analysis/%s.run", r->data_dir, r->stem);
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return fail(EXIT_FAILED, "%s: %s; say which run to draw with --from RUN_DIR", path,
                    strerror(errno));
    value[0] = '\0';
    size_t key_length = strlen(key);
    while (fgets(line, sizeof line, f) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, key, key_length) == 0 && line[key_length] == ' ')
            memmove(value, line + key_length + 1, strlen(line + key_length + 1) + 1);
    }
    fclose(f);
    return value[0] != '\0' ? 0 : fail(EXIT_FAILED, "%s: has no line `%s …`", path, key);
}

const char *source_run_fact(const struct run *run, const char *key) {
    const char *value = run_fact(run, key);
    return value != NULL ? value : "";
}

int source_run_open(const struct analysis_request *r, struct run *run) {
    char pinned[4096], from[8400];
    int status = 0;
    // The stem becomes part of paths.
    if (r->stem[strspn(r->stem, "abcdefghijklmnopqrstuvwxyz0123456789_")] != '\0' || !r->stem[0])
        return fail(EXIT_USAGE, "'%s' is no stem: it is made of a-z, 0-9 and _", r->stem);
    snprintf(from, sizeof from, "%s", r->from != NULL ? r->from : "");
    if (r->from == NULL) {
        status = read_pin(r, "run", pinned);
        if (status != 0) return status;
        snprintf(from, sizeof from, "%s/%s", r->data_dir, pinned);
    }
    if ((status = run_open(run, from)) != 0) return status;
    const char *protocol = source_run_fact(run, "protocol");
    if (strcmp(protocol, r->stem) == 0) return 0;
    status = fail(EXIT_FAILED, "%s: is a run of %s, not of %s", from, protocol, r->stem);
    run_close(run);
    return status;
}
