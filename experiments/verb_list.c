// SPDX-License-Identifier: MIT
// list: what there is, from the tables.
#include <string.h>

#include "engine/synth.h"
#include "experiments/catalog.h"
#include "experiments/events.h"
#include "experiments/failure.h"
#include "experiments/table.h"
#include "kernels/kernels.h"

int verb_list(const struct command *c);

static const char *const arch_names[] = {
    [ARCH_any] = "any", [ARCH_x86_64] = "x86_64", [ARCH_aarch64] = "aarch64"};

static void limit(struct table *t, ptrdiff_t tokens) { // TOKENS_ANY: no limit, an empty cell
    if (tokens == TOKENS_ANY)
        table_missing(t);
    else
        table_integer(t, tokens);
}

static int list_kernels(enum table_format format) {
    static const char *const columns[] = {"op",         "variant",    "isa",       "arch",
                                          "tokens_min", "tokens_max", "row_block", "token_block",
                                          "usable",     "symbol",     NULL};
    static const char *const brief[] = {"op",         "variant",    "isa",       "arch",
                                        "tokens_min", "tokens_max", "row_block", "token_block",
                                        "usable",     NULL};
    struct table t; // a symbol is OP__VARIANT: too wide to be said twice to people
    table_open(&t, format, format == TABLE_text ? brief : columns);
    for (size_t i = 0; i < kernel_count(); i++) {
        const struct kernel *k = kernel_at(i);
        table_text(&t, op_info(k->op)->name);
        table_text(&t, k->variant);
        table_text(&t, isa_name(k->isa));
        table_text(&t, arch_names[k->arch]);
        limit(&t, k->tokens_min);
        limit(&t, k->tokens_max);
        table_integer(&t, k->row_block);
        table_integer(&t, k->token_block);
        table_text(&t, kernel_usable(k) ? "yes" : "no");
        if (format != TABLE_text) table_text(&t, k->symbol);
    }
    return table_close(&t);
}

static int list_ops(enum table_format format) {
    static const char *const columns[] = {"op",       "shape",  "weights", "activations",
                                          "variants", "reason", NULL};
    struct table t;
    table_open(&t, format, columns);
    for (int i = 0; i < OP_COUNT; i++) {
        const struct op_info *op = op_info((enum op)i);
        int64_t variants = 0;
        for (size_t k = 0; k < kernel_count(); k++)
            variants += kernel_at(k)->op == (enum op)i && kernel_at(k)->built;
        table_text(&t, op->name);
        table_text(&t, op->shape_words);
        table_text(&t, format_info(op->weights)->name);
        table_text(&t, format_info(op->activations)->name);
        table_integer(&t, variants);
        table_text(&t, op->reason);
    }
    return table_close(&t);
}

static int list_formats(enum table_format format) {
    static const char *const columns[] = {
        "format", "gguf_type", "block_elements", "block_bytes", "default_act", "meaning", NULL};
    struct table t;
    table_open(&t, format, columns);
    for (int i = 0; i < FORMAT_COUNT; i++) {
        const struct format_info *f = format_info((enum format)i);
        table_text(&t, f->name);
        if (f->gguf_type < 0)
            table_missing(&t);
        else
            table_integer(&t, f->gguf_type);
        table_integer(&t, f->block_elems);
        table_integer(&t, f->block_bytes);
        table_text(&t, format_info(f->default_act)->name);
        table_text(&t, f->meaning);
    }
    return table_close(&t);
}

static int list_presets(enum table_format format) {
    static const char *const columns[] = {"preset",  "layers",      "width",    "ff_width",
                                          "heads",   "kv_heads",    "head_dim", "vocabulary",
                                          "context", "tied_output", NULL};
    struct table t;
    table_open(&t, format, columns);
    for (size_t i = 0; i < synth_preset_count(); i++) {
        const struct synth_preset *p = synth_preset_at(i);
        table_text(&t, p->name);
        table_integer(&t, p->layers);
        table_integer(&t, p->width);
        table_integer(&t, p->ff_width);
        table_integer(&t, p->heads);
        table_integer(&t, p->kv_heads);
        table_integer(&t, p->head_dim);
        table_integer(&t, p->vocabulary);
        table_integer(&t, p->context);
        table_text(&t, p->tied_output ? "yes" : "no");
    }
    return table_close(&t);
}

static int list_architectures(enum table_format format) {
    static const char *const columns[] = {"architecture", "summary", NULL};
    struct table t;
    table_open(&t, format, columns);
#define ARCHITECTURE(name, summary)                                                                \
    table_text(&t, #name);                                                                         \
    table_text(&t, summary);
#include "engine/architectures.def"
#undef ARCHITECTURE
    return table_close(&t);
}

int verb_list(const struct command *c) {
    const enum table_format format = table_format(c);
    const char *what = c->positional[0];
    if (!strcmp(what, "kernels")) return list_kernels(format);
    if (!strcmp(what, "ops")) return list_ops(format);
    if (!strcmp(what, "formats")) return list_formats(format);
    if (!strcmp(what, "architectures")) return list_architectures(format);
    if (!strcmp(what, "presets")) return list_presets(format);
    if (!strcmp(what, "events")) return events_list(format);
    if (!strcmp(what, "groups")) return events_list_groups(format);
    if (!strcmp(what, "protocols")) return catalog_list_protocols(format);
    if (!strcmp(what, "results")) return catalog_list_results(format);
    return fail(EXIT_USAGE, "list %s is not built yet", what);
}
