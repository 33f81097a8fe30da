// SPDX-License-Identifier: MIT
// The verb `bench`: writes a protocol, hands it to the driver, and prints what it measured under
// the column names that llama-bench uses, ours behind them.
#include "experiments/bench.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "engine/error.h"
#include "engine/model.h"
#include "experiments/driver.h"
#include "experiments/evaluation.h"
#include "experiments/failure.h"
#include "experiments/model_spec.h"
#include "experiments/quantile.h"
#include "experiments/run_dir.h"
#include "experiments/table.h"
#include "probes/machine.h"

#define LIST_MAX 32

struct bench {
    const char *model, *kv, *kernels;
    long p[LIST_MAX], n[LIST_MAX], d[LIST_MAX], q[LIST_MAX];
    size_t p_count, n_count, d_count, q_count;
    long chunk, repetitions;
    int threads;
    ptrdiff_t context_tokens; // --ctx, 0: the model's
};

static bool any_above(const long *values, size_t count, long limit) {
    for (size_t i = 0; i < count; i++)
        if (values[i] > limit) return true;
    return false;
}

static int read_flags(struct bench *b, const struct command *c) {
    struct evaluation e;
    int status = evaluation_restrict(c, c->argv);
    if (status == 0) status = evaluation_read(&e, c, FORMAT_f16);
    if (status != 0) return status;
    b->threads = e.threads;
    b->context_tokens = e.context_tokens;
    b->model = command_value(c, "-m", "");
    b->kv = command_value(c, "--kv", "f16");
    b->kernels = command_value(c, "--kernel", getenv("INFEROMETER_KERNEL"));
    if ((status = model_spec_check("bench", b->model)) != 0) return status;
    if ((status = command_numbers(c, "-p", 0, 1 << 24, b->p, LIST_MAX, &b->p_count)) != 0)
        return status;
    if ((status = command_numbers(c, "-n", 0, 1 << 24, b->n, LIST_MAX, &b->n_count)) != 0)
        return status;
    if ((status = command_numbers(c, "-d", 0, 1 << 24, b->d, LIST_MAX, &b->d_count)) != 0)
        return status;
    if ((status = command_numbers(c, "-q", 1, 1 << 24, b->q, LIST_MAX, &b->q_count)) != 0)
        return status;
    if ((status = command_number(c, "-b", 1, 65536, 512, &b->chunk)) != 0) return status;
    if ((status = command_number(c, "-r", 1, 1000, 5, &b->repetitions)) != 0) return status;
    // As llama-bench: 512 and 128 where nothing is said.
    if (!command_has(c, "-p") && !command_has(c, "-q")) b->p[b->p_count++] = 512;
    if (!command_has(c, "-n")) b->n[b->n_count++] = 128;
    if (b->d_count == 0) b->d[b->d_count++] = 0;
    if (!any_above(b->p, b->p_count, 0) && !any_above(b->n, b->n_count, 0) && b->q_count == 0)
        return fail(EXIT_USAGE, "bench: nothing to measure: -p, -n or -q must be above 0");
    if (strpbrk(b->model, "\"\n\r") != NULL)
        return fail(EXIT_USAGE, "bench: -m %s: a name with quotes or line breaks fits no protocol",
                    b->model);
    if (b->q_count > 0 && !any_above(b->d, b->d_count, 0))
        return fail(EXIT_USAGE, "bench: -q needs a depth: say -d N,… with it");
    return 0;
}

static void write_sweep(FILE *f, const char *name, const long *values, size_t count,
                        long at_least) {
    fprintf(f, "sweep      %s =", name);
    for (size_t i = 0; i < count; i++)
        if (values[i] >= at_least) fprintf(f, " %ld", values[i]);
    fputc('\n', f);
}

static void write_case(FILE *f, const struct bench *b, const char *name, const char *phase) {
    fprintf(f, "\ncase       %s\nphase      %s\n", name, phase);
    if (b->kernels != NULL) fprintf(f, "arm        A %s\n", b->kernels);
}

static int write_protocol(const struct bench *b, const char *path) {
    FILE *f = fopen(path, "w");
    char phase[64];
    if (f == NULL) return fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
    fprintf(
        f,
        "# One call of bench\n\nWritten by `inferometer bench`; nothing was asked but how fast it "
        "is.\n\n"
        "```protocol\nprotocol   bench\nversion    1\nmodel      \"%s\"\nthreads    %d\nkv         "
        "%s\n"
        "design     blocks=%ld seed=1 warmup=1\ngranularity phase\n",
        b->model, b->threads, b->kv, b->repetitions);
    if (any_above(b->p, b->p_count, 0) && b->d_count == 1 && b->d[0] == 0) {
        snprintf(phase, sizeof phase, "prefill chunk=%ld", b->chunk);
        write_case(f, b, "prefill", phase);
        write_sweep(f, "tokens", b->p, b->p_count, 1);
    } else if (any_above(b->p, b->p_count, 0)) {
        // A prefill on a filled cache is a question without an answer.
        snprintf(phase, sizeof phase, "question gen=1 chunk=%ld", b->chunk);
        write_case(f, b, "prefill_at_depth", phase);
        write_sweep(f, "depth", b->d, b->d_count, 0);
        write_sweep(f, "tokens", b->p, b->p_count, 1);
    }
    if (any_above(b->n, b->n_count, 0)) {
        write_case(f, b, "decode", "decode");
        write_sweep(f, "depth", b->d, b->d_count, 0);
        write_sweep(f, "gen", b->n, b->n_count, 1);
    }
    if (b->q_count > 0) {
        snprintf(phase, sizeof phase, "question gen=1 chunk=%ld", b->chunk);
        write_case(f, b, "question", phase);
        write_sweep(f, "depth", b->d, b->d_count, 1);
        write_sweep(f, "tokens", b->q, b->q_count, 1);
    }
    fprintf(f, "```\n");
    return fclose(f) == 0 ? 0 : fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
}

// One repetition of one test: the samples of a point and block, warm-up left out.
struct repetition {
    double wall_ns, tokens, first_token_ns;
};

struct result { // of one point
    double avg_ns, stddev_ns, avg_ts, stddev_ts;
    double first_token_ms, p50, p95, p99, peak_rss_mib, cpu_percent, fraction;
};

static void mean_and_deviation(const double *values, size_t n, double *mean, double *deviation) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) sum += values[i];
    *mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) squares += (values[i] - *mean) * (values[i] - *mean);
    *deviation = n > 1 ? sqrt(squares / (double)(n - 1)) : NAN;
}

static bool sample_is(const struct csv_table *t, size_t row, const char *case_name,
                      const char *point, const char *part) {
    return strcmp(csv_cell(t, row, csv_column(t, "case")), case_name) == 0 &&
           strcmp(csv_cell(t, row, csv_column(t, "point")), point) == 0 &&
           strcmp(csv_cell(t, row, csv_column(t, "arm")), "A") == 0 &&
           strcmp(csv_cell(t, row, csv_column(t, "part")), part) == 0 &&
           csv_cell_number(t, row, csv_column(t, "warmup")) == 0;
}

static int point_result(const struct csv_table *t, const char *case_name, const char *point,
                        const char *part, long blocks, struct result *r) {
    struct repetition *reps = calloc((size_t)blocks, sizeof *reps);
    double *token_ns = malloc((t->row_count + 1) * sizeof *token_ns);
    double *ns = malloc((size_t)blocks * sizeof *ns), *ts = malloc((size_t)blocks * sizeof *ts);
    size_t tokens = 0;
    double first = 0, wall = 0, cpu = 0, rss = NAN; // fmax gives way to a number
    *r = (struct result){0};
    if (reps == NULL || token_ns == NULL || ns == NULL || ts == NULL) {
        free(reps), free(token_ns), free(ns), free(ts);
        return fail(EXIT_FAILED, "out of memory for a table");
    }
    for (size_t i = 0; i < t->row_count; i++) {
        if (sample_is(t, i, case_name, point, "gen"))
            token_ns[tokens++] = csv_cell_number(t, i, csv_column(t, "wall_ns"));
        if (!sample_is(t, i, case_name, point, part)) continue;
        struct repetition *rep = &reps[(size_t)csv_cell_number(t, i, csv_column(t, "block"))];
        rep->wall_ns += csv_cell_number(t, i, csv_column(t, "wall_ns"));
        rep->tokens += csv_cell_number(t, i, csv_column(t, "tokens"));
        cpu += csv_cell_number(t, i, csv_column(t, "cpu_ns"));
        rss = fmax(rss, csv_cell_number(t, i, csv_column(t, "peak_rss_bytes")));
        rep->first_token_ns = csv_cell_number(t, i, csv_column(t, "first_token_ns"));
    }
    for (long b = 0; b < blocks; b++) {
        ns[b] = reps[b].wall_ns;
        ts[b] = reps[b].tokens / reps[b].wall_ns * 1e9;
        wall += reps[b].wall_ns;
        first += reps[b].first_token_ns / (double)blocks;
    }
    mean_and_deviation(ns, (size_t)blocks, &r->avg_ns, &r->stddev_ns);
    mean_and_deviation(ts, (size_t)blocks, &r->avg_ts, &r->stddev_ts);
    bool decode = strcmp(part, "gen") == 0;
    r->first_token_ms = decode ? NAN : first / 1e6;
    r->p50 = decode ? quantile_of(token_ns, tokens, 0.50) / 1e6 : NAN;
    r->p95 = decode ? quantile_of(token_ns, tokens, 0.95) / 1e6 : NAN;
    r->p99 = decode ? quantile_of(token_ns, tokens, 0.99) / 1e6 : NAN;
    r->peak_rss_mib = rss / 1048576;
    r->cpu_percent = cpu / wall * 100;
    free(reps), free(token_ns), free(ns), free(ts);
    return 0;
}

static double summary_value(const struct run *run, const char *case_name, const char *point,
                            const char *measure) {
    const struct csv_table *t = &run->files[RUN_summary];
    for (size_t i = 0; i < t->row_count; i++)
        if (strcmp(csv_cell(t, i, csv_column(t, "case")), case_name) == 0 &&
            strcmp(csv_cell(t, i, csv_column(t, "point")), point) == 0 &&
            strcmp(csv_cell(t, i, csv_column(t, "measure")), measure) == 0)
            return csv_cell_number(t, i, csv_column(t, "estimate"));
    return NAN;
}

static const char *const columns[] = {"build_commit",
                                      "cpu_info",
                                      "model_filename",
                                      "model_type",
                                      "model_size",
                                      "model_n_params",
                                      "n_batch",
                                      "n_threads",
                                      "type_k",
                                      "type_v",
                                      "n_prompt",
                                      "n_gen",
                                      "n_depth",
                                      "test_time",
                                      "avg_ns",
                                      "stddev_ns",
                                      "avg_ts",
                                      "stddev_ts",
                                      "test",
                                      "first_token_ms",
                                      "token_ms_p50",
                                      "token_ms_p95",
                                      "token_ms_p99",
                                      "peak_rss_mib",
                                      "cpu_percent",
                                      "fraction_of_ceiling",
                                      "run",
                                      NULL};
// What people look at: the rest is for programs.
static const char *const short_columns[] = {"model",   "threads",  "test",       "t/s",
                                            "stddev",  "first ms", "p50 ms",     "p95 ms",
                                            "rss MiB", "cpu %",    "of ceiling", NULL};

static const char *fact(const struct run *run, const char *key) {
    const char *value = run_fact(run, key);
    return value != NULL ? value : "";
}

struct model_size {
    double bytes, params;
};

static int model_size(const char *spec, struct model_size *s) {
    struct model *m = NULL;
    *s = (struct model_size){0};
    if (model_open(&m, spec) != 0) return fail(EXIT_FAILED, "%s", engine_error());
    s->bytes = (double)m->weight_bytes;
    for (size_t i = 0; i < gguf_tensor_count(m->gguf); i++) {
        const struct gguf_tensor *t = gguf_tensor_at(m->gguf, i);
        s->params +=
            (double)t->dims[0] * (double)t->dims[1] * (double)t->dims[2] * (double)t->dims[3];
    }
    model_close(m);
    return 0;
}

static void test_name(char *name, size_t size, const char *case_name, double tokens, double gen,
                      double depth) {
    bool question = strcmp(case_name, "question") == 0;
    if (gen > 0)
        snprintf(name, size, "tg%.0f", gen);
    else
        snprintf(name, size, "%s%.0f", question ? "qp" : "pp", tokens);
    size_t used = strlen(name);
    if (depth > 0) snprintf(name + used, size - used, "@d%.0f", depth);
}

static int print_results(const struct bench *b, const struct run *run, enum table_format format) {
    const struct csv_table *points = &run->files[RUN_points], *samples = &run->files[RUN_samples];
    struct table t;
    struct model_size size;
    bool brief = format == TABLE_text || format == TABLE_md;
    int status = model_size(b->model, &size);
    if (status != 0) return status;
    table_open(&t, format, brief ? short_columns : columns);
    for (size_t i = 0; status == 0 && i < points->row_count; i++) {
        const char *case_name = csv_cell(points, i, csv_column(points, "case"));
        const char *point = csv_cell(points, i, csv_column(points, "point"));
        bool decode = strcmp(case_name, "decode") == 0;
        double tokens = csv_cell_number(points, i, csv_column(points, "tokens"));
        double gen = decode ? csv_cell_number(points, i, csv_column(points, "gen")) : 0;
        double depth = csv_cell_number(points, i, csv_column(points, "depth"));
        struct result r;
        char name[64];
        status =
            point_result(samples, case_name, point, decode ? "gen" : "prompt", b->repetitions, &r);
        if (isnan(depth)) depth = 0;
        if (decode || isnan(tokens)) tokens = 0;
        test_name(name, sizeof name, case_name, tokens, gen, depth);
        double fraction = summary_value(run, case_name, point, "fraction_of_ceiling");
        if (brief) {
            table_text(&t, b->model);
            table_integer(&t, b->threads);
            table_text(&t, name);
            table_number(&t, r.avg_ts);
            table_number(&t, r.stddev_ts);
            table_number(&t, r.first_token_ms);
            table_number(&t, r.p50);
            table_number(&t, r.p95);
            table_number(&t, round(r.peak_rss_mib));
            table_number(&t, round(r.cpu_percent));
            table_number(&t, fraction);
            continue;
        }
        table_text(&t, fact(run, "commit"));
        table_text(&t, fact(run, "cpu_name"));
        table_text(&t, b->model);
        table_text(&t, fact(run, "model_1_format"));
        table_number(&t, size.bytes);
        table_number(&t, size.params);
        table_integer(&t, b->chunk);
        table_integer(&t, b->threads);
        table_text(&t, b->kv);
        table_text(&t, b->kv);
        table_number(&t, tokens);
        table_number(&t, gen);
        table_number(&t, depth);
        table_text(&t, fact(run, "utc_start"));
        table_number(&t, r.avg_ns);
        table_number(&t, r.stddev_ns);
        table_number(&t, r.avg_ts);
        table_number(&t, r.stddev_ts);
        table_text(&t, name);
        table_number(&t, r.first_token_ms);
        table_number(&t, r.p50);
        table_number(&t, r.p95);
        table_number(&t, r.p99);
        table_number(&t, r.peak_rss_mib);
        table_number(&t, r.cpu_percent);
        table_number(&t, fraction);
        table_text(&t, fact(run, "run"));
    }
    int closed = table_close(&t);
    return status != 0 ? status : closed;
}

int bench_main(const struct command *c) {
    struct bench b = {0};
    struct protocol *p = NULL;
    char *cache = NULL, *run_path = NULL, directory[4200], path[4300], out[4300];
    int status = read_flags(&b, c);
    if (status != 0) return status;
    if (source_cache_dir(&cache) != 0) return fail(EXIT_FAILED, "%s", engine_error());
    snprintf(directory, sizeof directory, "%s/bench.%ld", cache, (long)getpid());
    snprintf(path, sizeof path, "%s/bench.md", directory);
    snprintf(out, sizeof out, "%s", command_value(c, "--out", ""));
    if (out[0] == '\0') snprintf(out, sizeof out, "%s/results", cache);
    free(cache);
    if (mkdir(directory, 0777) != 0) return fail(EXIT_FAILED, "%s: %s", directory, strerror(errno));
    struct driver_options o = {
        .out_root = out, .large_allowed = true, .context_tokens = b.context_tokens};
    status = write_protocol(&b, path);
    if (status == 0) status = protocol_read(&p, path, NULL, 0);
    if (status == 0) status = driver_execute(p, &o, &run_path);
    if (p != NULL) protocol_free(p);
    unlink(path);
    rmdir(directory);
    struct run run;
    if (status == 0 && (status = run_open(&run, run_path)) == 0) {
        fprintf(stderr, "run: %s\n", run_path);
        status = print_results(&b, &run, table_format(c));
        run_close(&run);
    }
    free(run_path);
    return status;
}
