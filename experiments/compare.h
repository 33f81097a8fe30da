// SPDX-License-Identifier: MIT
// The verb `compare`: variants of one op side by side. It writes a protocol (each shape a case of
// its own, each variant an arm), hands it to the driver, and prints what the run's summary.csv
// says.
#pragma once
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "experiments/table.h"
#include "kernels/kernels.h"

#define COMPARE_VARIANTS_MAX 26 // arms are named by letters
#define COMPARE_SHAPES_MAX 8
#define COMPARE_MIN_EFFECT 0.02 // that is worth a word: enough to choose between variants

struct compare_case {
    char text[128]; // the words of the shape: also the name of its case
    struct shape shape;
    const struct kernel *variants[COMPARE_VARIANTS_MAX]; // the first is what the others are
    size_t variant_count;                                // compared with
    // The A/A control: speed of A against itself, its 99 % interval; NaN where there is none.
    double control, control_lo, control_hi, blocks_needed;
    bool control_passed;
};

struct compare_request {
    enum op op;
    struct compare_case cases[COMPARE_SHAPES_MAX];
    size_t case_count;
    int threads;
    long blocks;
    const char *source;     // "pmu", "soft", "sim", "static"; NULL: what there is
    enum arch target;       // ARCH_any: this machine's
    const char *events[64]; // of --events, else the usual ones
    size_t event_count;
    bool shape_given, variants_given;
};

// A row of `-o csv`: one variant, one measure. NaN and NULL are empty.
struct compare_row {
    const struct kernel *kernel;
    const char *shape; // borrowed from the request
    int threads;
    const char *source, *measure, *unit;
    double value, lo, hi, n, effect, effect_lo, effect_hi, p;
    const char *verdict, *ceiling;
    double fraction_of_ceiling;
    const char *status;
};
struct compare_rows {
    struct compare_row *rows;
    size_t count, capacity;
    char **texts; // that rows point to
    size_t text_count;
};
#define COMPARE_ROW_EMPTY                                                                          \
    {                                                                                              \
        .value = NAN, .lo = NAN, .hi = NAN, .n = NAN, .effect = NAN, .effect_lo = NAN,             \
        .effect_hi = NAN, .p = NAN, .fraction_of_ceiling = NAN                                     \
    }
// 0, or an exit code with failure() set.
int compare_add(struct compare_rows *r, const struct compare_row *row);
const char *compare_keep(struct compare_rows *r, const char *text); // a copy; "" without memory
void compare_rows_free(struct compare_rows *r);

// compare_choose.c: the op's variants and shapes as the flags have them.
int compare_choose(struct compare_request *q, const struct command *c);
// compare_measure.c: the protocol, its run, the rows of its summary, the controls. *run_path is
// malloc'ed.
int compare_measure(struct compare_request *q, const struct command *c, struct compare_rows *rows,
                    char **run_path);
// compare_check.c: the checker on every variant, then their hot loops, to f.
int compare_check(const struct compare_request *q, FILE *f);
// compare_print.c
int compare_print(const struct compare_request *q, const struct compare_rows *rows,
                  enum table_format format, const char *run_path);

int compare_main(const struct command *c);
