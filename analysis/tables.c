// SPDX-License-Identifier: MIT
#include "analysis/tables.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/literal.h"

// gnuplot reads a quote as the start of a field, "\n" behind a backslash as a new line, and both in
// the midst of a cell. So a quote travels as a mark that text() of style.gp turns back, and a
// backslash as U+2216, which looks like it.
enum { QUOTE_MARK = 0xe000, BACKSLASH_LIKE = 0x2216 };

static void put(FILE *f, const char *text) {
    if (text[0] == '\0') text = "NaN";
    for (uint32_t c; (c = literal_next(&text)) != 0;)
        literal_put(f, c == '\t' || c == '\n' ? ' '
                       : c == '"'             ? QUOTE_MARK
                       : c == '\\'            ? BACKSLASH_LIKE
                                              : c);
}

static FILE *open_table(const char *directory, const char *name) {
    char path[4200];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *f = fopen(path, "w");
    if (f == NULL) fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
    return f;
}

static int close_table(FILE *f, const char *name) {
    if (fclose(f) != 0) return fail(EXIT_FAILED, "%s: %s", name, strerror(errno));
    return 0;
}

// The row of points.csv with this case and point.
static size_t find_point(const struct csv_table *points, const char *case_name, const char *point) {
    int case_column = csv_column(points, "case"), point_column = csv_column(points, "point");
    size_t i = 0;
    while (i < points->row_count && (strcmp(csv_cell(points, i, case_column), case_name) != 0 ||
                                     strcmp(csv_cell(points, i, point_column), point) != 0))
        i++;
    return i;
}

// The swept names are the columns of points.csv behind the fixed ones.
static int first_sweep(void) {
    int fixed = 0;
    while (run_file_columns(RUN_points)[fixed] != NULL) fixed++;
    return fixed;
}

static void put_sweep_names(FILE *f, const struct csv_table *points) {
    for (int k = first_sweep(); k < (int)points->column_count; k++) {
        fputc('\t', f);
        put(f, points->columns[k]);
    }
    fputc('\n', f);
}

static void put_sweep_values(FILE *f, const struct csv_table *points, size_t row) {
    for (int k = first_sweep(); k < (int)points->column_count; k++) {
        fputc('\t', f);
        put(f, row < points->row_count ? csv_cell(points, row, k) : "");
    }
    fputc('\n', f);
}

// What an arm says, of the protocol's text: the words behind its letter, in its case or above all
// cases. The control is arm A. Freed by the caller; NULL where nothing is stated.
static char *arm_words(const char *protocol, const char *case_name, const char *arm) {
    const char *found = NULL, *line = protocol != NULL ? strstr(protocol, "```protocol") : NULL;
    bool ours = true; // of what stands above the first case
    for (; line != NULL; line = strchr(line, '\n'), line += line != NULL) {
        char word[16], name[128];
        int at = 0;
        if (sscanf(line, "%15s %127s%n", word, name, &at) != 2) continue;
        if (strcmp(word, "case") == 0) ours = strcmp(name, case_name) == 0;
        if (ours && strcmp(word, "arm") == 0 && name[0] == arm[0] && name[1] == '\0')
            found = line + at;
    }
    if (found == NULL) return NULL;
    found += strspn(found, " ");
    return strndup(found, strcspn(found, "\n#"));
}

static char *read_protocol(const struct run *r) {
    char path[4200], *text = NULL;
    size_t room = 0;
    snprintf(path, sizeof path, "%s/protocol.md", r->path);
    FILE *f = fopen(path, "r");
    if (f != NULL && getdelim(&text, &room, '\0', f) < 0) {
        free(text);
        text = NULL;
    }
    if (f != NULL) fclose(f);
    return text;
}

int tables_summary(const struct run *r, const char *directory) {
    static const char *const columns[] = {"case",      "point",     "arm",     "measure", "unit",
                                          "estimate",  "minimum",   "lo",      "hi",      "effect",
                                          "effect_lo", "effect_hi", "verdict", "n"};
    const size_t count = sizeof columns / sizeof *columns;
    const struct csv_table *t = &r->files[RUN_summary], *points = &r->files[RUN_points];
    FILE *f = open_table(directory, "summary.tsv");
    if (f == NULL) return EXIT_FAILED;
    char *protocol = read_protocol(r);
    for (size_t k = 0; k < count; k++) fprintf(f, "%s%s", k > 0 ? "\t" : "", columns[k]);
    fputs("\tsays", f);
    put_sweep_names(f, points);
    for (size_t i = 0; i < t->row_count; i++) {
        for (size_t k = 0; k < count; k++) {
            if (k > 0) fputc('\t', f);
            put(f, csv_cell(t, i, csv_column(t, columns[k])));
        }
        char *says = arm_words(protocol, csv_cell(t, i, csv_column(t, "case")),
                               csv_cell(t, i, csv_column(t, "arm")));
        fputc('\t', f);
        put(f, says != NULL ? says : "");
        free(says);
        put_sweep_values(f, points,
                         find_point(points, csv_cell(t, i, csv_column(t, "case")),
                                    csv_cell(t, i, csv_column(t, "point"))));
    }
    free(protocol);
    return close_table(f, "summary.tsv");
}

// Kinds of step that a reader of the figure wants to tell apart; the rest is "norms, RoPE, KV …".
static const char *const groups[] = {
    "QKV and output projections", "attention",           "feed-forward",    "output (logits)",
    "norms, RoPE, quantize …",    "waiting at barriers", "outside of steps"};
enum {
    GROUP_projections,
    GROUP_attention,
    GROUP_feed_forward,
    GROUP_output,
    GROUP_small,
    GROUP_wait,
    GROUP_outside,
    GROUP_COUNT
};

static int group_of(const char *region, const char *kernel) {
    bool matmul = strncmp(kernel, "matmul_", 7) == 0;
    if (strcmp(region, "attention") == 0) return GROUP_attention;
    if (!matmul) return GROUP_small;
    if (strncmp(region, "attn_", 5) == 0) return GROUP_projections;
    if (strncmp(region, "ffn_", 4) == 0) return GROUP_feed_forward;
    return GROUP_output;
}

// A sample by its key less that of the first: keys are the running numbers of the rows.
struct sample_ref {
    size_t point; // row of points.csv
    double wall_ns, tokens;
    bool wanted;
};

static struct sample_ref *index_samples(const struct run *r, size_t *count, double *first_key) {
    const struct csv_table *t = &r->files[RUN_samples], *points = &r->files[RUN_points];
    int key = csv_column(t, "key"), arm = csv_column(t, "arm"), warmup = csv_column(t, "warmup");
    int pass = csv_column(t, "pass");
    *first_key = t->row_count > 0 ? csv_cell_number(t, 0, key) : 0;
    for (size_t i = 0; i < t->row_count; i++)
        if (csv_cell_number(t, i, key) != *first_key + (double)i) {
            fail(EXIT_FAILED, "%s: row %zu: key '%s' is not the running number", t->path, i + 1,
                 csv_cell(t, i, key));
            return NULL;
        }
    *count = t->row_count;
    struct sample_ref *refs = calloc(*count + 1, sizeof *refs);
    if (refs == NULL) {
        fail(EXIT_FAILED, "out of memory for a table");
        return NULL;
    }
    for (size_t i = 0; i < t->row_count; i++) {
        struct sample_ref *ref = &refs[i];
        ref->wanted = strcmp(csv_cell(t, i, arm), "A") == 0 && csv_cell_number(t, i, warmup) == 0 &&
                      csv_cell_number(t, i, pass) == 0;
        if (!ref->wanted) continue;
        ref->wall_ns = csv_cell_number(t, i, csv_column(t, "wall_ns"));
        ref->tokens = csv_cell_number(t, i, csv_column(t, "tokens"));
        ref->point = find_point(points, csv_cell(t, i, csv_column(t, "case")),
                                csv_cell(t, i, csv_column(t, "point")));
    }
    return refs;
}

struct point_time {
    double group_ns[GROUP_COUNT]; // summed over threads
    double wall_ns, tokens, thread_ns;
};

static void sum_times(const struct run *r, const struct sample_ref *refs, size_t ref_count,
                      double first_key, double threads, struct point_time *times) {
    const struct csv_table *t = &r->files[RUN_regions];
    int key = csv_column(t, "key"), region = csv_column(t, "region"),
        kernel = csv_column(t, "kernel");
    int ns = csv_column(t, "ns"), wait = csv_column(t, "wait_ns");
    for (size_t i = 0; i < ref_count; i++) {
        if (!refs[i].wanted) continue;
        times[refs[i].point].wall_ns += refs[i].wall_ns;
        times[refs[i].point].tokens += refs[i].tokens;
        times[refs[i].point].thread_ns += refs[i].wall_ns * threads;
    }
    for (size_t i = 0; i < t->row_count; i++) {
        double number = csv_cell_number(t, i, key) - first_key;
        if (!(number >= 0 && number < (double)ref_count)) continue;
        size_t k = (size_t)number;
        if (!refs[k].wanted) continue;
        struct point_time *p = &times[refs[k].point];
        p->group_ns[group_of(csv_cell(t, i, region), csv_cell(t, i, kernel))] +=
            csv_cell_number(t, i, ns);
        p->group_ns[GROUP_wait] += csv_cell_number(t, i, wait);
    }
}

void tables_time_name(char name[TABLES_NAME_BYTES], const char *case_name) {
    size_t n = (size_t)sprintf(name, "time_");
    uint64_t hash = 0xcbf29ce484222325; // FNV-1a: tells long names apart
    for (const char *p = case_name; *p != '\0'; p++) {
        hash = (hash ^ (unsigned char)*p) * 0x100000001b3;
        if (n + 40 > TABLES_NAME_BYTES) continue;
        if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
            *p == '_' || *p == '-')
            name[n++] = *p;
        else
            n += (size_t)sprintf(name + n, "%%%02X", (unsigned char)*p);
    }
    if (n + 40 > TABLES_NAME_BYTES) n += (size_t)sprintf(name + n, "~%016" PRIx64, hash);
    memcpy(name + n, ".tsv", 5);
}

// One table a case, so that a script can plot a case without filtering.
static int write_case(const struct csv_table *points, const char *case_name,
                      const struct point_time *times, const char *directory) {
    char name[TABLES_NAME_BYTES];
    tables_time_name(name, case_name);
    FILE *f = open_table(directory, name);
    if (f == NULL) return EXIT_FAILED;
    fprintf(f, "point");
    for (int g = 0; g < GROUP_COUNT; g++) fprintf(f, "\t%s", groups[g]);
    put_sweep_names(f, points);
    int case_column = csv_column(points, "case"), point_column = csv_column(points, "point");
    for (size_t i = 0; i < points->row_count; i++) {
        const struct point_time *p = &times[i];
        if (strcmp(csv_cell(points, i, case_column), case_name) != 0) continue;
        put(f, csv_cell(points, i, point_column));
        for (int g = 0; g < GROUP_COUNT; g++)
            if (p->thread_ns > 0)
                fprintf(f, "\t%.6g", p->group_ns[g] / p->thread_ns);
            else
                fputs("\tNaN", f);
        put_sweep_values(f, points, i);
    }
    return close_table(f, name);
}

int tables_time(const struct run *r, const char *directory) {
    const struct csv_table *points = &r->files[RUN_points];
    const char *threads_text = run_fact(r, "threads");
    double threads = threads_text != NULL ? strtod(threads_text, NULL) : 1;
    size_t ref_count = 0;
    double first_key = 0;
    struct sample_ref *refs = index_samples(r, &ref_count, &first_key);
    struct point_time *times = calloc(points->row_count + 1, sizeof *times);
    int status = refs != NULL ? 0 : EXIT_FAILED;
    if (status == 0 && times == NULL) status = fail(EXIT_FAILED, "out of memory for a table");
    if (status == 0) sum_times(r, refs, ref_count, first_key, threads, times);
    int case_column = csv_column(points, "case");
    for (size_t i = 0; status == 0 && i < points->row_count; i++) {
        struct point_time *p = &times[i];
        double seen = 0;
        for (int g = 0; g < GROUP_outside; g++) seen += p->group_ns[g];
        if (seen == 0) p->thread_ns = 0; // nothing was observed at this point
        p->group_ns[GROUP_outside] = fmax(0, p->thread_ns - seen);
    }
    for (size_t i = 0; status == 0 && i < points->row_count; i++) {
        const char *name = csv_cell(points, i, case_column);
        if (i == 0 || strcmp(name, csv_cell(points, i - 1, case_column)) != 0)
            status = write_case(points, name, times, directory);
    }
    free(times);
    free(refs);
    return status;
}
