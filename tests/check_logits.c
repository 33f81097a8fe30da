// SPDX-License-Identifier: MIT
// Logits, greedy continuations and perplexities against the reference data.
//   check_logits --list                  the cases: logits/NAME, greedy/NAME, perplexity/NAME
//   check_logits CASE [--threads N]      exit 0 right, 1 wrong, 77 the machine lacks an ISA
#include "tests/engine/golden.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/perplexity.h"

static int threads = 1;

struct expectations { // of a <name>.logits.csv
    float *logits;    // [count][vocabulary]
    ptrdiff_t *positions, count;
};

static struct expectations read_expectations(const char *below, ptrdiff_t vocabulary) {
    struct golden_row *rows;
    size_t count = golden_table(below, &rows);
    struct expectations e = {golden_floats((ptrdiff_t)count), NULL, 0};
    e.positions = calloc(count, sizeof *e.positions);
    if (!e.positions || count % (size_t)vocabulary)
        golden_die(1, "%s: %zu rows are no multiple of %td", below, count, vocabulary);
    for (size_t i = 0; i < count; i++) {
        if (i % (size_t)vocabulary == 0) e.positions[e.count++] = atol(rows[i].cells[0]);
        if (atol(rows[i].cells[0]) != e.positions[e.count - 1] ||
            atol(rows[i].cells[1]) != (long)(i % (size_t)vocabulary))
            golden_die(1, "%s:%zu: out of order", below, i + 2);
        e.logits[i] = strtof(rows[i].cells[2], NULL);
    }
    return e;
}

// name,model,logits,kernel,act,max_error,rms_error,tokens
static int check_logits(const struct golden_row *row) {
    struct golden g;
    struct golden_options o = {.rules = row->cells[3], .act = -1, .partition = -1};
    o.threads = threads;
    if (*row->cells[4]) o.act = format_find(row->cells[4]);
    golden_open(&g, row->cells[1], &o);
    ptrdiff_t count, vocabulary = g.model->h.vocabulary;
    int32_t *ids = golden_ids(row->cells[7], &count);
    float *logits = golden_floats(count * vocabulary);
    golden_ok(context_eval(g.context, ids, count, OUTPUTS_all, logits), row->cells[0]);
    struct expectations e = read_expectations(row->cells[2], vocabulary);
    double largest = 0, apart = 0, squares = 0;
    for (ptrdiff_t i = 0; i < e.count; i++)
        for (ptrdiff_t v = 0; v < vocabulary; v++) {
            double want = (double)e.logits[i * vocabulary + v];
            double error = fabs((double)logits[e.positions[i] * vocabulary + v] - want);
            if (!(error <= apart)) apart = error; // NaN stays
            largest = fmax(largest, fabs(want));
            squares += error * error;
        }
    double rms = sqrt(squares / (double)(e.count * vocabulary)) / largest;
    double max_error = strtod(row->cells[5], NULL);
    bool ok = e.count > 0 && apart / largest <= max_error;
    if (*row->cells[6]) ok = ok && rms <= strtod(row->cells[6], NULL);
    printf("%s: largest error %.3g of the largest logit (allowed %g), root mean square %.3g%s%s\n",
           ok ? "ok" : "FAILED", apart / largest, max_error, rms, *row->cells[6] ? " allowed " : "",
           row->cells[6]);
    free(e.logits);
    free(e.positions);
    free(logits);
    free(ids);
    golden_close(&g);
    return !ok;
}

// name,model,kernel,prompt_tokens,continuation_tokens
static int check_greedy(const struct golden_row *row) {
    struct golden g;
    struct golden_options o = {.rules = row->cells[2], .act = -1, .partition = -1};
    o.threads = threads;
    golden_open(&g, row->cells[1], &o);
    ptrdiff_t prompt_count, want_count, vocabulary = g.model->h.vocabulary;
    int32_t *prompt = golden_ids(row->cells[3], &prompt_count);
    int32_t *want = golden_ids(row->cells[4], &want_count);
    float *logits = golden_floats(vocabulary);
    golden_ok(context_eval(g.context, prompt, prompt_count, OUTPUTS_last, logits), row->cells[0]);
    for (ptrdiff_t i = 0; i < want_count; i++) {
        int32_t got = context_argmax(logits, vocabulary);
        if (got != want[i]) {
            printf("FAILED token %td of the continuation is %d, expected %d\n", i, got, want[i]);
            return 1;
        }
        golden_ok(context_eval(g.context, &got, 1, OUTPUTS_last, logits), row->cells[0]);
    }
    printf("ok %td tokens\n", want_count);
    free(logits);
    free(prompt);
    free(want);
    golden_close(&g);
    return want_count == 0;
}

// name,model,perplexity,relative_error
static int check_perplexity(const struct golden_row *row) {
    struct golden g;
    struct golden_options o = {.act = -1, .partition = -1, .kv = FORMAT_f16};
    o.threads = threads;
    golden_open(&g, row->cells[1], &o);
    char *path = golden_path("tests/data/kjv/heldout.txt"), *text = NULL;
    size_t size = 0, count;
    FILE *f = fopen(path, "r");
    ssize_t bytes = f ? getdelim(&text, &size, EOF, f) : -1;
    if (bytes <= 0) golden_die(1, "FAILED %s: cannot read it", path);
    int32_t *ids;
    golden_ok(tokenizer_encode(g.model->tokenizer, text, (size_t)bytes, false, false, &ids, &count),
              "tokenizer_encode");
    struct perplexity p;
    golden_ok(
        perplexity_of(&p, g.context, ids, count, tokenizer_bos(g.model->tokenizer), 256, NULL),
        row->cells[0]);
    double want = strtod(row->cells[2], NULL), allowed = strtod(row->cells[3], NULL);
    bool ok = p.tokens == 23715 && fabs(p.perplexity / want - 1) <= allowed;
    printf("%s perplexity %.6f over %td tokens, expected %.6f over 23715 within %g\n",
           ok ? "ok" : "FAILED", p.perplexity, p.tokens, want, allowed);
    fclose(f);
    free(text);
    free(path);
    free(ids);
    golden_close(&g);
    return !ok;
}

static const struct {
    const char *prefix, *table;
    int (*check)(const struct golden_row *row);
} kinds[] = {{"logits/", "tests/logits.csv", check_logits},
             {"greedy/", "tests/greedy.csv", check_greedy},
             {"perplexity/", "tests/perplexity.csv", check_perplexity}};

int main(int argc, char **argv) {
    if (argc == 2 && !strcmp(argv[1], "--list")) {
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
            golden_list(kinds[k].prefix, kinds[k].table);
        return 0;
    }
    if (argc == 4 && !strcmp(argv[2], "--threads")) threads = atoi(argv[3]);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds && (argc == 2 || argc == 4); k++) {
        size_t n = strlen(kinds[k].prefix);
        if (strncmp(argv[1], kinds[k].prefix, n) != 0) continue;
        int failed = kinds[k].check(golden_row(kinds[k].table, argv[1] + n));
        if (failed) printf("again: %s %s --threads %d\n", argv[0], argv[1], threads);
        return failed;
    }
    fputs("usage: check_logits --list | CASE [--threads N]\n", stderr);
    return 2;
}
