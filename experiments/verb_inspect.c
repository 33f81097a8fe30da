// SPDX-License-Identifier: MIT
// inspect: what is in a model file, and what it is compiled into.
#include <stdio.h>
#include <stdlib.h>

#include "engine/error.h"
#include "engine/gguf_check.h"
#include "engine/gguf_describe.h"
#include "engine/plan_describe.h"
#include "experiments/evaluation.h"
#include "experiments/failure.h"
#include "experiments/model_spec.h"
#include "experiments/table.h"

int verb_inspect(const struct command *c);

static int print_metadata(const struct gguf *g, enum table_format format) {
    static const char *const columns[] = {"key", "type", "value", NULL};
    struct table t;
    char type[64], value[256];
    table_open(&t, format, columns);
    for (size_t i = 0; i < gguf_value_count(g); i++) {
        const struct gguf_value *v = gguf_value_at(g, i);
        gguf_describe_type(v, type, sizeof type);
        gguf_describe_value(g, v, value, sizeof value);
        table_bytes(&t, v->key.data, v->key.bytes);
        table_text(&t, type);
        table_text(&t, value);
    }
    return table_close(&t);
}

static int print_tensors(const struct gguf *g, enum table_format format) {
    static const char *const columns[] = {"tensor", "format", "shape", "offset", "bytes", NULL};
    struct table t;
    char shape[96], name[16];
    table_open(&t, format, columns);
    for (size_t i = 0; i < gguf_tensor_count(g); i++) {
        const struct gguf_tensor *w = gguf_tensor_at(g, i);
        gguf_describe_shape(w, shape, sizeof shape);
        table_text(&t, w->name);
        table_text(&t, gguf_describe_format(w, name));
        table_text(&t, shape);
        table_integer(&t, (int64_t)w->offset);
        table_integer(&t, (int64_t)w->bytes);
    }
    return table_close(&t);
}

static int print_plan(const struct plan *p, enum table_format format) {
    char bytes[48], ops[48];
    snprintf(bytes, sizeof bytes, "bytes_%td", p->max_tokens);
    snprintf(ops, sizeof ops, "ops_%td", p->max_tokens);
    const char *const columns[] = {"step",   "layer", "region", "op",    "variants", "weight",
                                   "format", "rows",  "cols",   "split", "barrier",  "bytes_1",
                                   "ops_1",  bytes,   ops,      NULL};
    struct table t;
    table_open(&t, format, columns);
    for (size_t i = 0; i < p->step_count; i++) {
        struct plan_row row;
        plan_describe(p, i, &row);
        table_integer(&t, (int64_t)row.number);
        if (row.layer < 0)
            table_missing(&t);
        else
            table_integer(&t, row.layer);
        table_text(&t, row.region);
        table_text(&t, row.op);
        table_text(&t, row.variants);
        table_text(&t, row.weight);
        table_text(&t, row.weight_format);
        table_integer(&t, row.rows);
        table_integer(&t, row.cols);
        table_text(&t, row.partition);
        table_text(&t, row.wait);
        table_number(&t, row.bytes_1);
        table_number(&t, row.ops_1);
        table_number(&t, row.bytes_max);
        table_number(&t, row.ops_max);
    }
    return table_close(&t);
}

// Metadata and tensors of any file that can be read, also of models that cannot be evaluated.
static int print_file(const struct command *c, bool metadata, bool tensors) {
    struct gguf *g = NULL;
    char *path = NULL;
    int rc = 0;
    if (source_path(c->positional[0], &path) || gguf_open(&g, path))
        rc = fail(EXIT_FAILED, "%s", engine_error());
    if (!rc && metadata) rc = print_metadata(g, table_format(c));
    if (!rc && tensors) rc = print_tensors(g, table_format(c));
    if (g) gguf_close(g);
    free(path);
    return rc;
}

static int check_weights(const struct command *c) {
    struct gguf *g = NULL;
    char *path = NULL;
    uint64_t values;
    int rc = 0;
    if (source_path(c->positional[0], &path) || gguf_open(&g, path) ||
        gguf_check_weights(g, &values))
        rc = fail(EXIT_FAILED, "%s", engine_error());
    else
        printf("%s: all %llu values of %zu tensors are finite\n", c->positional[0],
               (unsigned long long)values, gguf_tensor_count(g));
    if (g) gguf_close(g);
    free(path);
    return rc;
}

int verb_inspect(const struct command *c) {
    const bool tensors = command_has(c, "--tensors"), plan = command_has(c, "--plan");
    struct evaluation e;
    if (tensors && plan && table_format(c) != TABLE_text && table_format(c) != TABLE_md)
        return fail(EXIT_USAGE,
                    "inspect: --tensors and --plan are two tables: one at a time with -o %s",
                    command_value(c, "-o", ""));
    if (command_has(c, "--check") && (tensors || plan || command_has(c, "-o")))
        return fail(EXIT_USAGE, "inspect: --check prints one line: it goes without --tensors, "
                                "--plan and -o");
    int rc = model_spec_check(c->verb, c->positional[0]);
    if (!rc && command_has(c, "--check")) return check_weights(c);
    if (!rc && !plan) return print_file(c, !tensors, tensors);
    if (!rc && tensors) {
        rc = print_file(c, false, true);
        putchar('\n');
    }
    if (!rc) rc = evaluation_open(&e, c, FORMAT_f16, 0);
    if (rc) return rc;
    rc = print_plan(context_plan(e.context), table_format(c));
    evaluation_close(&e);
    return rc;
}
