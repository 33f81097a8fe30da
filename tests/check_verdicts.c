// SPDX-License-Identifier: MIT
// Effects and verdicts of summary.csv, from samples made here: worked out by hand where they are
// few, planted in seeded noise where rates are asked for.
#include <math.h>

#include "experiments/comparison.h"
#include "experiments/failure.h"
#include "experiments/random.h"
#include "experiments/statistics.h"
#include "experiments/summary.h"
#include "probes/error.h"
#include "probes/group.h"
#include "tests/says.h"

// ---- a run in memory

struct text {
    FILE *file;
    char *bytes;
    size_t count;
};

struct session {
    struct protocol *protocol;
    struct text samples, counts;
    struct csv_table points, sample_table, count_table, summary;
    int key;
    struct event_group *group; // whose metrics are measures
    bool kernel;               // samples are slices of a kernel, without part and tokens
};

static void header(FILE *f, enum run_file file, const char *more) {
    for (const char *const *name = run_file_columns(file); *name != NULL; name++)
        fprintf(f, "%s%s", name == run_file_columns(file) ? "" : ",", *name);
    fprintf(f, "%s\n", more);
}

static void session_open(struct session *s, const char *block) {
    char path[PATH_MAX + 32], *text = NULL;
    *s = (struct session){0};
    snprintf(path, sizeof path, "%s/%s.md", case_directory, "s");
    FILE *f = fopen(path, "w");
    if (f == NULL) perror(path), exit(1);
    fprintf(f, "```protocol\nprotocol s\nversion 1\nmodel embedded:kjv-3.7m\n%s```\n", block);
    fclose(f);
    if (protocol_read_copy(&s->protocol, path, NULL, 0) != 0) puts(failure()), exit(1);
    s->samples.file = open_memstream(&s->samples.bytes, &s->samples.count);
    s->counts.file = open_memstream(&s->counts.bytes, &s->counts.count);
    header(s->samples.file, RUN_samples, "");
    header(s->counts.file, RUN_counts, "");
    size_t bytes;
    f = open_memstream(&text, &bytes);
    header(f, RUN_points, "");
    for (size_t i = 0; i < s->protocol->case_count; i++)
        for (size_t j = 0; j < s->protocol->cases[i].point_count; j++)
            fprintf(f, "%s,%s\n", s->protocol->cases[i].name, s->protocol->cases[i].points[j].id);
    fclose(f);
    if (csv_parse_table(&s->points, "points.csv", text, bytes) != 0) puts(failure()), exit(1);
}

// One token of an arm, in slot order; returns its key.
static int add_sample(struct session *s, const char *arm, int block, int rep, int slot, int pass,
                      double wall_ns, double canary_gbps) {
    bool read = strcmp(arm, "ceiling:read") == 0, fma = strcmp(arm, "ceiling:fma") == 0;
    bool token = !read && !fma && !s->kernel;
    // key,case,point,arm,block,slot,rep,part,warmup,pass,wall,cpu,first,p50,p95,p99,rss,energy,domain,
    // temperature,throttle,tokens,bytes,ops,ctx,migrations,faults,steal,runnable,mhz,canary,flags
    fprintf(s->samples.file, "%d,d,,%s,%d,%d,%d,%s,0,%d,%.17g,,,,,,,,,,,%s,%d,%d,,,,,,,%g,\n",
            s->key, arm, block, slot, rep, token ? "gen" : "", pass, wall_ns, token ? "1" : "",
            fma ? 0 : 1000, read ? 0 : 1000, canary_gbps);
    return s->key++;
}

static void add_count(struct session *s, int key, const char *region, int thread, const char *event,
                      const char *source, const char *value, const char *status) {
    fprintf(s->counts.file, "%d,%s,%d,%s,%s,,%s,%s,,,,%s\n", key, region, thread, event, source,
            value, value, status);
}

static int session_compute(struct session *s) {
    struct text out = {0};
    struct csv_writer w;
    fclose(s->samples.file);
    fclose(s->counts.file);
    int status =
        csv_parse_table(&s->sample_table, "samples.csv", s->samples.bytes, s->samples.count);
    if (status == 0)
        status = csv_parse_table(&s->count_table, "counts.csv", s->counts.bytes, s->counts.count);
    const struct summary_input in = {s->protocol, &s->points, &s->sample_table, &s->count_table,
                                     s->group};
    out.file = open_memstream(&out.bytes, &out.count);
    csv_to(&w, out.file);
    if (status == 0) status = summary_compute(&w, &in, STATISTICS_VERSION);
    if (status == 0) status = csv_close(&w);
    fclose(out.file);
    return status == 0 ? csv_parse_table(&s->summary, "summary.csv", out.bytes, out.count) : status;
}

static void session_close(struct session *s) {
    protocol_free(s->protocol);
    csv_free(&s->points);
    csv_free(&s->sample_table);
    csv_free(&s->count_table);
    csv_free(&s->summary);
    group_free(s->group);
}

static const char *look(const struct session *s, const char *arm, const char *measure,
                        const char *column) {
    const struct csv_table *t = &s->summary;
    for (size_t i = 0; i < t->row_count; i++)
        if (strcmp(csv_cell(t, i, csv_column(t, "arm")), arm) == 0 &&
            strcmp(csv_cell(t, i, csv_column(t, "measure")), measure) == 0)
            return csv_cell(t, i, csv_column(t, column));
    return "no row";
}

static double number(const struct session *s, const char *arm, const char *measure,
                     const char *column) {
    return csv_parse(look(s, arm, measure, column));
}

static bool is(const struct session *s, const char *arm, const char *measure, const char *column,
               const char *text) {
    return strcmp(look(s, arm, measure, column), text) == 0;
}

static bool near(double a, double b) {
    return fabs(a - b) < 1e-12;
}

// ---- by hand

// Drift that grows evenly falls on A B B A alike; the quads' median, the blocks' estimate.
static int quads(const void *argument) {
    static const char *const order[] = {"A", "B", "A'", "A'", "B", "A"};
    struct session s;
    (void)argument;
    session_open(&s, "primary ns_per_token\ndesign blocks=8\ncase d\nphase decode gen=4\n"
                     "arm A *=default\narm B *=c\n");
    for (int block = 0; block < 8; block++)
        for (int i = 0; i < 12; i++) {
            const char *arm = order[i % 6];
            double drift = exp(0.01 * i),
                   cost = strcmp(arm, "B") == 0 ? exp(-0.05 - 0.001 * block) : 1;
            if (i >= 6 && strcmp(arm, "B") == 0) cost *= 0.9; // the second quad: another 0.105
            if (strcmp(arm, "A'") == 0) cost = exp(block % 2 == 0 ? 1e-4 : -1e-4);
            add_sample(&s, arm, block, 0, i, 0, 100 * drift * cost, 20);
        }
    SAYS(session_compute(&s) == 0);
    // Block b: quads of 0.05 + 0.001 b and that - log(0.9); their median is the mean of the two.
    double least = 0.05 - log(0.9) / 2;
    SAYS(near(number(&s, "B", "ns_per_token", "effect"), least + 0.0035));
    SAYS(near(number(&s, "B", "ns_per_token", "effect_lo"),
              least + 0.001)); // the 4th Walsh average of 0 … 7
    SAYS(near(number(&s, "B", "ns_per_token", "effect_hi"), least + 0.006));
    SAYS(near(number(&s, "B", "ns_per_token", "p"), 2.0 / 256));
    SAYS(is(&s, "B", "ns_per_token", "verdict", "real"));
    SAYS(near(number(&s, "B", "tokens_per_s", "effect"), least + 0.0035)); // more is better there
    SAYS(is(&s, "B", "tokens_per_s", "verdict", "") && is(&s, "A", "ns_per_token", "effect", ""));
    SAYS(near(number(&s, "A'", "ns_per_token", "effect"), 0));
    SAYS(is(&s, "A'", "ns_per_token", "verdict", "equivalent"));
    SAYS(is(&s, "B", "cpu_percent", "effect", "no row") && is(&s, "B", "ns_per_token", "n", "8"));
    session_close(&s);
    return 0;
}

// Fractions of the read ceiling are those of the fastest third of the canary.
static int fastest_third(const void *argument) {
    struct session s;
    (void)argument;
    session_open(&s, "design blocks=6\ncase d\nphase decode gen=1\n");
    for (int block = 0; block < 6; block++) {
        double canary = block < 2 ? 40 : 20; // slow memory: any kernel reaches its ceiling
        add_sample(&s, "ceiling:read", block, 0, 0, 0, 90, canary);
        add_sample(&s, "ceiling:fma", block, 0, 1, 0, 10, canary);
        add_sample(&s, "A", block, 0, 2, 0, block < 2 ? 100 : 90, canary);
    }
    SAYS(session_compute(&s) == 0);
    SAYS(near(number(&s, "A", "fraction_of_read", "estimate"), 0.9));
    SAYS(is(&s, "A", "fraction_of_read", "n", "2") && is(&s, "A", "fraction_of_read", "lo", ""));
    SAYS(near(number(&s, "A", "fraction_of_ceiling", "estimate"), 0.9));
    SAYS(near(number(&s, "A", "fraction_of_fma", "estimate"), 10.0 / 90)); // of all blocks
    SAYS(is(&s, "A", "fraction_of_fma", "n", "6") && !is(&s, "A", "ns_per_token", "lo", ""));
    session_close(&s);
    return 0;
}

// Sums over threads and regions; what is missing is said, never a zero; sources that repeat
// themselves have no interval.
static int counts(const void *argument) {
    struct session s;
    char fewer[16];
    (void)argument;
    session_open(&s,
                 "design blocks=8\npass cycles walks\nprimary cycles\ncase d\nphase decode gen=2\n"
                 "arm A *=default\narm B *=c\n");
    for (int block = 0; block < 8; block++)
        for (int pass = 0; pass < 2; pass++)
            for (int i = 0; i < 6; i++) {
                const char *arm = i % 3 == 0 ? "A" : i % 3 == 1 ? "B" : "A'";
                bool b = i % 3 == 1;
                int key = add_sample(&s, arm, block, pass, i, pass, 100, 20);
                if (pass == 0) continue;
                snprintf(fewer, sizeof fewer, "%d", (b ? 240 : 300) + block % 2);
                add_count(&s, key, "attn", 0, "cycles", "pmu", fewer, "ok");
                add_count(&s, key, "ffn", 1, "cycles", "pmu", b ? "240" : "300", "unverified");
                add_count(&s, key, "attn", 0, "walks", "pmu", "",
                          block == 3 && b ? "lost" : "multiplexed");
                add_count(&s, key, "", 0, "instructions", "sim", b ? "900" : "1000", "ok");
                add_count(&s, key, "attn", 0, "misses", "pmu", b && block == 2 ? "" : "7",
                          b && block == 2 ? "denied" : "ok");
            }
    SAYS(session_compute(&s) == 0);
    SAYS(near(number(&s, "A", "cycles", "estimate"), 600.5) &&
         is(&s, "A", "cycles", "unit", "1/token"));
    SAYS(number(&s, "B", "cycles", "effect") > 0.2 && is(&s, "B", "cycles", "verdict", "real"));
    SAYS(is(&s, "B", "cycles", "status", "") && is(&s, "B", "cycles", "source", "pmu"));
    SAYS(is(&s, "A", "walks", "estimate", "") && is(&s, "A", "walks", "n", "0"));
    SAYS(is(&s, "A", "walks", "verdict", "not measurable") &&
         is(&s, "A", "walks", "status", "multiplexed"));
    SAYS(near(number(&s, "B", "instructions", "estimate"), 900) &&
         is(&s, "B", "instructions", "verdict", "exact"));
    SAYS(near(number(&s, "B", "instructions", "effect"), log(1000.0 / 900)));
    SAYS(is(&s, "B", "instructions", "lo", "") && is(&s, "B", "instructions", "n", "") &&
         is(&s, "B", "instructions", "p", "") && is(&s, "B", "instructions", "effect_lo", ""));
    SAYS(is(&s, "B", "misses", "n", "7") && is(&s, "B", "misses", "status", "denied"));
    session_close(&s);
    return 0;
}

// Formulas over the sums of a sample's threads and regions, for metrics that a pass names; a
// missing term or a divisor of zero is a status.
static int metrics(const void *argument) {
    struct session s;
    (void)argument;
    session_open(&s,
                 "design blocks=8\npass ipc l1d_mpki branch_miss_rate branch_mpki\nprimary ipc\n"
                 "case d\nphase decode gen=2\narm A *=default\narm B *=c\n");
    SAYS(group_read(&s.group, "probes/events/amd_zen4.group") == 0);
    for (int block = 0; block < 8; block++)
        for (int pass = 0; pass < 2; pass++)
            for (int i = 0; i < 6; i++) {
                const char *arm = i % 3 == 0 ? "A" : i % 3 == 1 ? "B" : "A'";
                bool b = i % 3 == 1;
                int key = add_sample(&s, arm, block, pass, i, pass, 100, 20);
                if (pass == 0) continue;
                // Two threads: 1000 + 3000 instructions in 500 + 1500 or 250 + 750 cycles.
                add_count(&s, key, "attn", 0, "cycles", "pmu", b ? "250" : "500", "ok");
                add_count(&s, key, "ffn", 1, "cycles", "pmu", b ? "750" : "1500", "ok");
                add_count(&s, key, "attn", 0, "instructions", "pmu", "1000", "ok");
                add_count(&s, key, "ffn", 1, "instructions", "pmu", "3000", "ok");
                add_count(&s, key, "", 0, "l1d_fills", "pmu", "", "unsupported");
                add_count(&s, key, "attn", 0, "branch_misses", "pmu", "8", "ok");
                add_count(&s, key, "attn", 0, "branches", "pmu", "0", "ok");
            }
    SAYS(session_compute(&s) == 0);
    SAYS(near(number(&s, "A", "ipc", "estimate"), 2) && is(&s, "A", "ipc", "unit", "1/cycle"));
    SAYS(near(number(&s, "B", "ipc", "estimate"), 4) && is(&s, "B", "ipc", "source", "pmu"));
    SAYS(is(&s, "A", "ipc", "status", "") && is(&s, "A", "ipc", "n", "8"));
    SAYS(near(number(&s, "A", "branch_mpki", "estimate"), 2));
    SAYS(is(&s, "A", "l1d_mpki", "estimate", "") &&
         is(&s, "A", "l1d_mpki", "status", "unsupported"));
    SAYS(is(&s, "A", "branch_miss_rate", "estimate", "") &&
         is(&s, "A", "branch_miss_rate", "status", "zero_suspect"));
    SAYS(is(&s, "A", "load_share", "estimate", "no row")); // the pass does not name it
    session_close(&s);
    return 0;
}

// A slice of a kernel: its elements are its share of the operations of a call.
static int elements(const void *argument) {
    struct session s;
    (void)argument;
    session_open(&s,
                 "design blocks=6\npass cycles\ncase d\nphase kernel matmul_q8_0_a8_32 64x256x2\n");
    s.kernel = true;
    for (int block = 0; block < 6; block++) {
        add_sample(&s, "A", block, 0, 0, 0, 1000,
                   20); // 1000 of 65536 operations: 500 multiply-adds
        int key = add_sample(&s, "A", block, 1, 0, 1, 1000, 20);
        add_count(&s, key, "", 0, "cycles", "pmu", "4000", "ok");
    }
    SAYS(session_compute(&s) == 0);
    SAYS(near(number(&s, "A", "ns", "estimate"), 1000));
    SAYS(near(number(&s, "A", "ns_per_element", "estimate"), 2));
    SAYS(near(number(&s, "A", "cycles", "estimate"), 4000) &&
         is(&s, "A", "cycles", "unit", "1/sample"));
    SAYS(near(number(&s, "A", "cycles_per_element", "estimate"), 8));
    SAYS(is(&s, "A", "cycles_per_element", "source", "pmu") &&
         is(&s, "A", "ns_per_token", "estimate", "no row"));
    session_close(&s);
    return 0;
}

// A primary measure that nothing was counted of.
static int unmeasured(const void *argument) {
    struct session s;
    (void)argument;
    session_open(&s, "design blocks=8\npass cycles\nprimary cycles\ncase d\nphase decode gen=2\n"
                     "arm A *=default\narm B *=c\n");
    for (int block = 0; block < 8; block++) {
        int key = add_sample(&s, "A", block, 0, 0, 0, 100, 20);
        add_sample(&s, "B", block, 0, 1, 0, 100, 20);
        add_sample(&s, "A'", block, 0, 2, 0, 100, 20);
        add_count(&s, key, "", 0, "cycles", "pmu", "", "unsupported");
    }
    SAYS(session_compute(&s) == 0);
    SAYS(is(&s, "B", "cycles", "verdict", "not measurable") &&
         is(&s, "B", "cycles", "estimate", ""));
    SAYS(is(&s, "B", "cycles", "status", "unsupported") &&
         is(&s, "B", "ns_per_token", "verdict", ""));
    session_close(&s);
    return 0;
}

// ---- planted in noise

// Box and Muller 1958.
static double random_normal(struct random *r) {
    double u = ((double)(random_next(r) >> 11) + 0.5) * 0x1p-53;
    double v = (double)(random_next(r) >> 11) * 0x1p-53;
    return sqrt(-2 * log(u)) * cos(2 * 3.14159265358979323846 * v);
}

struct plant {
    double effect[4];    // of A, B, C, A'
    double block, token; // spread of a block's difference, and of a token
    const char *decide;
};

// Ten blocks of eight tokens of four arms, under one drift that all of them share.
static int run_planted(struct session *s, const struct plant *plant, struct random *r) {
    static const char *const arms[] = {"A", "B", "C", "A'"};
    char text[512];
    snprintf(text, sizeof text,
             "primary ns_per_token\ndesign blocks=10\n%s\ncase d\nphase decode gen=8\n"
             "arm A *=default\narm B *=c\narm C *=default\n",
             plant->decide);
    session_open(s, text);
    for (int block = 0; block < 10; block++) {
        double arm_shift[4], drift = 0.3 * random_normal(r);
        for (int k = 0; k < 4; k++)
            arm_shift[k] = plant->block * random_normal(r) - plant->effect[k];
        for (int i = 0; i < 32; i++) {
            int at = i % 4, k = i / 4 % 2 == 0 ? at : 3 - at; // A B C A', then backwards
            drift += 0.003 * random_normal(r);
            double wall = 1e5 * exp(drift + arm_shift[k] + plant->token * random_normal(r));
            add_sample(s, arms[k], block, 0, i, 0, wall, 20);
        }
    }
    return session_compute(s);
}

static int
found(const void *argument) { // 2 % is real, nothing is equivalent, the other way is worse
    const struct plant plant = {{0, 0.02, 0, 0}, 0.001, 0.005, "decide min_effect=0.01"};
    struct random r = random_seeded(20261121);
    struct session s;
    int real = 0, equivalent = 0;
    (void)argument;
    for (int round = 0; round < 20; round++) {
        SAYS(run_planted(&s, &plant, &r) == 0);
        real += is(&s, "B", "ns_per_token", "verdict", "real") &&
                fabs(number(&s, "B", "ns_per_token", "effect") - 0.02) < 0.01;
        equivalent += is(&s, "C", "ns_per_token", "verdict", "equivalent");
        SAYS(!is(&s, "C", "ns_per_token", "verdict", "real"));
        session_close(&s);
    }
    if (real < 19 || equivalent < 15)
        return case_fail("of 20 sessions %d found the 2 %%, %d that nothing is nothing", real,
                         equivalent);
    return 0;
}

// Pure noise: a real effect among m = 2 comparisons in at most 5 % of the sessions, whatever the
// control says, where every effect is large enough. 400 sessions: 5 % and three deviations are 8.3
// %.
static int nothing(const void *argument) {
    const struct plant plant = {{0}, 0.002, 0.005, "decide min_effect=0\ncontrol none"};
    struct random r = random_seeded(7);
    struct session s;
    int real = 0;
    (void)argument;
    for (int round = 0; round < 400; round++) {
        SAYS(run_planted(&s, &plant, &r) == 0);
        real += is(&s, "B", "ns_per_token", "verdict", "real") ||
                is(&s, "C", "ns_per_token", "verdict", "real");
        session_close(&s);
    }
    return real <= 33 ? 0 : case_fail("%d of 400 sessions found what is not there", real);
}

// An effect of just min_effect is called equivalent in at most 5 % of the sessions.
static int border(const void *argument) {
    struct random r = random_seeded(8);
    int equivalent = 0;
    (void)argument;
    for (int round = 0; round < 2000; round++) {
        double values[10];
        for (int i = 0; i < 10; i++) values[i] = 0.01 + 0.004 * random_normal(&r);
        struct comparison c = comparison_of(values, 10, 0.95, 0.01);
        equivalent += comparison_decide(&c, values, 0.01) == VERDICT_equivalent;
    }
    return equivalent <= 130 ? 0 : case_fail("%d of 2000", equivalent); // 5 % and two deviations
}

// Noise as wide as what is looked for: the control misses its gate, and nothing is claimed.
static int gate(const void *argument) {
    const struct plant plant = {{0, 0.3, 0, 0}, 0.04, 0.005, "decide min_effect=0.01"};
    const struct plant shifted = {{0, 0.3, 0, 0.02}, 0.001, 0.001, "decide min_effect=0.01"};
    struct random r = random_seeded(9);
    struct session s;
    (void)argument;
    for (int round = 0; round < 10; round++) {
        SAYS(run_planted(&s, round % 2 == 0 ? &plant : &shifted, &r) == 0);
        SAYS(number(&s, "B", "ns_per_token", "effect_lo") > 0.1); // it is there to be seen
        SAYS(is(&s, "A'", "ns_per_token", "verdict", "inconclusive"));
        SAYS(is(&s, "B", "ns_per_token", "verdict", "inconclusive"));
        SAYS(is(&s, "C", "ns_per_token", "verdict", "inconclusive"));
        session_close(&s);
    }
    return 0;
}

// What a session says it could have seen is seen in about 8 of 10 others like it.
static int smallest_effect(const void *argument) {
    struct random r = random_seeded(10);
    double said = 0;
    int seen = 0;
    (void)argument;
    for (int round = 0; round < 500; round++) {
        double values[10];
        for (int i = 0; i < 10; i++) values[i] = 0.01 * random_normal(&r);
        said += comparison_of(values, 10, 0.98, 0.001).smallest / 500;
    }
    for (int round = 0; round < 2000; round++) {
        double values[10];
        for (int i = 0; i < 10; i++) values[i] = said + 0.01 * random_normal(&r);
        struct comparison c = comparison_of(values, 10, 0.98, 0.001);
        seen += comparison_decide(&c, values, 0.001) == VERDICT_real;
    }
    return seen >= 1400 && seen <= 1900 ? 0 : case_fail("%.4f was seen in %d of 2000", said, seen);
}

int main(int argc, char **argv) {
    static const struct test_case cases[] = {
        {"quads", quads, NULL},
        {"fastest_third", fastest_third, NULL},
        {"counts", counts, NULL},
        {"metrics", metrics, NULL},
        {"elements", elements, NULL},
        {"unmeasured", unmeasured, NULL},
        {"found", found, NULL},
        {"nothing", nothing, NULL},
        {"border", border, NULL},
        {"gate", gate, NULL},
        {"smallest_effect", smallest_effect, NULL},
    };
    case_make_directory();
    return case_main(argc, argv, cases, sizeof cases / sizeof *cases);
}
