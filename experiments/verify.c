// SPDX-License-Identifier: MIT
#include "experiments/verify_parts.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/events.h"
#include "experiments/sha256.h"
#include "experiments/summary.h"
#include "probes/group.h"

int verify_fail(const struct run *r, enum run_file f, size_t row, const char *format, ...) {
    char what[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return fail(EXIT_FAILED, "%s/%s: row %zu: %s", r->path, run_file_name(f), row + 1, what);
}

static int verify_facts(const struct run *r) {
    const struct csv_table *t = &r->files[RUN_run];
    const char *name, *slash = strrchr(r->path, '/'), *own = slash != NULL ? slash + 1 : r->path;
    char path[4096], hex[65];
    for (size_t i = 0; i < t->row_count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(csv_cell(t, i, 0), csv_cell(t, j, 0)) == 0)
                return verify_fail(r, RUN_run, i, "'%s' is stated twice", csv_cell(t, i, 0));
    for (size_t i = 0; (name = run_fact_name(i, NULL)) != NULL; i++) {
        const char *value = run_fact(r, name);
        if (value == NULL || value[0] == '\0')
            return fail(EXIT_FAILED, "%s/run.csv: does not state '%s'", r->path, name);
    }
    double schema = csv_parse(run_fact(r, "schema_version"));
    if (!(schema >= 1 && schema <= RUN_SCHEMA_VERSION && schema == floor(schema)))
        return fail(EXIT_FAILED, "%s/run.csv: schema_version is %s, but this program knows 1 to %d",
                    r->path, run_fact(r, "schema_version"), RUN_SCHEMA_VERSION);
    // "." and ".." say nothing about the directory's name.
    if (own[0] != '.' && own[0] != '\0' && strcmp(own, run_fact(r, "run")) != 0)
        return fail(EXIT_FAILED,
                    "%s/run.csv: is of run %s: the directory was renamed, or the file swapped",
                    r->path, run_fact(r, "run"));
    snprintf(path, sizeof path, "%s/protocol.md", r->path);
    int status = sha256_of_file(path, hex);
    if (status == 0 && strcmp(hex, run_fact(r, "protocol_sha256")) != 0)
        status = fail(EXIT_FAILED,
                      "%s/protocol.md: is not the protocol that ran: its SHA-256 is %.16s…, "
                      "run.csv says %.16s…",
                      r->path, hex, run_fact(r, "protocol_sha256"));
    return status;
}

// The protocol as it ran, with what --set said.
static int read_protocol(const struct run *r, struct protocol **p) {
    const char *overrides[256];
    char path[4096], key[32];
    size_t count = 0;
    for (; count < sizeof overrides / sizeof *overrides; count++) {
        snprintf(key, sizeof key, "set_%zu", count + 1);
        if ((overrides[count] = run_fact(r, key)) == NULL) break;
    }
    snprintf(path, sizeof path, "%s/protocol.md", r->path);
    int status = protocol_read_copy(p, path, overrides, count);
    if (status != 0) {
        char reason[1600];
        snprintf(reason, sizeof reason, "%s", failure());
        // "--set …" alone would look like the reader's own command line.
        return strncmp(reason, "--set", 5) == 0
                   ? fail(EXIT_FAILED, "%s/run.csv: %s", r->path, reason)
                   : fail(EXIT_FAILED, "%s", reason);
    }
    if (strcmp((*p)->stem, run_fact(r, "protocol")) != 0 ||
        csv_parse(run_fact(r, "protocol_version")) != (double)(*p)->version)
        return fail(EXIT_FAILED, "%s/run.csv: says %s version %s, but protocol.md is %s version %d",
                    r->path, run_fact(r, "protocol"), run_fact(r, "protocol_version"), (*p)->stem,
                    (*p)->version);
    return 0;
}

// The last digits of a logarithm are those of the C library that took it.
#define SUMMARY_TOLERANCE 1e-9

static bool same_cell(const char *old, const char *new) {
    double x = csv_parse(old), y = csv_parse(new);
    return strcmp(old, new) == 0 || fabs(x - y) <= SUMMARY_TOLERANCE * fmax(fabs(x), fabs(y));
}

static int compare_summaries(const struct run *r, const struct csv_table *again) {
    const struct csv_table *t = &r->files[RUN_summary];
    size_t rows = t->row_count < again->row_count ? t->row_count : again->row_count;
    for (size_t row = 0; row < rows; row++)
        for (size_t c = 0; c < t->column_count; c++) {
            const char *old = csv_cell(t, row, (int)c), *new = csv_cell(again, row, (int)c);
            if (!same_cell(old, new))
                return verify_fail(r, RUN_summary, row, "%s is '%s', but the samples give '%s'",
                                   t->columns[c], old, new);
        }
    if (t->row_count != again->row_count)
        return fail(EXIT_FAILED, "%s/summary.csv: has %zu rows, but the samples give %zu", r->path,
                    t->row_count, again->row_count);
    return 0;
}

static int verify_summary(const struct run *r, const struct protocol *p) {
    const struct csv_table *t = &r->files[RUN_summary];
    const int version = csv_column(t, "statistics_version");
    char *text = NULL;
    size_t bytes = 0;
    double stated = t->row_count > 0 ? csv_cell_number(t, 0, version) : STATISTICS_VERSION;
    for (size_t i = 0; i < t->row_count; i++)
        if (csv_cell_number(t, i, version) != stated || !(stated >= 1) ||
            stated > STATISTICS_VERSION || stated != floor(stated))
            return verify_fail(
                r, RUN_summary, i,
                "statistics_version is %s, but this program computes 1 to %d, one for all rows",
                csv_cell(t, i, version), STATISTICS_VERSION);
    FILE *memory = open_memstream(&text, &bytes);
    if (memory == NULL) return fail(EXIT_FAILED, "%s: out of memory", r->path);
    struct csv_writer w;
    struct csv_table again = {0};
    csv_to(&w, memory);
    struct event_group *group = NULL;
    int status = events_read_group(run_fact(r, "event_group"), &group);
    const struct summary_input in = {p, &r->files[RUN_points], &r->files[RUN_samples],
                                     &r->files[RUN_counts], group};
    if (status == 0) status = summary_compute(&w, &in, (int)stated);
    group_free(group);
    if (status == 0) status = csv_close(&w);
    if (fclose(memory) != 0 && status == 0)
        status = fail(EXIT_FAILED, "%s: out of memory", r->path);
    if (status != 0) {
        free(text);
        return status;
    }
    status = csv_parse_table(&again, "summary.csv, recomputed", text, bytes);
    if (status == 0) status = compare_summaries(r, &again);
    csv_free(&again);
    return status;
}

int run_verify(const char *path) {
    struct run r;
    struct protocol *p = NULL;
    int status = run_open(&r, path);
    if (status != 0) return status;
    status = verify_facts(&r);
    if (status == 0) status = verify_types(&r);
    if (status == 0) status = read_protocol(&r, &p);
    if (status == 0) status = verify_points(&r, p);
    if (status == 0) status = verify_samples(&r, p);
    if (status == 0) status = verify_references(&r);
    if (status == 0) status = verify_counts(&r);
    if (status == 0 && strcmp(run_fact(&r, "complete"), "yes") != 0)
        status = fail(EXIT_FAILED, "%s/run.csv: complete is '%s': the run was interrupted", r.path,
                      run_fact(&r, "complete"));
    if (status == 0) status = verify_complete(&r, p);
    if (status == 0) status = verify_summary(&r, p);
    if (status == 0)
        printf("%s: verified: %d blocks, %zu points, %zu samples, %zu summary rows\n", r.path,
               p->blocks, r.files[RUN_points].row_count, r.files[RUN_samples].row_count,
               r.files[RUN_summary].row_count);
    protocol_free(p);
    run_close(&r);
    return status;
}
