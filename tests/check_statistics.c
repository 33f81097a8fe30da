// SPDX-License-Identifier: MIT
// Order statistics and verdicts. tests/statistics_expected.csv: estimates, intervals and p of small
// samples; worked out apart from this program, in rational numbers, by walking through every choice
// of signs (2^n of them); the first rows also by the books that their notes name. An empty lo:
// there is no such interval; '-': not worked out.
#include <math.h>

#include "experiments/csv.h"
#include "experiments/failure.h"
#include "experiments/random.h"
#include "experiments/statistics.h"
#include "tests/says.h"

enum { VALUES_MAX = 64 };

// Box and Muller 1958.
static double random_normal(struct random *r) {
    double u = ((double)(random_next(r) >> 11) + 0.5) * 0x1p-53;
    double v = (double)(random_next(r) >> 11) * 0x1p-53;
    return sqrt(-2 * log(u)) * cos(2 * 3.14159265358979323846 * v);
}

static size_t read_values(const char *text, double values[VALUES_MAX]) {
    size_t n = 0;
    char *end;
    for (; *text != '\0' && n < VALUES_MAX; text = end) {
        values[n++] = strtod(text, &end);
        if (end == text) return 0;
    }
    return n;
}

static int near(const char *what, double is, const char *should) {
    double value = csv_parse(should);
    if (fabs(is - value) <= 1e-12 * (1 + fabs(value))) return 0;
    return case_fail("%s is %.17g, not %s", what, is, should);
}

static int expect_interval(const char *what, bool there, double lo, double hi,
                           const char *const *should) {
    if (strcmp(should[0], "-") == 0) return 0;
    if (there != (should[0][0] != '\0'))
        return case_fail("%s: an interval is %s", what, there ? "there" : "missing");
    if (!there) return 0;
    return near(what, lo, should[0]) != 0 ? 1 : near(what, hi, should[1]);
}

static int expected_row(const void *argument) {
    // name, values, level, hodges_lehmann, lo, hi, p, median_lo, median_hi, note
    const char *const *cells = argument;
    double values[VALUES_MAX], lo = 0, hi = 0, level = csv_parse(cells[2]);
    size_t n = read_values(cells[1], values);
    SAYS(n > 0 && level > 0 && level < 1);
    if (near("estimate", statistics_hodges_lehmann(values, n), cells[3]) != 0) return 1;
    bool there = statistics_signed_rank_interval(values, n, level, &lo, &hi);
    if (expect_interval("signed-rank interval", there, lo, hi, cells + 4) != 0) return 1;
    SAYS(there == (n >= statistics_values_needed(level)));
    if (near("p", statistics_signed_rank_p(values, n), cells[6]) != 0) return 1;
    there = statistics_median_interval(values, n, level, &lo, &hi);
    return expect_interval("interval of the median", there, lo, hi, cells + 7);
}

// An interval excludes 0 exactly where p says so, and turns over with the signs.
static int agreement(const void *argument) {
    struct random r = random_seeded(1);
    (void)argument;
    for (int round = 0; round < 2000; round++) {
        double values[40], turned[40], lo, hi, lo2, hi2;
        size_t n = 6 + random_below(&r, 20);
        for (size_t i = 0; i < n; i++) {
            values[i] = random_normal(&r) + 0.4;
            turned[i] = -values[i];
        }
        SAYS(statistics_signed_rank_interval(values, n, 0.95, &lo, &hi));
        SAYS(statistics_signed_rank_interval(turned, n, 0.95, &lo2, &hi2));
        SAYS(lo == -hi2 && hi == -lo2 && lo <= statistics_hodges_lehmann(values, n) &&
             statistics_hodges_lehmann(values, n) <= hi);
        SAYS((lo > 0 || hi < 0) == (statistics_signed_rank_p(values, n) <= 1 - 0.95));
    }
    return 0;
}

// The normal limit takes over where the exact distribution ends, without a step.
static int normal_limit(const void *argument) {
    enum { N = STATISTICS_EXACT_MAX };
    double values[N + 1], lo, hi, lo2, hi2;
    struct random r = random_seeded(2);
    (void)argument;
    for (int i = 0; i <= N; i++) values[i] = random_normal(&r) + 0.1;
    SAYS(statistics_signed_rank_interval(values, N, 0.99, &lo, &hi));
    SAYS(statistics_signed_rank_interval(values, N + 1, 0.99, &lo2, &hi2));
    SAYS(fabs(lo2 - lo) < 0.02 && fabs(hi2 - hi) < 0.02);
    double p = statistics_signed_rank_p(values, N), p2 = statistics_signed_rank_p(values, N + 1);
    SAYS(fabs(log(p / p2)) < 0.4);
    return 0;
}

static int outliers(const void *argument) {
    // Median 5, deviations 4 3 2 1 0 1 2 3 4: MAD 2, so 3.5 is 10.38 away from the median.
    double values[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    (void)argument;
    SAYS(statistics_outliers(values, 9) == 0);
    values[8] = 15.3;
    SAYS(statistics_outliers(values, 9) == 0);
    values[8] = 15.4;
    values[0] = -5.4;
    SAYS(statistics_outliers(values, 9) == 2);
    const double same[] = {1, 1, 1, 1, 7};
    SAYS(statistics_outliers(same, 5) == 0 && statistics_outliers(same, 0) == 0);
    return 0;
}

static int needed(const void *argument) {
    (void)argument;
    SAYS(statistics_values_needed(0.9) == 5 && statistics_values_needed(0.95) == 6);
    SAYS(statistics_values_needed(0.99) == 8);
    // 10 blocks tell 25 comparisons apart at 95 %, and no 26.
    SAYS(statistics_values_needed(1 - 0.05 / 25) == 10);
    SAYS(statistics_values_needed(1 - 0.05 / 26) == 11);
    SAYS(fabs(statistics_normal_z(0.95) - 1.959963984540054) < 1e-12);
    SAYS(fabs(statistics_normal_z(0.6) - 0.8416212335729143) < 1e-12);
    SAYS(fabs(statistics_smallest_effect(1.959963984540054, 0.95) - 2.801585218112968) < 1e-9);
    SAYS(statistics_values_for(0.02, 0.01, 10, 0.95) == 40);
    SAYS(statistics_values_for(0.001, 0.01, 10, 0.95) == 6 &&
         isnan(statistics_values_for(1, 0, 10, 0.95)));
    SAYS(isnan(statistics_hodges_lehmann(NULL, 0)) && statistics_signed_rank_p(NULL, 0) == 1);
    return 0;
}

int main(int argc, char **argv) {
    static const struct test_case own[] = {{"agreement", agreement, NULL},
                                           {"normal_limit", normal_limit, NULL},
                                           {"outliers", outliers, NULL},
                                           {"needed", needed, NULL}};
    enum { OWN = sizeof own / sizeof *own };
    struct csv_table t;
    char *path = case_tree_path("tests/statistics_expected.csv");
    if (csv_read(&t, path) != 0) return fprintf(stderr, "%s\n", failure()), 1;
    struct test_case *cases = calloc(OWN + t.row_count, sizeof *cases);
    if (cases == NULL) return 1;
    memcpy(cases, own, sizeof own);
    for (size_t i = 0; i < t.row_count; i++)
        cases[OWN + i] =
            (struct test_case){csv_cell(&t, i, 0), expected_row, t.cells + i * t.column_count};
    int rc = case_main(argc, argv, cases, OWN + t.row_count);
    free(cases);
    csv_free(&t);
    free(path);
    return rc;
}
